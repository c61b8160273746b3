package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// kind is what a read requires.
type kind int

const (
	// recent reads may miss the changes of the last seconds.
	recent kind = iota
	// fresh reads must see every change.
	fresh
)

// read carries out a read, on the server that suits its kind and, if that fails, on the other.
func read[T any](
	ctx context.Context, s *Store, of kind, do func(context.Context, store.Store) (T, error),
) (result T, err error) {
	result, _, err = readAfter(ctx, s, of, 0, do)
	return result, err
}

// readAfter is like read, for a read that must see everything up to a position in the log. It
// also returns the server that has answered.
func readAfter[T any](
	ctx context.Context, s *Store, of kind, position uint64, do func(context.Context, store.Store) (T, error),
) (result T, from *server, err error) {
	var failed error
	order := s.order(ctx, of, position)
	for i := range order {
		from = order[i]
		own, done := ctx, func() {}
		if i < len(order)-1 {
			own, done = from.attempt(ctx)
		}
		result, err = do(own, from.store)
		done()
		if err == nil || !s.failsOver(ctx, from, err) {
			s.answered(ctx, from)
			return result, from, err
		}
		if failed == nil || errors.Is(err, store.ErrNotFound) || from == s.primary && !errors.Is(failed, store.ErrNotFound) {
			failed = err
		}
	}
	return result, from, failed
}

// order returns the servers that may answer a read, the one to ask first before the other.
func (s *Store) order(ctx context.Context, of kind, position uint64) []*server {
	now := s.current.Load()
	switch {
	case s.standby.failure() != nil:
		return []*server{s.primary}
	case s.primary.failure() != nil:
		return []*server{s.standby, s.primary}
	case of == recent && !wantsFresh(ctx) && now.lag(time.Now()).within(s.maxLag) &&
		s.reached(ctx, max(position, wantedPosition(ctx), s.changed.Load())):
		return []*server{s.standby, s.primary}
	}
	return []*server{s.primary, s.standby}
}

// reached reports whether the replica has everything up to a position. What is known of the replica
// may be a second old, so that it is asked if need be.
func (s *Store) reached(ctx context.Context, position uint64) bool {
	if s.unplaced.Load() {
		return false
	}
	if position <= s.replayed.Load() {
		return true
	}
	at, err := s.replayPosition(ctx)
	return err == nil && position <= at
}

// replayPosition asks the replica for its position.
func (s *Store) replayPosition(ctx context.Context) (uint64, error) {
	ctx, done := s.standby.attempt(ctx)
	defer done()
	at, err := positionOf(ctx, s.standby.store.SQL().Reader)
	if err != nil {
		return 0, err
	}
	s.advance(at)
	return at, nil
}

// advance notes a position that the replica has reached.
func (s *Store) advance(to uint64) {
	for known := s.replayed.Load(); to > known && !s.replayed.CompareAndSwap(known, to); {
		known = s.replayed.Load()
	}
}

// failsOver reports whether the other server should be asked after an error of one, and notes the
// failure.
func (s *Store) failsOver(ctx context.Context, from *server, err error) bool {
	if ctx.Err() != nil || errors.Is(err, store.ErrQuery) {
		return false
	}
	if errors.Is(err, store.ErrNotFound) {
		return from == s.standby // which may not have the article yet
	}
	reason := reasonOf(err)
	if from == s.primary && reason != unavailable {
		return false
	}
	s.metrics.failures.WithLabelValues(from.name, string(reason)).Inc()
	if reason == unavailable {
		s.soon()
	}
	if reason == unavailable && from == s.standby {
		s.replayed.Store(0) // after a crash, a replica can be behind what it had replayed
	}
	return true
}

// repeatable reports whether a query of another package may succeed if it is repeated.
func (s *Store) repeatable(ctx context.Context, err error) bool {
	if ctx.Err() != nil || reasonOf(err) != unavailable {
		return false
	}
	s.checkSince(ctx, time.Now()) // so that the repeated query asks a server that answers
	return true
}

// reason is why a read has failed, in the metrics.
type reason string

const (
	unavailable reason = "unavailable" // no connection, or the server stops
	conflict    reason = "conflict"    // the standby had to remove rows that a query still read
	otherReason reason = "other"
)

// reasonOf returns why a read has failed.
func reasonOf(err error) reason {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		// 40001 and 40P01 are what a standby answers to a query or a session that conflicts with the
		// recovery. 57014 means this, too, because the read has not been canceled.
		case failure.Code == "40001", failure.Code == "40P01", failure.Code == "57014":
			return conflict
		// Connection exceptions, too many connections, a shutdown or a server that still starts.
		case strings.HasPrefix(failure.Code, "08"), failure.Code == "53300", strings.HasPrefix(failure.Code, "57P"):
			return unavailable
		}
		return otherReason
	}
	var network net.Error
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(err, &connecting), errors.As(err, &network), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, errGone), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), pgconn.SafeToRetry(err),
		strings.Contains(err.Error(), "conn closed"):
		return unavailable
	}
	return otherReason
}

// connector connects to the server that answers fresh reads.
type connector struct{ of *Store }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, _, err := readAfter(ctx, c.of, fresh, 0, func(ctx context.Context, from store.Store) (driver.Conn, error) {
		return from.SQL().Connector.Connect(ctx)
	})
	return conn, err
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.of.Store.SQL().Reader.Driver() }
