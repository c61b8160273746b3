package deadletter

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

// Expire removes the oldest dead letters, at most limit, that were stored before a time. It
// returns the number of dead letters that it removed, and does not read them.
func Expire(ctx context.Context, js jetstream.JetStream, before time.Time, limit int) (removed int, err error) {
	for removed < limit {
		again, err := expireFirst(ctx, js, before)
		if err != nil {
			return removed, fmt.Errorf("removing old dead letters: %w", err)
		}
		if !again {
			break
		}
		removed++
	}
	return removed, nil
}

// expireFirst removes the first dead letter if it was stored before a time, and reports whether
// it was.
func expireFirst(ctx context.Context, js jetstream.JetStream, before time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, subject.StreamDead)
	if err != nil {
		return false, fmt.Errorf("reading stream %s: %w", subject.StreamDead, err)
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 || !state.FirstTime.Before(before) {
		return false, nil
	}
	if err := stream.DeleteMsg(ctx, state.FirstSeq); err != nil && !bus.IsGone(err) {
		return false, err
	}
	return true, nil
}
