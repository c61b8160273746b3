package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// probeInterval is the minimum time between two probes.
	probeInterval = 10 * time.Second
	// probeBytes is the size of a probe. A smaller one often fits into the block of a
	// full disk that the last message has begun.
	probeBytes = 8 << 10
	// probeTimeout is shorter than a process may take to answer /readyz.
	probeTimeout = time.Second
)

// storageProbe tests whether NATS stores messages, by writing one. Reading still works
// while the server's disk is full, and after a failed write the server may refuse all
// others until it is restarted.
type storageProbe struct {
	js  jetstream.JetStream
	key string
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	err  error
}

// test returns the result of the last probe if it is recent, or else that of a new one.
// Each probe replaces the message of the one before, and the last expires.
func (p *storageProbe) test(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.last) >= probeInterval {
		p.last, p.err = now, p.write(ctx)
	}
	return p.err
}

func (p *storageProbe) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	_, err := p.js.Publish(ctx, p.key, make([]byte, probeBytes))
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return fmt.Errorf("bucket %s does not exist, or JetStream has stopped: if the disk of the NATS server was full, "+
			"restart the NATS server, or else run the command declare: %w", subject.BucketHealth, err)
	case err != nil:
		return fmt.Errorf("NATS does not store messages: make room on the disk of the NATS server; "+
			"if this does not help, restart the NATS server: %w", err)
	}
	return nil
}
