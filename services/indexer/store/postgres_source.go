package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Sources(ctx context.Context, query SourceQuery) ([]Source, error) {
	if query.limit() == 0 {
		return nil, nil
	}
	sources, err := s.listSources(ctx, query)
	if err == nil && len(sources) > 0 {
		err = s.completeSources(ctx, query, newSourceSet(sources))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sources from %s: %w", s.name, s.explain(err))
	}
	return sources, nil
}

// listSources reads the rows of the sources table. Hosts without a row have no
// articles.
func (s *postgresStore) listSources(ctx context.Context, query SourceQuery) ([]Source, error) {
	hosts := `SELECT host FROM sources WHERE host > @after
		UNION SELECT host FROM source_hours WHERE host > @after AND hour >= @since`
	switch {
	case query.Host != "":
		hosts = `SELECT host FROM sources WHERE host = @host
			UNION SELECT host FROM source_baselines WHERE host = @host
			UNION SELECT host FROM source_hours WHERE host = @host AND hour >= @since`
	case query.Silent:
		hosts = `SELECT host FROM source_baselines b WHERE host > @after AND ` + silentIn("@at")
	}
	return collect(ctx, s, func(row pgx.CollectableRow) (Source, error) {
		var one Source
		var firstSeen, lastSeen, lastNew time.Time
		err := row.Scan(&one.Host, &one.Name, &one.Articles, &one.Revisions, &firstSeen, &lastSeen, &lastNew)
		one.FirstSeen, one.LastSeen = sourceTime(firstSeen.UnixMicro()), sourceTime(lastSeen.UnixMicro())
		one.LastNew = sourceTime(lastNew.UnixMicro())
		return one, err
	}, `SELECT h.host, coalesce(s.name, ''), coalesce(s.articles, 0), coalesce(s.revisions, 0),
		coalesce(s.first_seen, 'epoch'), coalesce(s.last_seen, 'epoch'), coalesce(s.last_new, 'epoch')
		FROM (`+hosts+` ORDER BY host LIMIT @limit) h LEFT JOIN sources s USING (host) ORDER BY h.host`,
		pgx.NamedArgs{
			"after": CleanText(query.After), "host": CleanText(query.Host),
			"since": hourOf(query.Since), "at": hourOf(query.At), "limit": query.limit(),
		})
}

func (s *postgresStore) SiteNames(ctx context.Context, hosts []string) (map[string]string, error) {
	names := make(map[string]string)
	_, err := collect(ctx, s, func(row pgx.CollectableRow) (struct{}, error) {
		var host, name string
		err := row.Scan(&host, &name)
		names[host] = name
		return struct{}{}, err
	}, `SELECT host, name FROM sources WHERE host = ANY($1) AND name <> ''`,
		cleanTexts(hosts[:min(maxSources, len(hosts))]))
	if err != nil {
		return nil, fmt.Errorf("reading the names of sites from %s: %w", s.name, s.explain(err))
	}
	return names, nil
}

func (s *postgresStore) completeSources(ctx context.Context, query SourceQuery, set *sourceSet) error {
	counts, err := collect(ctx, s, scanSourceCounts, `SELECT host, false, stage, verdict, reason, sum(count)::bigint
		FROM source_hours WHERE host = ANY($1) AND hour >= $2
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, set.hosts(), hourOf(query.Since))
	if err != nil {
		return err
	}
	set.addOutcomes(counts)
	baselines, err := collect(ctx, s, func(row pgx.CollectableRow) (sourceBaseline, error) {
		var b sourceBaseline
		err := row.Scan(&b.host, &b.lastHour, &b.silentHour, &b.record, &b.isSilent)
		return b, err
	}, `SELECT host, last_hour, silent_hour, baseline, coalesce(`+silentIn("$2")+`, false) FROM source_baselines b
		WHERE host = ANY($1)`, set.hosts(), hourOf(query.At))
	if err != nil {
		return err
	}
	silent, err := set.addBaselines(baselines)
	if err != nil || len(silent) == 0 {
		return err
	}
	counts, err = collect(ctx, s, scanSourceCounts, `SELECT h.host, hour > last_hour, stage, verdict, reason,
		sum(count)::bigint FROM source_baselines b JOIN source_hours h ON h.host = b.host AND hour >= last_hour - $2
		WHERE b.host = ANY($1)
		GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4, 5`, silent, hoursBefore)
	set.addSilences(counts)
	return err
}

func scanSourceCounts(row pgx.CollectableRow) (sourceCount, error) {
	var c sourceCount
	err := row.Scan(&c.host, &c.later, &c.stage, &c.verdict, &c.reason, &c.count)
	return c, err
}

func (s *postgresStore) SourceStates(ctx context.Context, at time.Time) (SourceStates, error) {
	var states SourceStates
	var known, fresh int64 // fresh sources have no baseline before the first hour has ended
	err := s.pool.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NULL),
		(SELECT count(*) FROM sources s WHERE last_new > $2
			AND NOT EXISTS (SELECT 1 FROM source_baselines b WHERE b.host = s.host)),
		(SELECT count(*) FROM source_baselines WHERE silent_hour IS NOT NULL),
		(SELECT count(*) FROM source_baselines b WHERE `+silentIn("$1")+`)`, hourOf(at),
		at.Add(-baselineKept*time.Hour)).
		Scan(&states.Learning, &fresh, &known, &states.Silent)
	if err != nil {
		return SourceStates{}, fmt.Errorf("counting the sources in %s: %w", s.name, s.explain(err))
	}
	states.Learning += fresh
	states.Publishing = known - states.Silent
	return states, nil
}
