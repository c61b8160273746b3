// Package replica reads a store from a streaming replica of its PostgreSQL server.
//
// Articles and sources are read from the replica while it is at most some seconds behind. Everything
// else is read from the primary. Each of the two answers for the other if the other fails: the
// primary for a replica that is behind or unavailable, and the replica, whatever its age, for a
// primary that is unavailable. Everything is written to the primary.
package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// DefaultMaxLag is the default of Config.MaxLag.
	DefaultMaxLag = 10 * time.Second
	// checkInterval is the time between two measurements of the lag, and minPause the least time
	// between two if a failed read asks for one.
	checkInterval, minPause = time.Second, 100 * time.Millisecond
	// checkTimeout bounds the questions to one of the servers. A server that does not answer within
	// this time is unavailable.
	checkTimeout = 2 * time.Second
)

// Config configures the replica.
type Config struct {
	// URL is the address of the replica. Empty means no replica.
	URL string
	// MaxLag is the lag above which the primary is read instead. 0 means no limit.
	MaxLag time.Duration
}

// ErrUnsuitable means that a server is not a replica of the store's database.
var ErrUnsuitable = errors.New("not a replica of the store's database")

// Store is a store whose articles are read from a replica. Open creates it.
type Store struct {
	store.Store // the primary
	primary     *server
	standby     *server

	maxLag  time.Duration
	log     changeLog
	metrics *metrics
	reader  *sql.DB // the tables of other packages, from either server

	checking sync.Mutex // guards marks and identity
	marks    marks
	identity identity // of the primary, once it has answered
	current  atomic.Pointer[observation]
	// changed is the position after the last change of this process, and replayed the position up
	// to which the replica is known to be.
	changed, replayed atomic.Uint64
	// unplaced means that the position of a change could not be read.
	unplaced atomic.Bool

	checkNow chan struct{}
	stop     context.CancelFunc
	stopped  sync.WaitGroup
}

// Open returns a store whose articles are read from a replica, and measures the lag of the
// replica until the store is closed. Closing the store does not close the primary. A replica that is
// unavailable is used later. The error is ErrUnsuitable if the replica answers and has another database.
//
// Open registers metrics unless reg is nil.
func Open(
	ctx context.Context, primary store.Store, config Config, reg prometheus.Registerer, log *slog.Logger,
) (*Store, error) {
	if !primary.SQL().Postgres {
		return nil, errors.New("store.replica-url is set, but the store is an SQLite file: only PostgreSQL has replicas; " +
			"set store.url to postgres://…, or remove store.replica-url")
	}
	standby, err := store.OpenReplica(ctx, config.URL)
	if err != nil {
		return nil, fmt.Errorf("store.replica-url: %w", err)
	}
	s := &Store{
		Store: primary, maxLag: config.MaxLag, log: changeLog{log}, metrics: newMetrics(reg),
		checkNow: make(chan struct{}, 1),
	}
	s.primary, s.standby = newServer(Primary, primary), newServer(Replica, standby)
	s.reader = sql.OpenDB(connector{of: s})
	s.reader.SetMaxIdleConns(0) // the connections belong to the pools
	s.check(ctx)
	if err := s.standby.failure(); errors.Is(err, ErrUnsuitable) {
		return nil, errors.Join(fmt.Errorf("store.replica-url: %w", err), s.reader.Close(), standby.Close())
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.stopped.Go(func() { s.watch(watching) })
	return s, nil
}

// Readable returns what readers read: the primary, or if a replica is configured, a Store. Closing it
// does not close the primary.
func Readable(
	ctx context.Context, primary store.Store, config Config, reg prometheus.Registerer, log *slog.Logger,
) (reads store.Store, closeReads func() error, err error) {
	if config.URL == "" {
		return primary, func() error { return nil }, nil
	}
	s, err := Open(ctx, primary, config, reg, log)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// Of returns the Store that a reader of a store is, or nil if nothing is read from a replica.
func Of(reader any) *Store {
	s, _ := reader.(*Store)
	return s
}

// SQL returns the database for tables of other packages. They are read from the primary, and from
// the replica while the primary is unavailable.
func (s *Store) SQL() store.Database {
	d := s.Store.SQL()
	d.Reader, d.Repeatable = s.reader, s.repeatable
	return d
}

// Close stops measuring the lag and closes the replica.
func (s *Store) Close() error {
	s.stop()
	s.stopped.Wait()
	return errors.Join(s.reader.Close(), s.standby.store.Close())
}

// watch measures the lag until ctx ends.
func (s *Store) watch(ctx context.Context) {
	next := time.NewTimer(checkInterval)
	defer next.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.checkNow:
			next.Reset(max(0, minPause-time.Since(last)))
		case <-next.C:
			s.check(ctx)
			last = time.Now()
			next.Reset(checkInterval)
		}
	}
}

// soon has the next check take place at once, because a server has failed.
func (s *Store) soon() {
	select {
	case s.checkNow <- struct{}{}:
	default:
	}
}
