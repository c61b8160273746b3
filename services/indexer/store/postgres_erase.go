package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Erase(ctx context.Context, idOrURL string) (Erasure, error) {
	found, err := s.find(ctx, idOrURL)
	if errors.Is(err, ErrNotFound) {
		return s.readTombstone(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, err
	}
	var erased Erasure
	err = s.inTransaction(ctx, func(tx pgx.Tx) error {
		erased, err = (&postgresBatch{ctx: ctx, tx: tx}).erase(found.article.id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) { // another call has erased the article meanwhile
		return s.readTombstone(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", found.article.id, s.name, s.explain(err))
	}
	return erased, nil
}

// readTombstone returns the erasure of an article that was erased before.
func (s *postgresStore) readTombstone(ctx context.Context, name string) (Erasure, error) {
	aliases, err := collect(ctx, s, func(row pgx.CollectableRow) (aliasRow, error) {
		var a aliasRow
		err := row.Scan(&a.url, &a.articleID)
		return a, err
	}, `SELECT url, article_id FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url_key = $1)
		AND starts_with(article_id, $2) ORDER BY canonical DESC, fetch_time DESC, url`, digest(CleanText(name)), tombstone)
	if err != nil {
		return Erasure{}, fmt.Errorf("reading the tombstone of %.200q from %s: %w", name, s.name, s.explain(err))
	}
	return erasureOf(name, aliases)
}

// erase erases an article. The error is pgx.ErrNoRows if it is not stored.
func (b *postgresBatch) erase(id string) (Erasure, error) {
	var rowID int64
	var row articleRow
	erased := articleColumns.named("host", "canonical_url")
	err := b.tx.QueryRow(b.ctx, `SELECT row, `+erased.selected("")+` FROM articles WHERE id = $1 FOR UPDATE`, id).
		Scan(append([]any{&rowID}, erased.fields(&row)...)...)
	if err != nil {
		return Erasure{}, err
	}
	e := Erasure{ID: id, Host: row.host}
	if err := b.describe(&e); err != nil {
		return Erasure{}, err
	}
	if err := b.removeKeys(rowID); err != nil {
		return Erasure{}, err
	}
	steps := []step{
		{`DELETE FROM revisions WHERE article_id = $1`, []any{id}},
		{`DELETE FROM replaced_records WHERE article_id = $1`, []any{id}},
		{`DELETE FROM articles WHERE id = $1`, []any{id}},
		// The id and the canonical URL get the highest time, so that no later
		// alias overrides them.
		{`UPDATE aliases SET article_id = '` + tombstone + `' || article_id, canonical = true,
			fetch_time = CASE WHEN url_key = $2 THEN 'infinity' ELSE fetch_time END
			WHERE article_id = $1`, []any{id, digest(row.canonicalURL)}},
		{`INSERT INTO aliases (url_key, url, article_id, canonical, fetch_time)
			VALUES ($2, $1, '` + tombstone + `' || $1, $3, 'infinity')
			ON CONFLICT (url_key) DO UPDATE SET
			article_id = excluded.article_id, canonical = excluded.canonical, fetch_time = 'infinity'`,
			[]any{id, digest(id), !e.IsForeign(row.canonicalURL)}},
		{`UPDATE sources SET articles = articles - 1 WHERE host = $1`, []any{e.Host}},
	}
	for _, url := range e.foreignURLs() {
		steps = append(steps, step{`UPDATE aliases SET canonical = false WHERE url_key = $1 AND article_id = $2`,
			[]any{digest(url), tombstone + id}})
	}
	if err := b.runSteps(steps); err != nil {
		return Erasure{}, err
	}
	return e, b.writeErasedTexts(e)
}

// describe adds the article's URLs, pages and number of revisions to the erasure.
func (b *postgresBatch) describe(e *Erasure) error {
	rows, err := b.tx.Query(b.ctx, `SELECT true, record FROM revisions WHERE article_id = $1
		UNION ALL SELECT false, convert_to(url, 'UTF8') FROM aliases WHERE article_id = $1`, e.ID)
	if err != nil {
		return err
	}
	var isRecord bool
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&isRecord, &data}, func() error {
		if isRecord {
			e.addRevision(data)
		} else {
			e.addURL(string(data))
		}
		return nil
	})
	return err
}

func (s *postgresStore) ErasedURLs(ctx context.Context, urls []string) (map[string]bool, error) {
	keys := make([][]byte, len(urls))
	for i, url := range urls {
		keys[i] = digest(CleanText(url))
	}
	found, err := collect(ctx, s, func(row pgx.CollectableRow) (url string, err error) {
		return url, row.Scan(&url)
	}, `SELECT url FROM aliases WHERE url_key = ANY ($1::bytea[]) AND canonical AND starts_with(article_id, $2)`,
		keys, tombstone)
	if err != nil {
		return nil, fmt.Errorf("looking up erased URLs in %s: %w", s.name, s.explain(err))
	}
	return setOf(found), nil
}
