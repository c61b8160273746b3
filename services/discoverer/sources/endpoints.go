package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Endpoints returns the endpoints of a source, the most productive first.
func (s *Sources) Endpoints(ctx context.Context, sourceID string) ([]Endpoint, error) {
	return query(ctx, s, "reading the endpoints of source "+sourceID, scanEndpoint,
		`SELECT `+columns+` FROM discovery_endpoints WHERE source_id = $1
		ORDER BY state = 'retired', articles DESC, url`, sourceID)
}

// Endpoint returns the endpoint with an id, with its signature.
func (s *Sources) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	e, err := one(query(ctx, s, "reading endpoint "+id, scanEndpoint,
		`SELECT `+columns+` FROM discovery_endpoints WHERE id = $1`, id))
	if err != nil {
		return e, err
	}
	e.Signature, err = one(query(ctx, s, "reading the signature of endpoint "+id, scanBytes,
		`SELECT signature FROM discovery_signatures WHERE endpoint_id = $1`, id))
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return e, err
}

// Claim returns at most limit endpoints of active sources that are due at a time, counts
// their polls, and makes them due again at a later time. A claim whose request was not published
// by then is returned again, with the same number of its poll: see Requested. Otherwise no two
// calls return the same poll, in any process. Sources that have spent their budget of
// perDay requests are left out; one call may exceed perDay by its limit.
func (s *Sources) Claim(ctx context.Context, now, again time.Time, limit, perDay int) (claimed []Endpoint, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE OF e SKIP LOCKED"
	}
	err = s.write(ctx, "claiming endpoints", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE discovery_endpoints SET next_poll = $2,
			poll = CASE WHEN requested < poll AND settled < poll THEN poll ELSE poll + 1 END
			WHERE id IN (SELECT e.id FROM discovery_endpoints e JOIN discovery_sources s ON s.id = e.source_id
				WHERE e.next_poll <= $1 AND e.state <> 'retired' AND s.state = 'active'
					AND s.open_time <= $1
				ORDER BY e.next_poll LIMIT $3`+lock+`)
			RETURNING `+columns, now.UnixMicro(), again.UnixMicro(), limit)
		if err != nil {
			return err
		}
		if claimed, err = store.ScanRows(rows, scanEndpoint); err != nil {
			return err
		}
		return s.count(ctx, tx, claimed, now, perDay)
	})
	return claimed, err
}

// Requested notes that the requests for claimed endpoints were published, and makes the endpoints
// due again at a later time, in case a response is lost.
func (s *Sources) Requested(ctx context.Context, claimed []Endpoint, again time.Time) error {
	if len(claimed) == 0 {
		return nil
	}
	args := []any{again.UnixMicro()}
	polls := make([]string, len(claimed))
	for i, e := range claimed {
		args = append(args, e.ID, e.Poll)
		polls[i] = fmt.Sprintf("($%d, CAST($%d AS bigint))", len(args)-1, len(args))
	}
	return s.write(ctx, "storing the requests for endpoints", func(ctx context.Context, tx *sql.Tx) error {
		// A response that was read meanwhile has decided when the endpoint is due.
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET requested = poll, next_poll = $1
			WHERE (id, poll) IN (VALUES `+strings.Join(polls, ", ")+`) AND requested < poll AND settled < poll`, args...)
		return err
	})
}

// Spread moves the polls of active endpoints that are overdue, the longest overdue first, to
// times after now that are gap apart, or closer if their span would exceed most. It returns
// their number. Candidates stay due.
func (s *Sources) Spread(ctx context.Context, now time.Time, gap, most time.Duration) (overdue int64, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE OF e SKIP LOCKED"
	}
	const those = `FROM discovery_endpoints e JOIN discovery_sources s ON s.id = e.source_id
		WHERE e.next_poll <= $1 AND e.state = 'active' AND s.state = 'active'`
	err = s.write(ctx, "spreading the overdue polls", func(ctx context.Context, tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT count(*) `+those, now.UnixMicro())
		if err := row.Scan(&overdue); err != nil || overdue == 0 {
			return err
		}
		gap = min(gap, most/time.Duration(overdue))
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET next_poll = $1 + $2 * o.place
			FROM (SELECT id, row_number() OVER (ORDER BY next_poll, id) AS place
				FROM (SELECT e.id, e.next_poll `+those+lock+`) locked) o
			WHERE discovery_endpoints.id = o.id`, now.UnixMicro(), gap.Microseconds())
		return err
	})
	return overdue, err
}

// count counts polls for the budgets of their sources, in the order of the ids, so that
// replicas do not wait for each other in a circle.
func (s *Sources) count(ctx context.Context, tx *sql.Tx, claimed []Endpoint, now time.Time, perDay int) error {
	polls := map[string]int{}
	for _, e := range claimed {
		polls[e.SourceID]++
	}
	for _, id := range slices.Sorted(maps.Keys(polls)) {
		if err := s.spend(ctx, tx, id, now, polls[id], perDay); err != nil {
			return err
		}
	}
	return nil
}

