package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// pullExpiry is how long a request for messages stands before it is renewed.
const pullExpiry = 5 * time.Second

// slots bounds the messages that are pulled and not settled.
type slots chan struct{}

// acquire waits for half of the slots, so that pulls are few and large, and
// returns how many it got: 0 when ctx ends first.
func (s slots) acquire(ctx context.Context) int {
	got := 0
	for got < cap(s)/2 {
		select {
		case s <- struct{}{}:
			got++
		case <-ctx.Done():
			s.release(got)
			return 0
		}
	}
	for {
		select {
		case s <- struct{}{}:
			got++
		default:
			return got
		}
	}
}

func (s slots) release(n int) {
	for range n {
		<-s
	}
}

// pull passes messages on until ctx ends. It asks the server for no more than
// there are free slots, and takes what comes at once: a message that waited
// unseen in the client's buffer would be delivered a second time while it does.
func (l *Loop) pull(ctx context.Context, incoming chan<- jetstream.Msg) error {
	for {
		free := l.slots.acquire(ctx)
		if free == 0 {
			return nil
		}
		got, err := l.take(ctx, free, incoming)
		l.slots.release(free - got)
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// take pulls up to most messages, fewer where ctx ends or the server goes away.
// Those that are on their way when ctx ends are taken too.
func (l *Loop) take(ctx context.Context, most int, incoming chan<- jetstream.Msg) (got int, err error) {
	messages, err := l.Consumer.Messages(jetstream.PullMaxMessages(most), jetstream.StopAfter(most), jetstream.PullExpiry(pullExpiry))
	if err != nil {
		return 0, l.reading(err)
	}
	defer messages.Stop()
	stopDrain := context.AfterFunc(ctx, messages.Drain)
	defer stopDrain()
	for {
		msg, err := messages.Next()
		switch {
		case err == nil:
			got++
			l.held.add(msg)
			incoming <- msg // it has as many places as there are slots
		case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, jetstream.ErrConnectionClosed):
			return got, l.reading(err)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return got, nil
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return got, fmt.Errorf("%w: restart to have it declared again", l.reading(err))
		default:
			l.Log.Warn("pulling messages; it is tried again", "stage", subject.StageName(l.Stage), "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
		}
	}
}

func (l *Loop) reading(err error) error {
	return fmt.Errorf("reading consumer %s: %w", l.Consumer.CachedInfo().Name, err)
}
