package topology

import (
	"context"
	"errors"
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
	floor, err := ackFloor(ctx, js, name)
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

// maxFile is the maximum size of a file with messages of a stream
// (defaultLargeBlockSize in filestore.go of nats-server).
const maxFile = 8 << 20

// DropTrimmed deletes the file that may still contain messages that a stream has
// trimmed. The server does not overwrite trimmed messages, but deletes a file once
// none of its messages is left. So DropTrimmed removes the oldest messages, at most as
// many as fit into one file.
//
// Like Trim, it removes only messages that every consumer has acked. It reports
// whether the file is gone.
func DropTrimmed(ctx context.Context, js jetstream.JetStream, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, trimTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return false, fmt.Errorf("reading stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	if info.State.FirstSeq <= 1 {
		return true, nil // nothing was trimmed
	}
	floor, err := ackFloor(ctx, js, name)
	if err != nil {
		return false, fmt.Errorf("listing consumers of stream %s: %w", name, err)
	}
	until, err := sequenceAfter(ctx, stream, maxFile)
	if err != nil {
		return false, fmt.Errorf("measuring messages of stream %s: %w", name, err)
	}
	if until > floor+1 {
		return false, nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(until)); err != nil {
		return false, fmt.Errorf("removing consumed messages from stream %s: %w", name, err)
	}
	return true, nil
}

// sequenceAfter returns the sequence after the oldest messages that together have the
// given size, or after the last message.
func sequenceAfter(ctx context.Context, stream jetstream.Stream, size int) (uint64, error) {
	info := stream.CachedInfo()
	until := info.State.FirstSeq
	for measured := 0; measured < size && until <= info.State.LastSeq; {
		msg, err := stream.GetMsg(ctx, until, jetstream.WithGetMsgSubject(info.Config.Subjects[0]))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return info.State.LastSeq + 1, nil
		}
		if err != nil {
			return 0, err
		}
		measured += len(msg.Data)
		until = msg.Sequence + 1
	}
	return until, nil
}
