package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

func (s *sqliteStore) RollUp(ctx context.Context, now time.Time) (more bool, err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if more, err = (&sqliteRollUp{ctx, tx}).step(now); err == nil {
			err = s.commit(tx)
		}
	}
	if err != nil {
		return false, fmt.Errorf("rolling up the sources' hours in %s: %w", s.path, s.explain(err))
	}
	return more, nil
}

// sqliteRollUp is a transaction that rolls up one hour, or some of its hosts.
type sqliteRollUp struct {
	ctx context.Context
	tx  *sql.Tx
}

// step reports whether there may be more to do.
func (r *sqliteRollUp) step(now time.Time) (bool, error) {
	hour, after, err := r.next()
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil || hour >= hourOf(now.Add(-rollUpDelay)) {
		return false, err
	}
	hosts, err := r.addHour(hour, after)
	if err != nil {
		return false, err
	}
	if len(hosts) == rollUpHosts {
		_, err := r.tx.ExecContext(r.ctx, `UPDATE source_rollup SET hour = ?, host = ?`, hour, hosts[len(hosts)-1])
		return true, err
	}
	return true, r.finish(hour, now)
}

// next returns the hour to roll up next, and the last of its hosts that is rolled
// up already. The error is sql.ErrNoRows if there is no such hour.
func (r *sqliteRollUp) next() (hour int64, after string, err error) {
	err = r.tx.QueryRowContext(r.ctx, `SELECT hour, host FROM source_rollup`).Scan(&hour, &after)
	if err != nil || after != "" {
		return hour, after, err
	}
	err = r.tx.QueryRowContext(r.ctx, `SELECT hour FROM source_hours WHERE `+producedNew+` AND hour >= ?
		ORDER BY hour LIMIT 1`, hour).Scan(&hour)
	return hour, "", err
}

// addHour adds an hour to the baselines of the next hosts and returns the hosts.
func (r *sqliteRollUp) addHour(hour int64, after string) (hosts []string, err error) {
	type newArticles struct {
		host   string
		count  int
		record []byte
	}
	rows, err := r.tx.QueryContext(r.ctx, `SELECT h.host, count, baseline
		FROM source_hours h LEFT JOIN source_baselines b ON b.host = h.host
		WHERE `+producedNew+` AND count > 0 AND hour = ? AND h.host > ? ORDER BY h.host LIMIT ?`,
		hour, after, rollUpHosts)
	if err != nil {
		return nil, err
	}
	found, err := collectRows(rows, func(rows *sql.Rows) (newArticles, error) {
		var n newArticles
		err := rows.Scan(&n.host, &n.count, &n.record)
		return n, err
	})
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		row, err := addHour(one.host, one.record, hour, one.count)
		if err != nil {
			return nil, err
		}
		if _, err := r.tx.ExecContext(r.ctx, `INSERT INTO source_baselines (host, last_hour, silent_hour, baseline)
			VALUES (?, ?, ?, ?) ON CONFLICT (host) DO UPDATE SET
			last_hour = excluded.last_hour, silent_hour = excluded.silent_hour, baseline = excluded.baseline`,
			row.host, row.lastHour, row.silentHour, row.record); err != nil {
			return nil, err
		}
		hosts = append(hosts, one.host)
	}
	return hosts, nil
}

// finish continues with the next hour, and deletes what is no longer kept.
func (r *sqliteRollUp) finish(hour int64, now time.Time) error {
	for _, step := range []struct {
		query    string
		argument int64
	}{
		{`UPDATE source_rollup SET hour = ?, host = ''`, hour + 1},
		{`DELETE FROM source_hours WHERE hour < ?`, min(hour+1, hourOf(now)-hoursKept)},
		{`DELETE FROM source_baselines WHERE last_hour < ?`, hour - baselineKept},
	} {
		if _, err := r.tx.ExecContext(r.ctx, step.query, step.argument); err != nil {
			return err
		}
	}
	return nil
}
