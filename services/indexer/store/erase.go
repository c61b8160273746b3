package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tombstone and the id stand in an alias where the id of an article stood that
// was erased.
const tombstone = "erased:"

// erasedBefore is what the tombstones tell of an article that was erased: its id
// and its URLs, the canonical one first.
func erasedBefore(name string, aliases []aliasRow) (Erasure, error) {
	var e Erasure
	for _, a := range aliases {
		e.ID = strings.TrimPrefix(a.articleID, tombstone)
		if a.url != e.ID {
			e.URLs = append(e.URLs, a.url)
		}
	}
	if len(e.URLs) == 0 {
		return Erasure{}, fmt.Errorf("article %.200q: %w", name, ErrNotFound)
	}
	if u, err := url.Parse(e.URLs[0]); err == nil {
		e.Host = u.Host
	}
	return e, nil
}

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
	if errors.Is(err, ErrNotFound) {
		return s.erasedBefore(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, err
	}
	var erased Erasure
	err = s.overwriting(ctx, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if erased, err = (&sqliteBatch{ctx: ctx, tx: tx, prepared: s.prepared}).erase(hit.ID); err != nil {
			return err
		}
		return tx.Commit()
	})
	if errors.Is(err, sql.ErrNoRows) { // somebody else was faster
		return s.erasedBefore(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", hit.ID, s.path, err)
	}
	return erased, nil
}

// overwriting runs what deletes with zeros written over what is deleted, in the
// file and then, as far as nobody reads there for a second, in its log.
func (s *sqliteStore) overwriting(ctx context.Context, run func(*sql.Conn) error) (err error) {
	s.checkpoints.mutex.Lock() // before the connection, as a checkpoint takes them
	defer s.checkpoints.mutex.Unlock()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	set := func(ctx context.Context, pragma string) {
		_, failure := conn.ExecContext(ctx, "PRAGMA "+pragma)
		err = errors.Join(err, failure)
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		set(ctx, "secure_delete = OFF")
		set(ctx, "busy_timeout = "+sqliteBusyMillis)
	}()
	if set(ctx, "secure_delete = ON"); err != nil {
		return err
	}
	if err := run(conn); err != nil {
		return err
	}
	set(ctx, "busy_timeout = 1000")
	set(ctx, "wal_checkpoint(TRUNCATE)")
	return err
}

func (s *sqliteStore) erasedBefore(ctx context.Context, name string) (Erasure, error) {
	aliases, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (a aliasRow, err error) {
		return a, rows.Scan(&a.url, &a.articleID)
	}, `SELECT url, article_id FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url = ?1)
		AND substr(article_id, 1, length(?2)) = ?2 ORDER BY fetch_time DESC, url`, cleanText(name), tombstone)
	if err != nil {
		return Erasure{}, fmt.Errorf("reading the tombstone of %.200q from %s: %w", name, s.path, err)
	}
	return erasedBefore(name, aliases)
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
	if err := b.run(b.prepared.removeKeys, before.place); err != nil {
		return Erasure{}, err
	}
	for _, step := range []struct {
		query    string
		argument any
	}{
		{`DELETE FROM article_words WHERE rowid = ?`, before.place},
		{`DELETE FROM revisions WHERE article_id = ?`, id},
		{`DELETE FROM articles WHERE id = ?`, id},
		{`UPDATE aliases SET article_id = '` + tombstone + `' || article_id, canonical = 1 WHERE article_id = ?`, id},
		{`INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?1, '` + tombstone + `' || ?1, 1, 9223372036854775807)
			ON CONFLICT (url) DO UPDATE SET article_id = excluded.article_id, canonical = 1, fetch_time = excluded.fetch_time`, id},
		{`UPDATE aliases SET fetch_time = 9223372036854775807 WHERE url = ?`, before.row.canonicalURL},
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
	if errors.Is(err, ErrNotFound) {
		return s.erasedBefore(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, err
	}
	id := hit.ID
	var erased Erasure
	err = s.repeat(ctx, func(tx pgx.Tx) error {
		erased, err = eraseFrom(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) { // somebody else was faster
		return s.erasedBefore(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", id, s.name, err)
	}
	return erased, nil
}

func (s *postgresStore) erasedBefore(ctx context.Context, name string) (Erasure, error) {
	rows, err := s.pool.Query(ctx, `SELECT url, article_id FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url_key = $1)
		AND starts_with(article_id, $2) ORDER BY fetch_time DESC, url`, key(cleanText(name)), tombstone)
	var aliases []aliasRow
	if err == nil {
		aliases, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a aliasRow, err error) {
			return a, row.Scan(&a.url, &a.articleID)
		})
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("reading the tombstone of %.200q from %s: %w", name, s.name, err)
	}
	return erasedBefore(name, aliases)
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
		{`UPDATE aliases SET article_id = '` + tombstone + `' || article_id, canonical = true,
			fetch_time = CASE WHEN url_key = $2 THEN 'infinity' ELSE fetch_time END WHERE article_id = $1`, []any{id, key(canonicalURL)}},
		{`INSERT INTO aliases (url_key, url, article_id, canonical, fetch_time) VALUES ($2, $1, '` + tombstone + `' || $1, true, 'infinity')
			ON CONFLICT (url_key) DO UPDATE SET article_id = excluded.article_id, canonical = true, fetch_time = 'infinity'`, []any{id, key(id)}},
		{`UPDATE sources SET articles = articles - 1 WHERE host = $1`, []any{e.Host}},
	} {
		if _, err := tx.Exec(ctx, step.query, step.arguments...); err != nil {
			return Erasure{}, err
		}
	}
	return e, nil
}
