package topology

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// A stream is trimmed when it is filled beyond trimAbove of its maximum size,
	// down to trimTo.
	trimAbove = 0.8
	trimTo    = 0.7
	// trimTimeout bounds the trimming of one stream.
	trimTimeout = 30 * time.Second
)

// Trim removes the oldest messages of streams that are nearly full, at every
// interval until ctx ends. It removes only messages that every consumer has
// acked. If there are none, the stream fills up and its publishers wait.
func Trim(ctx context.Context, js jetstream.JetStream, log *slog.Logger, interval time.Duration) error {
	return loop.Every(ctx, interval, func(ctx context.Context) error {
		for _, name := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamOutcomes} {
			if err := TrimStream(ctx, js, name); err != nil && ctx.Err() == nil {
				log.Warn("trimming stream failed", "stream", name, "error", err)
			}
		}
		return nil
	})
}

// TrimStream trims one stream once, as described for Trim.
func TrimStream(ctx context.Context, js jetstream.JetStream, name string) error {
	ctx, cancel := context.WithTimeout(ctx, trimTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	used, limit := float64(info.State.Bytes), float64(info.Config.MaxBytes)
	if limit <= 0 || used < trimAbove*limit {
		return nil
	}
	floor, err := ackFloor(ctx, stream)
	if err != nil {
		return fmt.Errorf("listing consumers of stream %s: %w", name, err)
	}
	// The messages are assumed to be equally large.
	share := (used - trimTo*limit) / used
	until := info.State.FirstSeq + uint64(share*float64(info.State.Msgs))
	if until = min(until, floor+1); until <= info.State.FirstSeq {
		return nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(until)); err != nil {
		return fmt.Errorf("removing consumed messages from stream %s: %w", name, err)
	}
	return nil
}

// ackFloor returns the sequence up to which every consumer has acked all messages.
// It is 0 without consumers, because then no message has been read.
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
