package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// pullExpiry is the time after which a pull request is renewed.
	pullExpiry = 5 * time.Second
	// pullPause is the delay after a failed pull.
	pullPause = 250 * time.Millisecond
)

// slots bounds the number of messages that have been pulled but not settled.
type slots chan struct{}

// acquire waits until half of the slots are free, so that pulls are few and large.
// It takes all free slots and returns their number, or 0 if ctx ends first.
func (s slots) acquire(ctx context.Context) int {
	taken := 0
	for taken < cap(s)/2 {
		select {
		case s <- struct{}{}:
			taken++
		case <-ctx.Done():
			s.release(taken)
			return 0
		}
	}
	for {
		select {
		case s <- struct{}{}:
			taken++
		default:
			return taken
		}
	}
}

func (s slots) release(n int) {
	for range n {
		<-s
	}
}

// pull passes messages to incoming until ctx ends. It requests as many messages as there
// are free slots, and as MaxBytes permits, and receives them at once. A message that waited
// in the client's buffer would not be kept alive, and would be delivered a second time.
func (l *Loop) pull(ctx context.Context, incoming chan<- jetstream.Msg) error {
	for {
		free := l.slots.acquire(ctx)
		if free == 0 {
			return nil
		}
		limit := free
		if l.MaxBytes > 0 {
			limit = min(free, l.held.room(ctx, l.MaxBytes, l.MaxMessage))
		}
		if limit == 0 {
			l.slots.release(free)
			return nil
		}
		received, err := l.receive(ctx, limit, incoming)
		l.slots.release(free - received)
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// receive pulls up to limit messages and returns their number. It returns fewer if
// ctx ends, or if the pull is interrupted. Messages that are on their way when ctx
// ends are still received.
func (l *Loop) receive(ctx context.Context, limit int, incoming chan<- jetstream.Msg) (received int, err error) {
	messages, err := l.Consumer.Messages(
		jetstream.PullMaxMessages(limit), jetstream.StopAfter(limit), jetstream.PullExpiry(pullExpiry),
	)
	if err != nil {
		return 0, l.readError(err)
	}
	defer messages.Stop()
	stopDrain := context.AfterFunc(ctx, messages.Drain)
	defer stopDrain()
	for {
		msg, err := messages.Next()
		switch {
		case err == nil:
			received++
			l.held.add(msg)
			incoming <- msg // never blocks: its capacity is the number of slots
		case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, jetstream.ErrConnectionClosed):
			return received, l.readError(err)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return received, nil
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return received, fmt.Errorf("%w; restart to create the consumer again", l.readError(err))
		default:
			l.Log.Warn("pull failed, retrying", "stage", subject.StageName(l.Stage), "error", err)
			loop.Sleep(ctx, pullPause)
		}
	}
}

func (l *Loop) readError(err error) error {
	return fmt.Errorf("reading consumer %s: %w", l.Consumer.CachedInfo().Name, err)
}
