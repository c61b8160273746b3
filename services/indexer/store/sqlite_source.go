package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

func (s *sqliteStore) Sources(ctx context.Context, query SourceQuery) ([]Source, error) {
	if query.limit() == 0 {
		return nil, nil
	}
	sources, err := s.listSources(ctx, query)
	if err == nil && len(sources) > 0 {
		err = s.completeSources(ctx, query, newSourceSet(sources))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sources from %s: %w", s.path, s.explain(err))
	}
	return sources, nil
}

// listSources reads the rows of the sources table. Hosts without a row have no
// articles.
func (s *sqliteStore) listSources(ctx context.Context, query SourceQuery) ([]Source, error) {
	hosts := `SELECT host FROM sources WHERE host > ?1
		UNION SELECT DISTINCT host FROM source_hours WHERE host > ?1 AND hour >= ?2`
	switch {
	case query.Host != "":
		hosts = `SELECT host FROM sources WHERE host = ?4
			UNION SELECT host FROM source_baselines WHERE host = ?4
			UNION SELECT host FROM source_hours WHERE host = ?4 AND hour >= ?2`
	case query.Silent:
		hosts = `SELECT host FROM source_baselines b WHERE host > ?1 AND ` + silentIn("?5")
	}
	return queryRows(ctx, s.readers, func(rows *sql.Rows) (Source, error) {
		var one Source
		var firstSeen, lastSeen, lastNew int64
		err := rows.Scan(&one.Host, &one.Name, &one.Articles, &one.Revisions, &firstSeen, &lastSeen, &lastNew)
		one.FirstSeen, one.LastSeen, one.LastNew = sourceTime(firstSeen), sourceTime(lastSeen), sourceTime(lastNew)
		return one, err
	}, `SELECT h.host, coalesce(s.name, ''), coalesce(s.articles, 0), coalesce(s.revisions, 0),
		coalesce(s.first_seen, 0), coalesce(s.last_seen, 0), coalesce(s.last_new, 0)
		FROM (`+hosts+` ORDER BY host LIMIT ?3) h LEFT JOIN sources s USING (host) ORDER BY h.host`,
		CleanText(query.After), hourOf(query.Since), query.limit(), CleanText(query.Host), hourOf(query.At))
}

func (s *sqliteStore) SiteNames(ctx context.Context, hosts []string) (map[string]string, error) {
	list, err := json.Marshal(cleanTexts(hosts[:min(maxSources, len(hosts))]))
	if err != nil {
		return nil, err
	}
	names := make(map[string]string)
	_, err = queryRows(ctx, s.readers, func(rows *sql.Rows) (struct{}, error) {
		var host, name string
		err := rows.Scan(&host, &name)
		names[host] = name
		return struct{}{}, err
	}, `SELECT host, name FROM sources WHERE host IN (SELECT value FROM json_each(?1)) AND name <> ''`, string(list))
	if err != nil {
		return nil, fmt.Errorf("reading the names of sites from %s: %w", s.path, s.explain(err))
	}
	return names, nil
}

// sourceTime returns a time of the sources table. The start of 1970 means none.
func sourceTime(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return fromMicros(micros)
}

func (s *sqliteStore) completeSources(ctx context.Context, query SourceQuery, set *sourceSet) error {
	hosts, err := json.Marshal(set.hosts())
	if err != nil {
		return err
	}
	counts, err := queryRows(ctx, s.readers, scanSourceCount, `SELECT host, 0, stage, verdict, reason, sum(count)
		FROM source_hours WHERE host IN (SELECT value FROM json_each(?1)) AND hour >= ?2
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, string(hosts), hourOf(query.Since))
	if err != nil {
		return err
	}
	set.addOutcomes(counts)
	baselines, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (sourceBaseline, error) {
		var b sourceBaseline
		err := rows.Scan(&b.host, &b.lastHour, &b.silentHour, &b.record, &b.isSilent)
		return b, err
	}, `SELECT host, last_hour, silent_hour, baseline, coalesce(`+silentIn("?2")+`, 0) FROM source_baselines b
		WHERE host IN (SELECT value FROM json_each(?1))`, string(hosts), hourOf(query.At))
	if err != nil {
		return err
	}
	silent, err := set.addBaselines(baselines)
	if err != nil || len(silent) == 0 {
		return err
	}
	if hosts, err = json.Marshal(silent); err != nil {
		return err
	}
	counts, err = queryRows(ctx, s.readers, scanSourceCount, `SELECT h.host, hour > last_hour, stage, verdict, reason,
		sum(count) FROM source_baselines b JOIN source_hours h ON h.host = b.host AND hour >= last_hour - ?2
		WHERE b.host IN (SELECT value FROM json_each(?1))
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, string(hosts), hoursBefore)
	set.addSilences(counts)
	return err
}

func scanSourceCount(rows *sql.Rows) (sourceCount, error) {
	var c sourceCount
	err := rows.Scan(&c.host, &c.later, &c.stage, &c.verdict, &c.reason, &c.count)
	return c, err
}

func (s *sqliteStore) SourceStates(ctx context.Context, at time.Time) (SourceStates, error) {
	var states SourceStates
	var known, fresh int64 // fresh sources have no baseline before the first hour has ended
	err := s.readers.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NULL),
		(SELECT count(*) FROM sources s WHERE last_new > ?2
			AND NOT EXISTS (SELECT 1 FROM source_baselines b WHERE b.host = s.host)),
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NOT NULL),
		(SELECT count(*) FROM source_baselines b WHERE `+silentIn("?1")+`)`, hourOf(at),
		at.Add(-baselineKept*time.Hour).UnixMicro()).
		Scan(&states.Learning, &fresh, &known, &states.Silent)
	if err != nil {
		return SourceStates{}, fmt.Errorf("counting the sources in %s: %w", s.path, s.explain(err))
	}
	states.Learning += fresh
	states.Publishing = known - states.Silent
	return states, nil
}
