package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

func (s *sqliteStore) Sources(ctx context.Context, query SourceQuery) ([]Source, error) {
	if query.Limit = sourceLimit(query.Limit); query.Limit == 0 {
		return nil, nil
	}
	sources, err := s.listSources(ctx, query)
	if err == nil && len(sources) > 0 {
		err = s.completeSources(ctx, query, completing(sources))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sources from %s: %w", s.path, err)
	}
	return sources, nil
}

func (s *sqliteStore) listSources(ctx context.Context, query SourceQuery) ([]Source, error) {
	hosts := `SELECT host FROM sources WHERE host > ?1 UNION SELECT DISTINCT host FROM source_hours WHERE host > ?1 AND hour >= ?2`
	switch {
	case query.Host != "":
		hosts = `SELECT host FROM sources WHERE host = ?4 UNION SELECT host FROM source_baselines WHERE host = ?4 UNION SELECT host FROM source_hours WHERE host = ?4 AND hour >= ?2`
	case query.Silent:
		hosts = `SELECT host FROM source_baselines b WHERE host > ?1 AND ` + fmt.Sprintf(silentBaselines, "?5")
	}
	return queryRows(ctx, s.reads, func(rows *sql.Rows) (Source, error) {
		var one Source
		var firstSeen, lastSeen, lastNew sql.NullInt64
		err := rows.Scan(&one.Host, &one.Articles, &one.Revisions, &firstSeen, &lastSeen, &lastNew)
		for field, value := range map[*time.Time]sql.NullInt64{&one.FirstSeen: firstSeen, &one.LastSeen: lastSeen, &one.LastNew: lastNew} {
			if value.Int64 != 0 {
				*field = fromMicros(value.Int64)
			}
		}
		return one, err
	}, `SELECT h.host, coalesce(s.articles, 0), coalesce(s.revisions, 0), s.first_seen, s.last_seen, s.last_new
		FROM (`+hosts+` ORDER BY host LIMIT ?3) h LEFT JOIN sources s USING (host) ORDER BY h.host`,
		query.After, hourOf(query.Since), query.Limit, query.Host, hourOf(query.At))
}

func (s *sqliteStore) completeSources(ctx context.Context, query SourceQuery, c *completed) error {
	hosts, err := json.Marshal(c.hosts())
	if err != nil {
		return err
	}
	counts, err := queryRows(ctx, s.reads, scanSourceOutcome, `SELECT host, 0, stage, verdict, reason, sum(count) FROM source_hours
		WHERE host IN (SELECT value FROM json_each(?1)) AND hour >= ?2
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, string(hosts), hourOf(query.Since))
	if err != nil {
		return err
	}
	c.addOutcomes(counts)
	baselines, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (sourceBaseline, error) {
		var b sourceBaseline
		err := rows.Scan(&b.host, &b.lastHour, &b.silentHour, &b.record, &b.isSilent)
		return b, err
	}, `SELECT host, last_hour, silent_hour, baseline, coalesce(`+fmt.Sprintf(silentBaselines, "?2")+`, 0) FROM source_baselines b
		WHERE host IN (SELECT value FROM json_each(?1))`, string(hosts), hourOf(query.At))
	if err != nil {
		return err
	}
	silent, err := c.addBaselines(baselines)
	if err != nil || len(silent) == 0 {
		return err
	}
	if hosts, err = json.Marshal(silent); err != nil {
		return err
	}
	counts, err = queryRows(ctx, s.reads, scanSourceOutcome, `SELECT h.host, hour > last_hour, stage, verdict, reason, sum(count)
		FROM source_baselines b JOIN source_hours h ON h.host = b.host AND hour >= last_hour - ?2
		WHERE b.host IN (SELECT value FROM json_each(?1))
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, string(hosts), beforeHours)
	c.addSilences(counts)
	return err
}

func scanSourceOutcome(rows *sql.Rows) (sourceOutcome, error) {
	var c sourceOutcome
	err := rows.Scan(&c.host, &c.later, &c.stage, &c.verdict, &c.reason, &c.count)
	return c, err
}

func (s *sqliteStore) SourceStates(ctx context.Context, at time.Time) (SourceStates, error) {
	var states SourceStates
	var known int64
	err := s.reads.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM source_baselines WHERE silent_hour IS NULL),
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NOT NULL),
		(SELECT count(*) FROM source_baselines b WHERE `+fmt.Sprintf(silentBaselines, "?1")+`)`, hourOf(at)).
		Scan(&states.Learning, &known, &states.Silent)
	if err != nil {
		return SourceStates{}, fmt.Errorf("counting the sources in %s: %w", s.path, err)
	}
	states.Publishing = known - states.Silent
	return states, nil
}

func (s *sqliteStore) RollUp(ctx context.Context, now time.Time) (more bool, err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if more, err = rollUpSQLite(ctx, tx, now); err == nil {
			err = s.commit(tx)
		}
	}
	if err != nil {
		return false, fmt.Errorf("bringing the sources' baselines up to date in %s: %w", s.path, err)
	}
	return more, nil
}

func rollUpSQLite(ctx context.Context, tx *sql.Tx, now time.Time) (bool, error) {
	var hour int64
	var after string
	if err := tx.QueryRowContext(ctx, `SELECT hour, host FROM source_rollup`).Scan(&hour, &after); err != nil {
		return false, err
	}
	if after == "" {
		err := tx.QueryRowContext(ctx, `SELECT hour FROM source_hours WHERE `+isNew+` AND hour >= ? ORDER BY hour LIMIT 1`, hour).Scan(&hour)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if hour >= hourOf(now.Add(-rollUpDelay)) {
		return false, nil
	}
	type newArticles struct {
		host   string
		count  int
		record []byte
	}
	rows, err := tx.QueryContext(ctx, `SELECT h.host, count, baseline FROM source_hours h LEFT JOIN source_baselines b ON b.host = h.host
		WHERE `+isNew+` AND count > 0 AND hour = ? AND h.host > ? ORDER BY h.host LIMIT ?`, hour, after, rollUpHosts)
	if err != nil {
		return false, err
	}
	found, err := collectRows(rows, func(rows *sql.Rows) (n newArticles, err error) {
		return n, rows.Scan(&n.host, &n.count, &n.record)
	})
	if err != nil {
		return false, err
	}
	for _, one := range found {
		row, err := withHour(one.host, one.record, hour, one.count)
		if err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO source_baselines (host, last_hour, silent_hour, baseline) VALUES (?, ?, ?, ?)
			ON CONFLICT (host) DO UPDATE SET last_hour = excluded.last_hour, silent_hour = excluded.silent_hour, baseline = excluded.baseline`,
			row.host, row.lastHour, row.silentHour, row.record); err != nil {
			return false, err
		}
	}
	if len(found) == rollUpHosts {
		_, err := tx.ExecContext(ctx, `UPDATE source_rollup SET hour = ?, host = ?`, hour, found[len(found)-1].host)
		return true, err
	}
	for _, step := range []struct {
		query    string
		argument int64
	}{
		{`UPDATE source_rollup SET hour = ?, host = ''`, hour + 1},
		{`DELETE FROM source_hours WHERE hour < ?`, min(hour+1, hourOf(now)-hoursKept)},
		{`DELETE FROM source_baselines WHERE last_hour < ?`, hour - baselineKept},
	} {
		if _, err := tx.ExecContext(ctx, step.query, step.argument); err != nil {
			return false, err
		}
	}
	return true, nil
}
