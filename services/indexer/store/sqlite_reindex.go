package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// EmptyIndex removes all entries without reading them.
func (s *sqliteStore) EmptyIndex(ctx context.Context) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }()
		if _, err = tx.ExecContext(ctx, `INSERT INTO article_words (article_words) VALUES ('delete-all')`); err == nil {
			err = s.commit(tx)
		}
	}
	if err != nil {
		return fmt.Errorf("emptying the index of words in %s: %w", s.path, s.explain(err))
	}
	return nil
}

// FinishIndex does nothing: the index is complete.
func (*sqliteStore) FinishIndex(context.Context) error { return nil }

func (s *sqliteStore) Reindex(ctx context.Context, before int64, write bool) (Reindexed, error) {
	start := time.Now()
	result, err := s.reindex(ctx, before, write)
	if err != nil {
		return Reindexed{}, fmt.Errorf("indexing articles again in %s: %w", s.path, s.explain(err))
	}
	result.Took = time.Since(start)
	return result, nil
}

func (s *sqliteStore) reindex(ctx context.Context, before int64, write bool) (result Reindexed, err error) {
	db := s.readers
	if write {
		db = s.writer
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: !write})
	if err != nil {
		return result, err
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, `SELECT a.row, a.id, a.words_hash, r.record,
		EXISTS (SELECT 1 FROM article_words_docsize d WHERE d.id = a.row)
		FROM articles a JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.row < ? ORDER BY a.row DESC LIMIT ?`, before, reindexBatch)
	if err != nil {
		return result, err
	}
	stored, err := ScanRows(rows, func(rows *sql.Rows) (r indexedRow, err error) {
		return r, rows.Scan(&r.row, &r.id, &r.hash, &r.record, &r.isIndexed)
	})
	if err != nil {
		return result, err
	}
	batch := &sqliteBatch{ctx: ctx, tx: tx, statements: s.statements, merges: &s.merges}
	if write {
		if err := batch.paceMerges(); err != nil {
			return result, err
		}
	}
	for _, r := range result.readWords(stored) {
		hash := r.words.hash()
		if r.isIndexed && r.hash == hash {
			continue
		}
		if result.Wrong++; !write {
			continue
		}
		w := r.words
		err := batch.run(s.statements.replaceWords, r.row, w.title, w.about, w.bodyAndStems(), w.filters)
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE articles SET words_hash = ? WHERE row = ?`, hash, r.row)
		}
		if err != nil {
			return result, fmt.Errorf("indexing article %s: %w", r.id, err)
		}
	}
	if err := batch.dropExtraWords(&result, before, write); err != nil {
		return result, fmt.Errorf("removing entries that have no article: %w", err)
	}
	if !write {
		return result, nil
	}
	return result, s.commit(tx)
}

// dropExtraWords finds the entries of the index that have no article, in the range of rows
// of the result, and deletes them if write is true.
func (b *sqliteBatch) dropExtraWords(result *Reindexed, before int64, write bool) error {
	rows, err := b.tx.QueryContext(b.ctx, `SELECT d.id FROM article_words_docsize d WHERE d.id >= ? AND d.id < ?
		AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.row = d.id)`, result.Before, before)
	if err != nil {
		return err
	}
	extra, err := ScanRows(rows, func(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return err
	}
	result.Extra = len(extra)
	for _, row := range extra {
		if write {
			err = b.run(b.statements.deleteWords, row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
