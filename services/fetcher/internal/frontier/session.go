package frontier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

// A replica's session is a chain of heartbeats: updates of its key with
// compare-and-set. The replica may make requests only for two thirds of the
// session's lifetime after its last heartbeat. If another replica has seen no
// heartbeat for a whole lifetime, it breaks the chain by deleting the key at the
// revision of the last heartbeat, which fails if there has been another. The
// partitions of a broken session can be taken at once, at the revisions that they
// had before, because their owner no longer makes requests and cannot renew them.
//
// Replicas of earlier versions have no session, and an empty value. Their leases
// can be taken only once the bucket has dropped them.
const (
	// sessionShare is the part of a lease's lifetime that is the lifetime of a
	// session: 6 s of 30 s.
	sessionShare = 5
	// beatShare is the part of a session's lifetime between two heartbeats.
	beatShare = 6
)

// session is this replica's session. Its fields are protected by leases.mu.
type session struct {
	value    string // lifetime and a unique token
	revision uint64 // of the last heartbeat; 0 if there is no session
	beat     time.Time
	term     int // counts the sessions of this process
}

// observation is the last heartbeat of a replica that this one has seen.
type observation struct {
	revision uint64
	created  time.Time // of the heartbeat, by the server's clock
	since    time.Time // when this replica first saw it
}

// heartbeat begins or continues the session.
func (l *leases) heartbeat(ctx context.Context) error {
	started := l.now()
	l.mu.Lock()
	revision := l.own.revision
	l.mu.Unlock()
	var err error
	if revision == 0 {
		revision, err = l.join(ctx)
	} else {
		revision, err = l.prolong(ctx, revision)
	}
	if err != nil {
		return fmt.Errorf("announcing this replica: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own.revision = revision
	if revision != 0 {
		l.own.beat, l.joined = started, true
	}
	return nil
}

// join begins a session and returns its revision, or 0 if it cannot begin yet. The
// first session of the process replaces one of the same name that a killed process
// has left behind.
func (l *leases) join(ctx context.Context) (revision uint64, err error) {
	key := subject.ReplicaLease(l.replica)
	revision, err = l.kv.Create(ctx, key, []byte(l.own.value))
	if !bus.IsConflict(err) {
		return revision, err
	}
	entry, err := l.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if l.joined && string(entry.Value()) != l.own.value {
		l.log.Error("another process has the name of this replica: give each replica its own name", "replica", l.replica)
		return 0, nil
	}
	revision, err = l.kv.Update(ctx, key, []byte(l.own.value), entry.Revision())
	if bus.IsConflict(err) {
		return 0, nil
	}
	return revision, err
}

// prolong continues a session. It returns 0 if another replica has ended the
// session, and then this replica holds no partition any more.
func (l *leases) prolong(ctx context.Context, last uint64) (revision uint64, err error) {
	key := subject.ReplicaLease(l.replica)
	revision, err = l.kv.Update(ctx, key, []byte(l.own.value), last)
	if !bus.IsConflict(err) {
		return revision, err
	}
	// The last heartbeat may have been stored although it seemed to fail.
	entry, err := l.kv.Get(ctx, key)
	if err == nil && string(entry.Value()) == l.own.value {
		revision, err = l.kv.Update(ctx, key, []byte(l.own.value), entry.Revision())
		if !bus.IsConflict(err) {
			return revision, err
		}
	}
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) && !bus.IsConflict(err) {
		return last, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.Warn("all partitions lost: another replica has seen no heartbeat for too long", "partitions", len(l.held))
	clear(l.held)
	l.own.revision = 0
	l.own.term++
	return 0, nil
}

// term returns the number of this replica's session.
func (l *leases) term() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own.term
}

// inSession reports whether this replica has a session.
func (l *leases) inSession() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own.revision != 0
}

// observe records the heartbeats in a survey and ends the sessions of replicas that
// have missed all heartbeats for the lifetime of their session.
func (l *leases) observe(ctx context.Context, found *survey) error {
	for name, msg := range found.replicas {
		known := l.seen[name]
		if known.revision != msg.Sequence || !known.created.Equal(msg.Time) {
			l.seen[name] = observation{msg.Sequence, msg.Time, l.now()}
			continue
		}
		lifetime := sessionLifetime(msg.Data)
		if name == l.replica || lifetime == 0 || l.now().Sub(known.since) < lifetime {
			continue
		}
		err := l.kv.Delete(ctx, subject.ReplicaLease(name), jetstream.LastRevision(msg.Sequence))
		if bus.IsConflict(err) {
			continue // it has come back, or another replica was faster
		}
		if err != nil {
			return fmt.Errorf("ending the session of replica %s: %w", name, err)
		}
		l.log.Warn("replica has stopped, taking its partitions", "replica", name)
		delete(found.replicas, name)
	}
	for name := range l.seen {
		if found.replicas[name] == nil {
			delete(l.seen, name)
		}
	}
	return nil
}

// sessionLifetime returns the lifetime of a session from the value of its key, or 0
// for a replica without sessions.
func sessionLifetime(value []byte) time.Duration {
	text, _, _ := strings.Cut(string(value), " ")
	lifetime, err := time.ParseDuration(text)
	if err != nil || lifetime < 0 {
		return 0
	}
	return lifetime
}
