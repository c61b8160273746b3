package topology

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// trimAt and trimTo are shares of a stream's bytes: above the first the oldest
// messages go until the second is reached.
const (
	trimAt = 0.8
	trimTo = 0.7
)

// Trim makes room in the streams that are kept for reading again, every
// interval until ctx ends. It removes only what every consumer has acked;
// where nothing may go, the stream fills up and its publishers wait.
func Trim(ctx context.Context, js jetstream.JetStream, log *slog.Logger, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		for _, name := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamOutcomes} {
			if err := TrimStream(ctx, js, name); err != nil && ctx.Err() == nil {
				log.Warn("no room could be made", "stream", name, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// TrimStream makes room in one stream, once, as Trim says.
func TrimStream(ctx context.Context, js jetstream.JetStream, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	used, limit := float64(info.State.Bytes), float64(info.Config.MaxBytes)
	if limit <= 0 || used < trimAt*limit {
		return nil
	}
	floor, err := ackFloor(ctx, stream)
	if err != nil {
		return fmt.Errorf("listing consumers of stream %s: %w", name, err)
	}
	share := (used - trimTo*limit) / used
	until := info.State.FirstSeq + uint64(share*float64(info.State.Msgs))
	if until = min(until, floor+1); until <= info.State.FirstSeq {
		return nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(until)); err != nil {
		return fmt.Errorf("removing what is consumed from stream %s: %w", name, err)
	}
	return nil
}

// ackFloor is the last sequence that every consumer has acked, with all before
// it: 0 where there is no consumer, for then nobody can have read anything.
func ackFloor(ctx context.Context, stream jetstream.Stream) (uint64, error) {
	var floor uint64
	first := true
	list := stream.ListConsumers(ctx)
	for consumer := range list.Info() {
		if first || consumer.AckFloor.Stream < floor {
			floor, first = consumer.AckFloor.Stream, false
		}
	}
	return floor, list.Err()
}
