package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// loadLinks reads what the names of a batch lead to.
func (b *postgresBatch) loadLinks(arrivals []arrival) (map[string]link, error) {
	nameOf := make(map[string]string) // by digest
	var digests [][]byte
	for _, a := range arrivals {
		for _, name := range a.names() {
			d := digest(name)
			nameOf[string(d)] = name
			digests = append(digests, d)
		}
	}
	const query = `SELECT url_key, article_id, canonical FROM aliases WHERE url_key = ANY ($1)`
	rows, err := b.tx.Query(b.ctx, query, digests)
	if err != nil {
		return nil, err
	}
	links := make(map[string]link)
	var d []byte
	var l link
	_, err = pgx.ForEachRow(rows, []any{&d, &l.articleID, &l.canonical}, func() error {
		links[nameOf[string(d)]] = l
		return nil
	})
	return links, err
}

var loadPostgresArticles = `SELECT row, ` + articleColumns.selected("") + `
	FROM articles WHERE id = ANY ($1) ORDER BY id FOR UPDATE`

// loadStored reads and locks the articles of a batch that are stored. It reads
// the revisions while it holds the lock, so that they include those of the
// lock's previous holder.
func (b *postgresBatch) loadStored(ids []string) (map[string]stored, error) {
	rows, err := b.tx.Query(b.ctx, loadPostgresArticles, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]stored)
	for rows.Next() {
		var s stored
		if err := rows.Scan(append([]any{&s.rowID}, articleColumns.fields(&s.row)...)...); err != nil {
			return nil, err
		}
		known[s.row.id] = s
	}
	if err := rows.Err(); err != nil || len(known) == 0 {
		return known, err
	}
	rows, err = b.tx.Query(b.ctx, `SELECT article_id, number, content_hash, first_seen FROM revisions
		WHERE article_id = ANY ($1) ORDER BY 1, 2`, ids)
	if err != nil {
		return nil, err
	}
	var id string
	var r revisionBrief
	_, err = pgx.ForEachRow(rows, []any{&id, &r.number, &r.contentHash, &r.firstSeen}, func() error {
		k := known[id]
		k.revisions = append(k.revisions, r)
		known[id] = k
		return nil
	})
	return known, err
}

// loadReplacements reads what runs have replaced of the stored articles.
func (b *postgresBatch) loadReplacements(known map[string]stored, runs []string) error {
	for id, k := range known {
		for _, run := range runs {
			r, err := scanReplacement(b.tx.QueryRow(b.ctx, loadReplacements, run, id).Scan)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			k.replacements = append(k.replacements, r)
		}
		known[id] = k
	}
	return nil
}

// findStories reads the candidates of all articles of the batch at once.
func (b *postgresBatch) findStories(changes []*change) ([]storyMove, error) {
	var keys []int64
	for _, own := range candidateKeys(changes) {
		keys = append(keys, signed(own)...)
	}
	rowsOf, err := b.rowsOfKeys(keys)
	if err != nil {
		return nil, err
	}
	closest := func(keys []uint64) []int64 {
		return closestRows(keys, func(key uint64) []int64 { return rowsOf[key] })
	}
	var wanted []int64
	for _, own := range candidateKeys(changes) {
		wanted = append(wanted, closest(own)...)
	}
	byRow, err := b.loadCandidates(wanted)
	if err != nil {
		return nil, err
	}
	return findStories(changes, func(keys []uint64) ([]candidate, error) {
		var found []candidate
		for _, row := range closest(keys) {
			if one, ok := byRow[row]; ok {
				found = append(found, one)
			}
		}
		return found, nil
	})
}

// signed returns keys as PostgreSQL stores them, which has no unsigned integers.
func signed(keys []uint64) []int64 {
	all := make([]int64, len(keys))
	for i, key := range keys {
		all[i] = int64(key)
	}
	return all
}

// rowsOfKeys returns the newest rows that have each key.
func (b *postgresBatch) rowsOfKeys(keys []int64) (map[uint64][]int64, error) {
	all := make(map[uint64][]int64)
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) == 0 {
		return all, nil
	}
	rows, err := b.tx.Query(b.ctx, fmt.Sprintf(`SELECT k.key, s.row
		FROM unnest($1::bigint[]) AS k (key) CROSS JOIN LATERAL
		(SELECT row FROM sketch_keys s WHERE s.key = k.key AND s.row > (SELECT max(row) FROM articles) - %d
			ORDER BY row DESC LIMIT %d) s`, copiesWindow, maxPerKey), keys)
	if err != nil {
		return nil, err
	}
	var key, row int64
	_, err = pgx.ForEachRow(rows, []any{&key, &row}, func() error {
		all[uint64(key)] = append(all[uint64(key)], row)
		return nil
	})
	return all, err
}

// loadCandidates reads the articles of the given rows.
func (b *postgresBatch) loadCandidates(wanted []int64) (map[int64]candidate, error) {
	all := make(map[int64]candidate)
	if len(wanted) == 0 {
		return all, nil
	}
	query := `SELECT row, ` + candidateColumns.selected("") + ` FROM articles WHERE row = ANY ($1)`
	rows, err := b.tx.Query(b.ctx, query, wanted)
	if err != nil {
		return nil, err
	}
	var rowID int64
	var row articleRow
	_, err = pgx.ForEachRow(rows, append([]any{&rowID}, candidateColumns.fields(&row)...), func() error {
		s, err := sketch.Parse(row.sketch)
		if err != nil {
			return fmt.Errorf("article %s: %w", row.id, err)
		}
		all[rowID] = candidate{row.id, row.story, row.firstSeen, s}
		return nil
	})
	return all, err
}
