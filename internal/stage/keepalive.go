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
	mu    sync.Mutex
	msgs  map[jetstream.Msg]struct{}
	bytes int64
	// removed receives a value after messages were removed.
	removed chan struct{}
}

func (h *heldMessages) add(msg jetstream.Msg) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.msgs == nil {
		h.msgs = make(map[jetstream.Msg]struct{})
	}
	h.msgs[msg] = struct{}{}
	h.bytes += int64(len(msg.Data()))
}

func (h *heldMessages) remove(msg jetstream.Msg) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, held := h.msgs[msg]; !held {
		return
	}
	delete(h.msgs, msg)
	h.bytes -= int64(len(msg.Data()))
	select {
	case h.removed <- struct{}{}:
	default: // a value waits
	}
}

// room waits until a message of a size fits into a maximum of bytes, and returns how many of
// these fit. It returns 0 if ctx ends first.
func (h *heldMessages) room(ctx context.Context, maximum, size int64) int {
	for {
		h.mu.Lock()
		left := maximum - h.bytes
		if h.bytes == 0 {
			left = max(left, size)
		}
		h.mu.Unlock()
		if left >= size {
			return int(left / size)
		}
		select {
		case <-h.removed:
		case <-ctx.Done():
			return 0
		}
	}
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
