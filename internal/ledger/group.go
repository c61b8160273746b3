package ledger

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
)

// maxGroupBytes is the maximum size of the messages that are stored at the same time.
const maxGroupBytes = 1 << 20

// group stores messages of one stream. While some are being stored, further ones wait, and
// share a write if they are many (bus.PublishAll). So the slower the disk is, the larger
// the writes are.
type group struct {
	js jetstream.JetStream

	mu      sync.Mutex
	storing bool
	waiting []waiting
}

// waiting is a message that is to be stored. The result is sent to stored, which has
// room for it.
type waiting struct {
	msg    *nats.Msg
	stored chan error
}

// publish stores a message. After an error, it is unknown whether the message is stored;
// publishing it again is safe, because it has an id. If ctx ends first, the message must
// not be used again.
func (g *group) publish(ctx context.Context, msg *nats.Msg) error {
	w := waiting{msg, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	if !g.storing {
		g.storing = true
		go g.store()
	}
	g.mu.Unlock()
	select {
	case err := <-w.stored:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// store stores messages until none is waiting.
func (g *group) store() {
	for {
		next := g.next()
		if len(next) == 0 {
			return
		}
		msgs := make([]*nats.Msg, len(next))
		for i, w := range next {
			msgs[i] = w.msg
		}
		for i, err := range bus.PublishAll(context.Background(), g.js, msgs) {
			next[i].stored <- err
		}
	}
}

// next takes the messages to store next.
func (g *group) next() []waiting {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < min(len(g.waiting), bus.MaxBatch) {
		if size += g.waiting[n].msg.Size(); size > maxGroupBytes && n > 0 {
			break
		}
		n++
	}
	next := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; n == 0 {
		g.storing, g.waiting = false, nil
	}
	return next
}
