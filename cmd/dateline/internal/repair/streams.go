package repair

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// opTimeout bounds one operation on a stream.
	opTimeout = 10 * time.Second
	// readBatch is the number of messages that are requested at a time.
	readBatch = 1000
	// readWhole is that number for messages with their data.
	readWhole = 200
	// readWait is the maximum wait for a batch, of which messages may be removed
	// meanwhile.
	readWait = time.Second
	// readerLife is how long the server keeps a reader that has stopped reading.
	readerLife = time.Minute
)

// errGap means that the connection lost messages. What was read is incomplete.
var errGap = errors.New("the connection lost messages: run the command again")

// read passes the messages of a stream from a sequence on to handle, and returns when
// no more are stored. With headersOnly, they have no data.
func read(
	ctx context.Context, js jetstream.JetStream, name string, from uint64, headersOnly bool,
	handle func(jetstream.Msg, *jetstream.MsgMetadata) error,
) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading stream %s: %w", name, err)
		}
	}()
	consumer, err := js.CreateConsumer(ctx, name, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1),
		AckPolicy: jetstream.AckNonePolicy, HeadersOnly: headersOnly,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: readerLife,
	})
	if err != nil {
		return err
	}
	defer func() {
		remove, cancel := context.WithTimeout(context.WithoutCancel(ctx), opTimeout)
		defer cancel()
		// The server removes the consumer by itself if this fails.
		_ = js.DeleteConsumer(remove, name, consumer.CachedInfo().Name)
	}()
	size := uint64(readWhole)
	if headersOnly {
		size = readBatch
	}
	for delivered := uint64(0); ; {
		info, err := consumer.Info(ctx)
		if err != nil || info.NumPending == 0 {
			return err
		}
		batch, err := consumer.Fetch(int(min(info.NumPending, size)), jetstream.FetchMaxWait(readWait))
		if err != nil {
			return err
		}
		for msg := range batch.Messages() {
			meta, err := msg.Metadata()
			if err != nil {
				return err
			}
			if delivered++; meta.Sequence.Consumer != delivered {
				return errGap
			}
			if err := handle(msg, meta); err != nil {
				return err
			}
		}
		if err := batch.Error(); err != nil {
			return err
		}
	}
}

// ackFloor returns the sequence up to which a durable consumer has acked all messages.
func ackFloor(ctx context.Context, js jetstream.JetStream, stream, name string) (uint64, error) {
	consumer, err := js.Consumer(ctx, stream, name)
	if err != nil {
		return 0, fmt.Errorf("reading consumer %s: %w", name, err)
	}
	return consumer.CachedInfo().AckFloor.Stream, nil
}
