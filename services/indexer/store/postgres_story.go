package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/sketch"
	"github.com/jackc/pgx/v5"
)

// joinArticles moves what was stored under other ids to the article's own.
func joinArticles(ctx context.Context, tx pgx.Tx, c *change) error {
	type step struct {
		query     string
		arguments []any
	}
	var steps []step
	move := func(from string, offset int) {
		steps = append(steps,
			step{`UPDATE revisions SET article_id = $2, number = number + $3 WHERE article_id = $1`, []any{from, c.row.id, offset}},
			step{`UPDATE aliases SET article_id = $2, canonical = false WHERE article_id = $1`, []any{from, c.row.id}})
	}
	if c.renamed != "" {
		move(c.renamed, 0)
	}
	for _, j := range c.joined {
		move(j.row.id, j.offset)
		steps = append(steps,
			step{`DELETE FROM articles WHERE row = $1`, []any{j.place}},
			step{`UPDATE sources SET articles = articles - 1 WHERE host = $1`, []any{j.row.host}})
		if err := removeKeys(ctx, tx, j.place, j.row.sketch); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if _, err := tx.Exec(ctx, s.query, s.arguments...); err != nil {
			return err
		}
	}
	return nil
}

// lookUpStories reads the candidates of the whole batch at once.
func lookUpStories(ctx context.Context, tx pgx.Tx, todo []*change) ([]storyMove, error) {
	var keys []int64
	for _, own := range candidateKeys(todo) {
		for _, key := range own {
			keys = append(keys, int64(key))
		}
	}
	rowsOf, err := rowsOfKeys(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	chosen := func(keys []uint64) []int64 {
		return closest(keys, func(key uint64) []int64 { return rowsOf[key] })
	}
	var wanted []int64
	for _, own := range candidateKeys(todo) {
		wanted = append(wanted, chosen(own)...)
	}
	byRow, err := loadCandidates(ctx, tx, wanted)
	if err != nil {
		return nil, err
	}
	return findStories(todo, func(keys []uint64) ([]candidate, error) {
		var found []candidate
		for _, row := range chosen(keys) {
			if one, ok := byRow[row]; ok {
				found = append(found, one)
			}
		}
		return found, nil
	})
}

func rowsOfKeys(ctx context.Context, tx pgx.Tx, keys []int64) (map[uint64][]int64, error) {
	all := make(map[uint64][]int64)
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) == 0 {
		return all, nil
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT k.key, s.row FROM unnest($1::bigint[]) AS k (key) CROSS JOIN LATERAL
		(SELECT row FROM sketch_keys s WHERE s.key = k.key AND s.row > (SELECT max(row) FROM articles) - %d
			ORDER BY row DESC LIMIT %d) s`, copiesWindow, maxOfKey), keys)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var key, row int64
		if err := rows.Scan(&key, &row); err != nil {
			return nil, err
		}
		all[uint64(key)] = append(all[uint64(key)], row)
	}
	return all, rows.Err()
}

func loadCandidates(ctx context.Context, tx pgx.Tx, wanted []int64) (map[int64]candidate, error) {
	all := make(map[int64]candidate)
	if len(wanted) == 0 {
		return all, nil
	}
	rows, err := tx.Query(ctx, `SELECT row, id, coalesce(story, ''), first_seen, sketch FROM articles WHERE row = ANY ($1)`, wanted)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var row int64
		var one candidate
		var seen time.Time
		var data []byte
		if err := rows.Scan(&row, &one.id, &one.story, &seen, &data); err != nil {
			return nil, err
		}
		if one.sketch, err = sketch.Parse(data); err != nil {
			return nil, fmt.Errorf("article %s: %w", one.id, err)
		}
		one.firstSeen = seen.UnixMicro()
		all[row] = one
	}
	return all, rows.Err()
}

// writeKeys follows the sketches of a batch's articles.
func writeKeys(ctx context.Context, tx pgx.Tx, todo []*change) error {
	var ids []string
	var keys []int64
	for _, c := range todo {
		if !c.isResketched() {
			continue
		}
		if !c.isNew {
			if err := removeKeys(ctx, tx, c.place, c.before.sketch); err != nil {
				return err
			}
		}
		s, err := sketch.Parse(c.row.sketch)
		if err != nil {
			return err
		}
		for _, key := range s.Keys() {
			ids, keys = append(ids, c.row.id), append(keys, int64(key))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO sketch_keys (key, row) SELECT k.key, a.row
		FROM unnest($1::text[], $2::bigint[]) AS k (id, key) JOIN articles a USING (id) ON CONFLICT DO NOTHING`, ids, keys)
	return err
}

func removeKeys(ctx context.Context, tx pgx.Tx, row int64, data []byte) error {
	s, err := sketch.Parse(data)
	if err != nil || s.IsZero() {
		return err
	}
	var keys []int64
	for _, key := range s.Keys() {
		keys = append(keys, int64(key))
	}
	_, err = tx.Exec(ctx, `DELETE FROM sketch_keys WHERE key = ANY ($1) AND row = $2`, keys, row)
	return err
}

func writeSources(ctx context.Context, tx pgx.Tx, sources []sourceRow) error {
	var hosts []string
	var articles, revisions []int
	var firstSeen, lastSeen, lastNew []time.Time
	for _, s := range sources {
		hosts, articles, revisions = append(hosts, s.host), append(articles, s.articles), append(revisions, s.revisions)
		firstSeen, lastSeen, lastNew = append(firstSeen, s.firstSeen), append(lastSeen, s.lastSeen), append(lastNew, s.lastNew)
	}
	_, err := tx.Exec(ctx, `INSERT INTO sources AS s (host, articles, revisions, first_seen, last_seen, last_new)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
		ON CONFLICT (host) DO UPDATE SET articles = s.articles + excluded.articles, revisions = s.revisions + excluded.revisions,
		first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen),
		last_new = greatest(s.last_new, excluded.last_new)`, hosts, articles, revisions, firstSeen, lastSeen, lastNew)
	if err != nil {
		return fmt.Errorf("writing %d sources: %w", len(sources), err)
	}
	return nil
}
