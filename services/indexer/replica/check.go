package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// observation is what a check has found about the replica.
type observation struct {
	time time.Time // when the check began
	// complete is a time before which everything that was committed is in the replica. It is zero if
	// that is not known.
	complete time.Time
}

// lag is how long ago something was committed at most that the replica does not have.
type lag struct {
	time.Duration
	known bool
}

// lag returns the lag at a time. Between two checks, it grows, because nobody knows what was committed.
func (o *observation) lag(now time.Time) lag {
	if o == nil || o.complete.IsZero() {
		return lag{}
	}
	return lag{max(0, now.Sub(o.complete)), true}
}

// within reports whether the lag is at most a maximum, of which 0 means none.
func (l lag) within(maximum time.Duration) bool {
	return maximum == 0 || l.known && l.Duration <= maximum
}

// checkSince checks both servers, unless a check has begun after a time.
func (s *Store) checkSince(ctx context.Context, since time.Time) {
	s.checking.Lock()
	defer s.checking.Unlock()
	if last := s.current.Load(); last == nil || last.time.Before(since) {
		s.checkBoth(ctx)
	}
}

func (s *Store) check(ctx context.Context) { s.checkSince(ctx, time.Now()) }

// checkBoth asks the primary and then the replica. A replica of a primary on which nothing is written
// has therefore reached what the primary has answered.
func (s *Store) checkBoth(ctx context.Context) {
	begun := time.Now()
	of, err := s.askPrimary(ctx)
	if err == nil {
		s.identity = of.identity
		s.marks.add(begun, of.position)
		if s.unplaced.Swap(false) {
			s.placeChange(of.position)
		}
	}
	if ctx.Err() != nil {
		return
	}
	s.log.change(s.primary.set(err), err,
		"the primary is unavailable, reading from the replica", "the primary is available again")
	seen := &observation{time: begun}
	standby, err := s.askStandby(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		s.replayed.Store(standby.position) // which may be lower than before if the replica was restarted after a crash
		seen.complete = s.marks.reached(standby.position)
		if seen.complete.IsZero() && !standby.lastCommit.IsZero() {
			seen.complete = standby.lastCommit.Add(begun.Sub(standby.clock))
		}
	}
	s.log.change(s.standby.set(err), err,
		"the replica cannot be read, reading from the primary", "the replica can be read again")
	s.current.Store(seen)
	s.metrics.observe(s.State(), err == nil)
}

// identity is what a replica has in common with its primary.
type identity struct{ system, database int64 }

// answer is what a server has said about itself.
type answer struct {
	identity
	position uint64
	// lastCommit is the time of the last commit that a replica has replayed. It is zero if there was
	// none since the replica was started. clock is the time of the primary when the replica was asked,
	// as well as its own clock knows.
	lastCommit, clock time.Time
}

// selectIdentity selects the identity of a server and the position of its log.
const selectIdentity = `SELECT system_identifier,
	(SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
	pg_is_in_recovery(), (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn()
		END - '0/0')::bigint, pg_last_xact_replay_timestamp(), clock_timestamp() FROM pg_control_system()`

func ask(ctx context.Context, db *sql.DB) (a answer, recovers bool, err error) {
	var position sql.NullInt64
	var last sql.NullTime
	err = db.QueryRowContext(ctx, selectIdentity).Scan(&a.system, &a.database, &recovers, &position, &last, &a.clock)
	a.position, a.lastCommit = recordEnd(uint64(position.Int64)), last.Time
	return a, recovers, err
}

func (s *Store) askPrimary(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	a, recovers, err := ask(ctx, s.primary.store.SQL().Probe)
	if err == nil && recovers {
		err = errors.New("the server of store.url is a replica itself: nothing can be written to it")
	}
	return a, err
}

// askStandby also checks that the server is a replica of the primary, as far as the primary has
// ever answered, and has its tables.
func (s *Store) askStandby(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	db := s.standby.store.SQL()
	a, recovers, err := ask(ctx, db.Probe)
	if err != nil {
		return a, err
	}
	switch of := s.identity; {
	case of != identity{} && a.system != of.system:
		return a, fmt.Errorf("%w: the server has another cluster (system identifier %d, the primary's is %d); "+
			"create the replica with pg_basebackup from the primary", ErrUnsuitable, a.system, of.system)
	case of != identity{} && a.database != of.database:
		return a, fmt.Errorf("%w: its address names another database of the server; use the name that is in store.url",
			ErrUnsuitable)
	case !recovers && s.primary.failure() == nil:
		return a, fmt.Errorf("%w: the server accepts writes; create a replica (pg_basebackup -R), or remove "+
			"store.replica-url", ErrUnsuitable)
	}
	db.Reader = db.Probe
	have, need, err := store.TablesVersion(ctx, db)
	if err == nil && have != need {
		err = fmt.Errorf("the replica's tables have version %d, and this program needs version %d: it is used as soon as it "+
			"has caught up, and the program has the version of the one that migrated the store", have, need)
	}
	return a, err
}

// selectPosition selects the position that a replica has reached, or that the primary is at. The position of
// the primary is that of the last record, written or not, because with synchronous_commit = off a commit is
// visible before its record is written.
const selectPosition = `SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
	ELSE pg_current_wal_insert_lsn() END - '0/0')::bigint`

func positionOf(ctx context.Context, db *sql.DB) (uint64, error) {
	var at int64
	err := db.QueryRowContext(ctx, selectPosition).Scan(&at)
	return recordEnd(uint64(at)), err
}
