package library

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Heard is an event and its number in the stream.
type Heard struct {
	*datelinev1.RevisionEvent
	Number uint64
}

// Follow yields events of revisions as they happen: those after a number, or
// from now on where it is 0. Between events it yields nil at least every beat,
// so that its reader can say that it lives. It ends with ctx, or with an error.
// A slow reader holds up nothing but itself.
func (l *Library) Follow(ctx context.Context, after uint64, beat time.Duration) func(yield func(*Heard, error) bool) {
	return func(yield func(*Heard, error) bool) {
		consumer, err := l.revisionsAfter(ctx, after)
		if err != nil {
			yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
			return
		}
		for ctx.Err() == nil {
			waiting, stop := context.WithTimeout(ctx, beat)
			batch, err := consumer.Fetch(16, jetstream.FetchContext(waiting))
			if err != nil {
				stop()
				yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
				return
			}
			for msg := range batch.Messages() {
				event := &datelinev1.RevisionEvent{}
				meta, err := msg.Metadata()
				if err != nil || proto.Unmarshal(msg.Data(), event) != nil {
					continue // not ours
				}
				if !yield(&Heard{event, meta.Sequence.Stream}, nil) {
					stop()
					return
				}
			}
			stop()
			if !yield(nil, nil) {
				return
			}
		}
	}
}

// revisionsAfter opens the stream behind an event, the last one of now where that is
// 0. It has to be a number: each fetch begins with a consumer of its own, and until
// the first event is heard, one for new events misses those of in between.
func (l *Library) revisionsAfter(ctx context.Context, after uint64) (jetstream.Consumer, error) {
	stream, err := l.js.Stream(ctx, subject.StreamRevisions)
	if err != nil {
		return nil, err
	}
	if after == 0 {
		after = stream.CachedInfo().State.LastSeq
	}
	return stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1, InactiveThreshold: time.Minute,
	})
}
