package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// trimBatch is the maximum number of revisions that one step examines.
const trimBatch = 100

// trim deletes the texts of old revisions in one transaction.
type trim struct {
	ctx      context.Context
	tx       *sql.Tx
	postgres bool
	before   time.Time
	now      time.Time
}

// at returns a time as the revisions have it.
func (t trim) at(when time.Time) any {
	if t.postgres {
		return when
	}
	return when.UnixMicro()
}

// step examines revisions that replaced others before a time, and deletes the texts of those.
func (t trim) step() (removed int64, more bool, err error) {
	query := `SELECT article_id FROM revisions WHERE number > 1 AND trimmed = 0 AND first_seen < $1
		ORDER BY first_seen LIMIT $2`
	if t.postgres {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	rows, err := t.tx.QueryContext(t.ctx, query, t.at(t.before), trimBatch)
	if err != nil {
		return 0, false, err
	}
	examined := 0
	ids := map[string]bool{}
	if _, err := collectRows(rows, func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		ids[id], examined = true, examined+1
		return id, err
	}); err != nil {
		return 0, false, err
	}
	for id := range ids {
		n, err := t.article(id)
		if err != nil {
			return 0, false, fmt.Errorf("article %s: %w", id, err)
		}
		removed += n
	}
	return removed, examined == trimBatch, nil
}

// article deletes the texts of an article's revisions that a later one replaced before the time.
// The newest revision keeps its text.
func (t trim) article(id string) (removed int64, err error) {
	type row struct {
		number int
		record []byte
	}
	rows, err := t.tx.QueryContext(t.ctx, `SELECT number, record FROM revisions r
		WHERE article_id = $1 AND text_removed = 0
		AND number <> (SELECT revision FROM articles WHERE id = $1)
		AND EXISTS (SELECT 1 FROM revisions l WHERE l.article_id = $1 AND l.first_seen > r.first_seen
			AND l.first_seen < $2)`, id, t.at(t.before))
	if err != nil {
		return 0, err
	}
	old, err := collectRows(rows, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.number, &r.record)
	})
	if err != nil {
		return 0, err
	}
	for _, r := range old {
		record, err := withoutText(id, r.record)
		if err != nil {
			return 0, err
		}
		if _, err := t.tx.ExecContext(t.ctx, `UPDATE revisions SET record = $1, text_removed = $2
			WHERE article_id = $3 AND number = $4`, record, t.now.UnixMicro(), id, r.number); err != nil {
			return 0, err
		}
	}
	_, err = t.tx.ExecContext(t.ctx, `UPDATE revisions SET trimmed = 1
		WHERE article_id = $1 AND number > 1 AND trimmed = 0 AND first_seen < $2`, id, t.at(t.before))
	return int64(len(old)), err
}

// withoutText returns a record without its text and images. What it states about the article
// stays, such as the headline and the number of words.
func withoutText(id string, record []byte) ([]byte, error) {
	article, err := decodeArticle(id, record)
	if err != nil {
		return nil, err
	}
	article.Text, article.Body, article.Images = "", nil, nil
	return encodeArticle(article)
}

func (s *sqliteStore) TrimRevisions(
	ctx context.Context, before, now time.Time,
) (removed int64, more bool, err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if removed, more, err = (trim{ctx: ctx, tx: tx, before: before, now: now}).step(); err == nil {
			err = s.commit(tx)
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("deleting texts of old revisions from %s: %w", s.path, s.explain(err))
	}
	return removed, more, nil
}

func (s *postgresStore) TrimRevisions(
	ctx context.Context, before, now time.Time,
) (removed int64, more bool, err error) {
	tx, err := s.sql.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if removed, more, err = (trim{ctx: ctx, tx: tx, postgres: true, before: before, now: now}).step(); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("deleting texts of old revisions from %s: %w", s.name, s.explain(err))
	}
	return removed, more, nil
}
