package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Sources(ctx context.Context, query SourceQuery) ([]Source, error) {
	if query.Limit = sourceLimit(query.Limit); query.Limit == 0 {
		return nil, nil
	}
	sources, err := s.listSources(ctx, query)
	if err == nil && len(sources) > 0 {
		err = s.completeSources(ctx, query, completing(sources))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sources from %s: %w", s.name, err)
	}
	return sources, nil
}

func (s *postgresStore) listSources(ctx context.Context, query SourceQuery) ([]Source, error) {
	arguments := pgx.NamedArgs{"after": cleanText(query.After), "since": hourOf(query.Since), "limit": query.Limit, "host": cleanText(query.Host), "at": hourOf(query.At)}
	hosts := `SELECT host FROM sources WHERE host > @after UNION SELECT host FROM source_hours WHERE host > @after AND hour >= @since`
	switch {
	case query.Host != "":
		hosts = `SELECT host FROM sources WHERE host = @host UNION SELECT host FROM source_baselines WHERE host = @host UNION SELECT host FROM source_hours WHERE host = @host AND hour >= @since`
	case query.Silent:
		hosts = `SELECT host FROM source_baselines b WHERE host > @after AND ` + fmt.Sprintf(silentBaselines, "@at")
	}
	return collect(ctx, s, func(rows pgx.CollectableRow) (Source, error) {
		var one Source
		var firstSeen, lastSeen, lastNew *time.Time
		err := rows.Scan(&one.Host, &one.Articles, &one.Revisions, &firstSeen, &lastSeen, &lastNew)
		for field, value := range map[*time.Time]*time.Time{&one.FirstSeen: firstSeen, &one.LastSeen: lastSeen, &one.LastNew: lastNew} {
			if value != nil && value.Unix() != 0 {
				*field = value.UTC()
			}
		}
		return one, err
	}, `SELECT h.host, coalesce(s.articles, 0), coalesce(s.revisions, 0), s.first_seen, s.last_seen, s.last_new
		FROM (`+hosts+` ORDER BY host LIMIT @limit) h LEFT JOIN sources s USING (host) ORDER BY h.host`, arguments)
}

func (s *postgresStore) completeSources(ctx context.Context, query SourceQuery, c *completed) error {
	counts, err := collect(ctx, s, scanSourceCount, `SELECT host, false, stage, verdict, reason, sum(count)::bigint FROM source_hours
		WHERE host = ANY($1) AND hour >= $2 GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, c.hosts(), hourOf(query.Since))
	if err != nil {
		return err
	}
	c.addOutcomes(counts)
	baselines, err := collect(ctx, s, func(rows pgx.CollectableRow) (b sourceBaseline, err error) {
		return b, rows.Scan(&b.host, &b.lastHour, &b.silentHour, &b.record, &b.isSilent)
	}, `SELECT host, last_hour, silent_hour, baseline, coalesce(`+fmt.Sprintf(silentBaselines, "$2")+`, false) FROM source_baselines b
		WHERE host = ANY($1)`, c.hosts(), hourOf(query.At))
	if err != nil {
		return err
	}
	silent, err := c.addBaselines(baselines)
	if err != nil || len(silent) == 0 {
		return err
	}
	counts, err = collect(ctx, s, scanSourceCount, `SELECT h.host, hour > last_hour, stage, verdict, reason, sum(count)::bigint
		FROM source_baselines b JOIN source_hours h ON h.host = b.host AND hour >= last_hour - $2
		WHERE b.host = ANY($1) GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, silent, beforeHours)
	c.addSilences(counts)
	return err
}

func scanSourceCount(rows pgx.CollectableRow) (c sourceOutcome, err error) {
	return c, rows.Scan(&c.host, &c.later, &c.stage, &c.verdict, &c.reason, &c.count)
}

func (s *postgresStore) SourceStates(ctx context.Context, at time.Time) (SourceStates, error) {
	var states SourceStates
	var known int64
	err := s.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM source_baselines WHERE silent_hour IS NULL),
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NOT NULL),
		(SELECT count(*) FROM source_baselines b WHERE `+fmt.Sprintf(silentBaselines, "$1")+`)`, hourOf(at)).
		Scan(&states.Learning, &known, &states.Silent)
	if err != nil {
		return SourceStates{}, fmt.Errorf("counting the sources in %s: %w", s.name, err)
	}
	states.Publishing = known - states.Silent
	return states, nil
}

func (s *postgresStore) RollUp(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.repeat(ctx, func(tx pgx.Tx) error {
		more, err = rollUpPostgres(ctx, tx, now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("bringing the sources' baselines up to date in %s: %w", s.name, err)
	}
	return more, nil
}

func rollUpPostgres(ctx context.Context, tx pgx.Tx, now time.Time) (bool, error) {
	var hour int64
	var after string
	// The lock keeps other processes out until this has been done.
	if err := tx.QueryRow(ctx, `SELECT hour, host FROM source_rollup FOR UPDATE`).Scan(&hour, &after); err != nil {
		return false, err
	}
	if after == "" {
		err := tx.QueryRow(ctx, `SELECT hour FROM source_hours WHERE `+isNew+` AND hour >= $1 ORDER BY hour LIMIT 1`, hour).Scan(&hour)
		if errors.Is(err, pgx.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if hour >= hourOf(now.Add(-rollUpDelay)) {
		return false, nil
	}
	rows, err := tx.Query(ctx, `SELECT h.host, count, baseline FROM source_hours h LEFT JOIN source_baselines b USING (host)
		WHERE `+isNew+` AND count > 0 AND hour = $1 AND h.host > $2 ORDER BY h.host LIMIT $3`, hour, after, rollUpHosts)
	if err != nil {
		return false, err
	}
	updated, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (baselineRow, error) {
		var host string
		var count int
		var record []byte
		if err := row.Scan(&host, &count, &record); err != nil {
			return baselineRow{}, err
		}
		return withHour(host, record, hour, count)
	})
	if err != nil {
		return false, err
	}
	if err := writeBaselines(ctx, tx, updated); err != nil {
		return false, err
	}
	if len(updated) == rollUpHosts {
		_, err := tx.Exec(ctx, `UPDATE source_rollup SET hour = $1, host = $2`, hour, updated[len(updated)-1].host)
		return true, err
	}
	for _, step := range []struct {
		query    string
		argument int64
	}{
		{`UPDATE source_rollup SET hour = $1, host = ''`, hour + 1},
		{`DELETE FROM source_hours WHERE hour < $1`, min(hour+1, hourOf(now)-hoursKept)},
		{`DELETE FROM source_baselines WHERE last_hour < $1`, hour - baselineKept},
	} {
		if _, err := tx.Exec(ctx, step.query, step.argument); err != nil {
			return false, err
		}
	}
	return true, nil
}

func writeBaselines(ctx context.Context, tx pgx.Tx, updated []baselineRow) error {
	var hosts []string
	var last []int64
	var silent []*int64
	var records [][]byte
	for _, row := range updated {
		hosts, last, silent, records = append(hosts, row.host), append(last, row.lastHour), append(silent, row.silentHour), append(records, row.record)
	}
	_, err := tx.Exec(ctx, `INSERT INTO source_baselines (host, last_hour, silent_hour, baseline)
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::bytea[])
		ON CONFLICT (host) DO UPDATE SET last_hour = excluded.last_hour, silent_hour = excluded.silent_hour, baseline = excluded.baseline`,
		hosts, last, silent, records)
	return err
}
