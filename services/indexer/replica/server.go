package replica

import (
	"context"
	"errors"
	"sync"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// The servers that answer reads.
const (
	Primary = "primary"
	Replica = "replica"
)

// errGone means that a read was given up because its server became unavailable.
var errGone = errors.New("the server became unavailable")

// server is the primary or the replica.
type server struct {
	name  string
	store store.Store

	mu  sync.Mutex
	err error // why it cannot be read, or nil
	// up ends when the server becomes unavailable, so that reads in progress do not wait for it.
	up   context.Context
	down context.CancelFunc
}

func newServer(name string, of store.Store) *server {
	s := &server{name: name, store: of}
	s.up, s.down = context.WithCancel(context.Background())
	return s
}

// failure returns why the server cannot be read, or nil.
func (s *server) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// set notes the result of a check, and returns the result before.
func (s *server) set(err error) (before error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.err = s.err, err
	switch {
	case err != nil:
		s.down()
	case s.up.Err() != nil:
		s.up, s.down = context.WithCancel(context.Background())
	}
	return before
}

// attempt returns a context for a read that the other server can answer, too. It ends early if the
// server becomes unavailable.
func (s *server) attempt(ctx context.Context) (context.Context, func()) {
	s.mu.Lock()
	up := s.up
	s.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(up, func() { cancel(errGone) })
	return ctx, func() { stop(); cancel(nil) }
}
