package stage

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
)

// heldMessages is the set of messages that have been pulled but not settled. The
// server delivers a message again if it is not reported to be in progress within
// the consumer's ack wait.
type heldMessages struct {
	mu   sync.Mutex
	msgs map[jetstream.Msg]struct{}
}

func (h *heldMessages) add(msg jetstream.Msg) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.msgs == nil {
		h.msgs = make(map[jetstream.Msg]struct{})
	}
	h.msgs[msg] = struct{}{}
}

func (h *heldMessages) remove(msg jetstream.Msg) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.msgs, msg)
}

// keepAlive reports all messages to be in progress, once per interval.
func (h *heldMessages) keepAlive(ctx context.Context, interval time.Duration) {
	_ = loop.Tick(ctx, interval, func(context.Context) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		for msg := range h.msgs {
			// An error means that the connection is lost. The next report or a
			// redelivery makes up for it.
			_ = msg.InProgress()
		}
		return nil
	})
}
