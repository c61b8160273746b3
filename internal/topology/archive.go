package topology

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// DropArchive deletes the consumers of the archiver, if there are any. Otherwise the pages
// and exchanges would stay on their streams until these are full. DropArchive returns the
// number of pages that were not archived.
func DropArchive(ctx context.Context, js jetstream.JetStream) (waiting uint64, err error) {
	for _, stream := range []string{subject.StreamExchanges, subject.StreamPages} {
		if waiting, err = dropArchiveOf(ctx, js, stream); err != nil {
			return 0, err
		}
	}
	return waiting, nil
}

func dropArchiveOf(ctx context.Context, js jetstream.JetStream, stream string) (waiting uint64, err error) {
	consumer, err := js.Consumer(ctx, stream, subject.ConsumerArchive)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err == nil {
		err = js.DeleteConsumer(ctx, stream, subject.ConsumerArchive)
	}
	if err != nil {
		return 0, fmt.Errorf("deleting consumer %s of stream %s: %w", subject.ConsumerArchive, stream, err)
	}
	info := consumer.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}
