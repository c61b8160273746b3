package topology

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// DropArchive deletes the consumer of the archiver, if there is one. Otherwise the pages
// would stay on their stream until it is full. DropArchive returns the number of pages that
// were not archived.
func DropArchive(ctx context.Context, js jetstream.JetStream) (waiting uint64, err error) {
	consumer, err := js.Consumer(ctx, subject.StreamPages, subject.ConsumerArchive)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err == nil {
		err = js.DeleteConsumer(ctx, subject.StreamPages, subject.ConsumerArchive)
	}
	if err != nil {
		return 0, fmt.Errorf("deleting consumer %s of stream %s: %w", subject.ConsumerArchive, subject.StreamPages, err)
	}
	info := consumer.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}