// locked returns a source, and keeps others from changing it until the end of the
// transaction.
func (s *Sources) locked(ctx context.Context, tx *sql.Tx, id string) (Source, error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE"
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+sourceColumns+` FROM discovery_sources WHERE id = $1`+lock, id)
	if err != nil {
		return Source{}, err
	}
	return one(store.ScanRows(rows, scanSource))
}

// spend counts requests of a source.
func (s *Sources) spend(ctx context.Context, tx *sql.Tx, id string, now time.Time, requests, perDay int) error {
	source, err := s.locked(ctx, tx, id)
	if err != nil {
		return err
	}
	source.Budget.Spend(now, requests)
	_, err = tx.ExecContext(ctx, `UPDATE discovery_sources SET budget = $2, open_time = $3 WHERE id = $1`,
		id, source.Budget.Bytes(), store.Micros(source.Budget.Opens(now, source.PollsIn24Hours(perDay, now))))
	return err
}

// Settle stores what a response has changed about an endpoint, and what it has brought.
// Reason may contain any bytes from a site: it is cut and made storable.
// Settle reports false, and stores nothing, if a response to the same or a later request
// was stored before, or if the endpoint was removed. For a push, it does so if the response to any
// request was stored after the endpoint was read.
func (s *Sources) Settle(ctx context.Context, e Endpoint, read Reading) (stored bool, err error) {
	pushed := 0
	if e.Pushed {
		pushed = 1
	}
	err = s.write(ctx, "storing endpoint "+e.URL, func(ctx context.Context, tx *sql.Tx) error {
		err := affected(tx.ExecContext(ctx, `UPDATE discovery_endpoints SET url = $2, state = $3, reason = $4,
			next_poll = $5, settled = $6, poll_time = $7, new_time = $8, articles = $9, schedule = $10, waiting = $11,
			new_poll = $12, new_detail = $13 WHERE id = $1 AND (settled < $6 OR settled = $6 AND $14 = 1)`,
			e.ID, e.URL, e.State, store.CleanText(ledger.Cut(e.Reason)), e.NextPoll.UnixMicro(), e.Settled,
			store.Micros(e.PollTime), store.Micros(e.NewTime), e.Articles, notNil(e.Schedule), e.Waiting,
			e.NewPoll, store.CleanText(ledger.Cut(e.NewDetail)), pushed))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		stored = true
		if read.Signature != nil {
			_, err := tx.ExecContext(ctx, `INSERT INTO discovery_signatures (endpoint_id, signature) VALUES ($1, $2)
				ON CONFLICT (endpoint_id) DO UPDATE SET signature = excluded.signature`, e.ID, read.Signature)
			if err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, e.SourceID, read.Named); err != nil {
			return err
		}
		if err := announce(ctx, tx, e, read.Announced); err != nil {
			return err
		}
		return s.awaitOutcomes(ctx, tx, e.SourceID, read.Found, read.Delays)
	})
	return stored && err == nil, err
}

// Schedules returns the active endpoints of a source, ordered by id, with their schedules.
func (s *Sources) Schedules(ctx context.Context, sourceID string) ([]Endpoint, error) {
	return query(ctx, s, "reading the schedules of source "+sourceID, func(rows *sql.Rows) (e Endpoint, err error) {
		return e, rows.Scan(&e.ID, &e.SourceID, &e.URL, &e.Purpose, &e.State, &e.Schedule)
	}, `SELECT id, source_id, url, purpose, state, schedule FROM discovery_endpoints
		WHERE source_id = $1 AND state = 'active' ORDER BY id`, sourceID)
}

// Reschedule replaces the schedule of an endpoint. It does nothing if the schedule is not
// before any more: a response has been stored in the meantime.
func (s *Sources) Reschedule(ctx context.Context, id string, before, after []byte) error {
	return s.write(ctx, "storing the schedule of endpoint "+id, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET schedule = $3 WHERE id = $1 AND schedule = $2`,
			id, notNil(before), notNil(after))
		return err
	})
}

// Forget deletes the retired endpoints with a hint that were polled last before a time, so
// that their number does not grow without bound. They are tried again if they are named
// again.
func (s *Sources) Forget(ctx context.Context, hint string, before time.Time) error {
	return s.write(ctx, "deleting retired endpoints", func(ctx context.Context, tx *sql.Tx) error {
		const those = `FROM discovery_endpoints WHERE state = 'retired' AND hint = $1 AND poll_time < $2`
		_, err := tx.ExecContext(ctx, `DELETE FROM discovery_signatures WHERE endpoint_id IN (SELECT id `+those+`)`,
			hint, before.UnixMicro())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE `+those, hint, before.UnixMicro())
		return err
	})
}
