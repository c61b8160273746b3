package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// expireBatch is the maximum number of outcomes that one step deletes, so that other writers
// wait only briefly.
const expireBatch = 500

// expiry deletes outcomes in one transaction.
type expiry struct {
	ctx      context.Context
	tx       *sql.Tx
	postgres bool
}

// step deletes up to expireBatch outcomes from before the stored time of expiry. If none is
// left, it moves that time forward to before: the outcomes are deleted by the next step, when
// the transactions that did not know the new time have ended.
func (e expiry) step(before, deadBefore time.Time) (removed int64, more bool, err error) {
	query := `SELECT expired, swept FROM outcome_retention WHERE id = 1`
	if e.postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	var expired, swept int64
	err = e.tx.QueryRowContext(e.ctx, query).Scan(&expired, &swept)
	if errors.Is(err, sql.ErrNoRows) { // another process deletes them
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	const dead = int32(datelinev1.Verdict_VERDICT_DEAD)
	removed, last, err := e.remove(fromMicros(swept), fromMicros(expired), dead, expireBatch)
	if err != nil {
		return 0, false, err
	}
	if removed == expireBatch {
		return removed, true, e.save(expired, last)
	}
	// Of what is left before that time, all are dead.
	deadRemoved, _, err := e.remove(time.Time{}, earlier(deadBefore, fromMicros(expired)), -1, expireBatch-removed)
	if err != nil {
		return 0, false, err
	}
	removed += deadRemoved
	until := max(expired, before.UnixMicro())
	return removed, removed == expireBatch || until > expired, e.save(until, expired)
}

// remove deletes up to limit outcomes of a period, oldest first, except those with one verdict,
// and adds them to the counts of expired outcomes. It returns the time of the last in
// microseconds.
func (e expiry) remove(from, to time.Time, except int32, limit int64) (removed, last int64, err error) {
	if limit == 0 || !from.Before(to) {
		return 0, 0, nil
	}
	query, bounds := `DELETE FROM outcomes WHERE rowid IN (SELECT rowid FROM outcomes INDEXED BY outcomes_by_time
		WHERE time >= $1 AND time < $2 AND verdict <> $3 ORDER BY time LIMIT $4)
		RETURNING stage, verdict, reason, time`, []any{from.UnixMicro(), to.UnixMicro()}
	if e.postgres {
		query, bounds = `DELETE FROM outcomes WHERE ctid = ANY (ARRAY(SELECT ctid FROM outcomes
			WHERE time >= $1 AND time < $2 AND verdict <> $3 ORDER BY time LIMIT $4))
			RETURNING stage, verdict, reason, (extract(epoch FROM time) * 1000000)::bigint`, []any{from, to}
	}
	rows, err := e.tx.QueryContext(e.ctx, query, append(bounds, except, limit)...)
	if err != nil {
		return 0, 0, err
	}
	counts := map[Count]int64{}
	_, err = collectRows(rows, func(rows *sql.Rows) (struct{}, error) {
		var c Count
		var at int64
		err := rows.Scan(&c.Stage, &c.Verdict, &c.Reason, &at)
		counts[c]++
		removed, last = removed+1, max(last, at)
		return struct{}{}, err
	})
	if err != nil {
		return 0, 0, err
	}
	for c, n := range counts {
		if _, err := e.tx.ExecContext(e.ctx, `INSERT INTO expired_outcomes AS e (stage, verdict, reason, count)
			VALUES ($1, $2, $3, $4) ON CONFLICT (stage, verdict, reason) DO UPDATE SET count = e.count + excluded.count`,
			int32(c.Stage), int32(c.Verdict), c.Reason, n); err != nil {
			return 0, 0, err
		}
	}
	return removed, last, nil
}

func (e expiry) save(expired, swept int64) error {
	_, err := e.tx.ExecContext(e.ctx, `UPDATE outcome_retention SET expired = $1, swept = $2 WHERE id = 1
		AND (expired, swept) <> ($1, $2)`, expired, swept)
	return err
}

func (s *sqliteStore) ExpireOutcomes(
	ctx context.Context, before, deadBefore time.Time,
) (removed int64, more bool, err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if removed, more, err = (expiry{ctx: ctx, tx: tx}).step(before, deadBefore); err == nil {
			err = s.commit(tx)
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("deleting old outcomes from %s: %w", s.path, s.explain(err))
	}
	return removed, more, nil
}

func (s *postgresStore) ExpireOutcomes(
	ctx context.Context, before, deadBefore time.Time,
) (removed int64, more bool, err error) {
	tx, err := s.sql.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if removed, more, err = (expiry{ctx: ctx, tx: tx, postgres: true}).step(before, deadBefore); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("deleting old outcomes from %s: %w", s.name, s.explain(err))
	}
	return removed, more, nil
}

const selectExpired = `SELECT expired FROM outcome_retention WHERE id = 1`

func (s *sqliteStore) OutcomesSince(ctx context.Context) (time.Time, error) {
	var expired int64
	if err := s.readers.QueryRowContext(ctx, selectExpired).Scan(&expired); err != nil {
		return time.Time{}, fmt.Errorf("reading since when %s has outcomes: %w", s.path, s.explain(err))
	}
	return sinceExpiry(expired), nil
}

func (s *postgresStore) OutcomesSince(ctx context.Context) (time.Time, error) {
	var expired int64
	if err := s.pool.QueryRow(ctx, selectExpired).Scan(&expired); err != nil {
		return time.Time{}, fmt.Errorf("reading since when %s has outcomes: %w", s.name, s.explain(err))
	}
	return sinceExpiry(expired), nil
}

// sinceExpiry returns a stored time, and the zero time for 0: nothing has expired.
func sinceExpiry(expired int64) time.Time {
	if expired == 0 {
		return time.Time{}
	}
	return fromMicros(expired)
}

// withoutExpired returns the rows that are not from before the time of expiry, given in
// microseconds. The others were stored before.
func withoutExpired(rows []outcomeRow, expired int64) []outcomeRow {
	var kept []outcomeRow
	for _, r := range rows {
		if r.time.UnixMicro() >= expired {
			kept = append(kept, r)
		}
	}
	return kept
}
