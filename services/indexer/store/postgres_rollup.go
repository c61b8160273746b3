package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) RollUp(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.inTransaction(ctx, func(tx pgx.Tx) error {
		more, err = (&postgresBatch{ctx: ctx, tx: tx}).rollUp(now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rolling up the sources' hours in %s: %w", s.name, s.explain(err))
	}
	return more, nil
}

// rollUp rolls up one hour, or some of its hosts. It reports whether there may be
// more to do.
func (b *postgresBatch) rollUp(now time.Time) (bool, error) {
	hour, after, err := b.nextHour()
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil || hour >= hourOf(now.Add(-rollUpDelay)) {
		return false, err
	}
	updated, err := b.addHour(hour, after)
	if err != nil {
		return false, err
	}
	if err := b.writeBaselines(updated); err != nil {
		return false, err
	}
	if len(updated) == rollUpHosts {
		return true, b.exec(`UPDATE source_rollup SET hour = $1, host = $2`, hour, updated[len(updated)-1].host)
	}
	// Continue with the next hour, and delete what is no longer kept.
	return true, b.runSteps([]step{
		{`UPDATE source_rollup SET hour = $1, host = ''`, []any{hour + 1}},
		{`DELETE FROM source_hours WHERE hour < $1`, []any{min(hour+1, hourOf(now)-hoursKept)}},
		{`DELETE FROM source_baselines WHERE last_hour < $1`, []any{hour - baselineKept}},
	})
}

// nextHour returns the hour to roll up next, and the last of its hosts that is
// rolled up already. It locks out other processes until the transaction ends.
// The error is pgx.ErrNoRows if there is no such hour.
func (b *postgresBatch) nextHour() (hour int64, after string, err error) {
	err = b.tx.QueryRow(b.ctx, `SELECT hour, host FROM source_rollup FOR UPDATE`).Scan(&hour, &after)
	if err != nil || after != "" {
		return hour, after, err
	}
	err = b.tx.QueryRow(b.ctx, `SELECT hour FROM source_hours WHERE `+producedNew+` AND hour >= $1
		ORDER BY hour LIMIT 1`, hour).Scan(&hour)
	return hour, "", err
}

// addHour returns the baselines of the next hosts with an hour added.
func (b *postgresBatch) addHour(hour int64, after string) ([]baselineRow, error) {
	rows, err := b.tx.Query(b.ctx, `SELECT h.host, count, baseline
		FROM source_hours h LEFT JOIN source_baselines b USING (host)
		WHERE `+producedNew+` AND count > 0 AND hour = $1 AND h.host > $2 ORDER BY h.host LIMIT $3`,
		hour, after, rollUpHosts)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (baselineRow, error) {
		var host string
		var count int
		var record []byte
		if err := row.Scan(&host, &count, &record); err != nil {
			return baselineRow{}, err
		}
		return addHour(host, record, hour, count)
	})
}

func (b *postgresBatch) writeBaselines(updated []baselineRow) error {
	var hosts []string
	var last []int64
	var silent []*int64
	var records [][]byte
	for _, row := range updated {
		hosts, last = append(hosts, row.host), append(last, row.lastHour)
		silent, records = append(silent, row.silentHour), append(records, row.record)
	}
	return b.exec(`INSERT INTO source_baselines (host, last_hour, silent_hour, baseline)
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::bytea[])
		ON CONFLICT (host) DO UPDATE SET
		last_hour = excluded.last_hour, silent_hour = excluded.silent_hour, baseline = excluded.baseline`,
		hosts, last, silent, records)
}
