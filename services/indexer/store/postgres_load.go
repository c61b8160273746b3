package store

import (
	"errors"

	"github.com/jackc/pgx/v5"
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
	rows, err = b.tx.Query(b.ctx, `SELECT article_id, number, content_hash, first_seen, last_seen FROM revisions
		WHERE article_id = ANY ($1) ORDER BY 1, 2`, ids)
	if err != nil {
		return nil, err
	}
	var id string
	var r revisionBrief
	_, err = pgx.ForEachRow(rows, []any{&id, &r.number, &r.contentHash, &r.firstSeen, &r.lastSeen}, func() error {
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
