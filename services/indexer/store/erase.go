package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// addRevision notes what an erased revision leaves elsewhere.
func (e *Erasure) addRevision(record []byte) {
	e.Revisions++
	article, err := decodeArticle(e.ID, record)
	if err != nil {
		return // a damaged record is erased all the same
	}
	if page := article.GetRawPage(); page.GetStream() != "" {
		e.Pages = append(e.Pages, page)
	}
	for _, url := range []string{article.GetCanonicalUrl(), article.GetFinalUrl(), article.GetRequestedUrl()} {
		if url != "" && !slices.Contains(e.URLs, url) {
			e.URLs = append(e.URLs, url)
		}
	}
}

func (s *sqliteStore) Erase(ctx context.Context, idOrURL string) (Erasure, error) {
	hit, err := s.Article(ctx, idOrURL)
	if err != nil {
		return Erasure{}, err
	}
	id := hit.ID
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", id, s.path, err)
	}
	defer func() { _ = tx.Rollback() }()
	erased, err := (&sqliteBatch{ctx, tx, s.prepared}).erase(id)
	if errors.Is(err, sql.ErrNoRows) {
		return Erasure{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", id, s.path, err)
	}
	return erased, nil
}

func (b *sqliteBatch) erase(id string) (Erasure, error) {
	before, err := b.loadStored(id)
	if err != nil {
		return Erasure{}, err
	}
	e := Erasure{ID: id, Host: before.row.host}
	rows, err := b.tx.QueryContext(b.ctx, `SELECT 1, CAST(record AS BLOB) FROM revisions WHERE article_id = ?1
		UNION ALL SELECT 0, CAST(url AS BLOB) FROM aliases WHERE article_id = ?1`, id)
	if err != nil {
		return Erasure{}, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var isRecord bool
		var data []byte
		if err := rows.Scan(&isRecord, &data); err != nil {
			return Erasure{}, err
		}
		if isRecord {
			e.addRevision(data)
		} else if url := string(data); !slices.Contains(e.URLs, url) {
			e.URLs = append(e.URLs, url)
		}
	}
	if err := rows.Err(); err != nil {
		return Erasure{}, err
	}
	if err := b.removeKeys(before.place, before.row.sketch); err != nil {
		return Erasure{}, err
	}
	for _, step := range []struct {
		query    string
		argument any
	}{
		{`DELETE FROM article_words WHERE rowid = ?`, before.place},
		{`DELETE FROM revisions WHERE article_id = ?`, id},
		{`DELETE FROM articles WHERE id = ?`, id},
		{`UPDATE aliases SET article_id = '', canonical = 1 WHERE article_id = ?`, id},
		{`INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?, '', 1, 9223372036854775807)
			ON CONFLICT (url) DO UPDATE SET article_id = '', canonical = 1, fetch_time = excluded.fetch_time`, id},
		{`UPDATE aliases SET fetch_time = 9223372036854775807 WHERE article_id = '' AND url = ?`, before.row.canonicalURL},
		{`UPDATE sources SET articles = articles - 1 WHERE host = ?`, before.row.host},
	} {
		if _, err := b.tx.ExecContext(b.ctx, step.query, step.argument); err != nil {
			return Erasure{}, err
		}
	}
	return e, nil
}

func (s *postgresStore) Erase(ctx context.Context, idOrURL string) (Erasure, error) {
	hit, err := s.Article(ctx, idOrURL)
	if err != nil {
		return Erasure{}, err
	}
	id := hit.ID
	var erased Erasure
	err = s.repeat(ctx, func(tx pgx.Tx) error {
		erased, err = eraseFrom(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Erasure{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", id, s.name, err)
	}
	return erased, nil
}

func eraseFrom(ctx context.Context, tx pgx.Tx, id string) (Erasure, error) {
	e := Erasure{ID: id}
	var row int64
	var canonicalURL string
	var likeness []byte
	if err := tx.QueryRow(ctx, `SELECT row, host, canonical_url, sketch FROM articles WHERE id = $1 FOR UPDATE`, id).
		Scan(&row, &e.Host, &canonicalURL, &likeness); err != nil {
		return Erasure{}, err
	}
	rows, err := tx.Query(ctx, `SELECT true, record FROM revisions WHERE article_id = $1
		UNION ALL SELECT false, convert_to(url, 'UTF8') FROM aliases WHERE article_id = $1`, id)
	if err != nil {
		return Erasure{}, err
	}
	for rows.Next() {
		var isRecord bool
		var data []byte
		if err := rows.Scan(&isRecord, &data); err != nil {
			return Erasure{}, err
		}
		if isRecord {
			e.addRevision(data)
		} else if url := string(data); !slices.Contains(e.URLs, url) {
			e.URLs = append(e.URLs, url)
		}
	}
	if err := rows.Err(); err != nil {
		return Erasure{}, err
	}
	if err := removeKeys(ctx, tx, row, likeness); err != nil {
		return Erasure{}, err
	}
	for _, step := range []struct {
		query     string
		arguments []any
	}{
		{`DELETE FROM revisions WHERE article_id = $1`, []any{id}},
		{`DELETE FROM articles WHERE id = $1`, []any{id}},
		{`UPDATE aliases SET article_id = '', canonical = true,
			fetch_time = CASE WHEN url_key = $2 THEN 'infinity' ELSE fetch_time END WHERE article_id = $1`, []any{id, key(canonicalURL)}},
		{`INSERT INTO aliases (url_key, url, article_id, canonical, fetch_time) VALUES ($2, $1, '', true, 'infinity')
			ON CONFLICT (url_key) DO UPDATE SET article_id = '', canonical = true, fetch_time = 'infinity'`, []any{id, key(id)}},
		{`UPDATE sources SET articles = articles - 1 WHERE host = $1`, []any{e.Host}},
	} {
		if _, err := tx.Exec(ctx, step.query, step.arguments...); err != nil {
			return Erasure{}, err
		}
	}
	return e, nil
}
