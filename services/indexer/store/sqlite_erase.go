package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

func (s *sqliteStore) Erase(ctx context.Context, idOrURL string) (Erasure, error) {
	found, err := s.find(ctx, idOrURL)
	if errors.Is(err, ErrNotFound) {
		return s.readTombstone(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, err
	}
	var erased Erasure
	err = s.withSecureDelete(ctx, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if erased, err = (&sqliteBatch{ctx: ctx, tx: tx, statements: s.statements}).erase(found.article.id); err != nil {
			return err
		}
		return tx.Commit()
	})
	if errors.Is(err, sql.ErrNoRows) { // another call has erased the article meanwhile
		return s.readTombstone(ctx, idOrURL)
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("erasing article %s from %s: %w", found.article.id, s.path, s.explain(err))
	}
	return erased, nil
}

// secureDeleteBusyMillis is how long withSecureDelete waits for readers before
// it leaves the write-ahead log as it is. Overwrite empties the log later.
const secureDeleteBusyMillis = "1000"

// withSecureDelete calls run on the connection that writes, which overwrites
// deleted data with zeros, both in the file and, unless readers prevent it, in
// the write-ahead log.
func (s *sqliteStore) withSecureDelete(ctx context.Context, run func(*sql.Conn) error) (err error) {
	s.checkpoints.mutex.Lock() // before the connection, in the same order as a checkpoint
	defer s.checkpoints.mutex.Unlock()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	pragma := func(ctx context.Context, pragma string) {
		_, failure := conn.ExecContext(ctx, "PRAGMA "+pragma)
		err = errors.Join(err, failure)
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		pragma(ctx, "secure_delete = OFF")
		pragma(ctx, "busy_timeout = "+sqliteBusyMillis)
	}()
	if pragma(ctx, "secure_delete = ON"); err != nil {
		return err
	}
	if err := run(conn); err != nil {
		return err
	}
	pragma(ctx, "busy_timeout = "+secureDeleteBusyMillis)
	pragma(ctx, "wal_checkpoint(TRUNCATE)")
	return err
}

// readTombstone returns the erasure of an article that was erased before.
func (s *sqliteStore) readTombstone(ctx context.Context, name string) (Erasure, error) {
	aliases, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (aliasRow, error) {
		var a aliasRow
		err := rows.Scan(&a.url, &a.articleID)
		return a, err
	}, `SELECT url, article_id FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url = ?1)
		AND substr(article_id, 1, length(?2)) = ?2 ORDER BY canonical DESC, fetch_time DESC, url`, CleanText(name), tombstone)
	if err != nil {
		return Erasure{}, fmt.Errorf("reading the tombstone of %.200q from %s: %w", name, s.path, s.explain(err))
	}
	return erasureOf(name, aliases)
}

// erase erases an article. The error is sql.ErrNoRows if it is not stored.
func (b *sqliteBatch) erase(id string) (Erasure, error) {
	before, err := b.loadStored(id)
	if err != nil {
		return Erasure{}, err
	}
	e := Erasure{ID: id, Host: before.row.host}
	if err := b.describe(&e); err != nil {
		return Erasure{}, err
	}
	if err := b.run(b.statements.removeKeys, before.rowID); err != nil {
		return Erasure{}, err
	}
	if err := b.run(b.statements.deleteWords, before.rowID); err != nil {
		return Erasure{}, err
	}
	steps := []step{
		{`DELETE FROM revisions WHERE article_id = ?`, []any{id}},
		{`DELETE FROM replaced_records WHERE article_id = ?`, []any{id}},
		{`DELETE FROM articles WHERE id = ?`, []any{id}},
		// The id and the canonical URL get the highest time, so that no later
		// alias overrides them.
		{`UPDATE aliases SET article_id = ?2 || article_id, canonical = 1 WHERE article_id = ?1`, []any{id, tombstone}},
		{`INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?1, ?2 || ?1, ?3, 9223372036854775807)
			ON CONFLICT (url) DO UPDATE SET
			article_id = excluded.article_id, canonical = excluded.canonical, fetch_time = excluded.fetch_time`,
			[]any{id, tombstone, !e.IsForeign(before.row.canonicalURL)}},
		{`UPDATE aliases SET fetch_time = 9223372036854775807 WHERE url = ?`, []any{before.row.canonicalURL}},
		{`UPDATE sources SET articles = articles - 1 WHERE host = ?`, []any{before.row.host}},
	}
	for _, url := range e.foreignURLs() {
		steps = append(steps, step{`UPDATE aliases SET canonical = 0 WHERE url = ?1 AND article_id = ?2`,
			[]any{url, tombstone + id}})
	}
	if err := b.runSteps(steps); err != nil {
		return Erasure{}, err
	}
	return e, b.writeErasedTexts(e)
}

// describe adds the article's URLs, pages and number of revisions to the erasure.
func (b *sqliteBatch) describe(e *Erasure) error {
	rows, err := b.tx.QueryContext(b.ctx, `SELECT 1, CAST(record AS BLOB) FROM revisions WHERE article_id = ?1
		UNION ALL SELECT 0, CAST(url AS BLOB) FROM aliases WHERE article_id = ?1`, e.ID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var isRecord bool
		var data []byte
		if err := rows.Scan(&isRecord, &data); err != nil {
			return err
		}
		if isRecord {
			e.addRevision(data)
		} else {
			e.addURL(string(data))
		}
	}
	return rows.Err()
}

func (s *sqliteStore) ErasedURLs(ctx context.Context, urls []string) (map[string]bool, error) {
	list, err := json.Marshal(urls)
	if err != nil {
		return nil, fmt.Errorf("encoding URLs: %w", err)
	}
	found, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (url string, err error) {
		return url, rows.Scan(&url)
	}, `SELECT url FROM aliases WHERE url IN (SELECT value FROM json_each(?1)) AND canonical
		AND substr(article_id, 1, length(?2)) = ?2`, string(list), tombstone)
	if err != nil {
		return nil, fmt.Errorf("looking up erased URLs in %s: %w", s.path, s.explain(err))
	}
	return setOf(found), nil
}
