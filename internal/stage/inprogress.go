package stage

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// inProgress is the set of messages that have been pulled and not settled. The
// server takes a message back that it does not hear of for AckWait.
type inProgress struct {
	mu   sync.Mutex
	msgs map[jetstream.Msg]struct{}
}

func (p *inProgress) add(msg jetstream.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.msgs == nil {
		p.msgs = make(map[jetstream.Msg]struct{})
	}
	p.msgs[msg] = struct{}{}
}

func (p *inProgress) remove(msg jetstream.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.msgs, msg)
}

// keepAlive tells the server of every held message, each interval.
func (p *inProgress) keepAlive(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.mu.Lock()
			for msg := range p.msgs {
				// An error means that the connection is gone: the next beat
				// or the redelivery mends it.
				_ = msg.InProgress()
			}
			p.mu.Unlock()
		}
	}
}
