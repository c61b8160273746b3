package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *sqliteStore) Put(ctx context.Context, articles []*datelinev1.Article, from ...Span) ([]PutResult, error) {
	written := len(from) == 0
	results, err := putIsolated(articles, isSQLitePoison, func(arrivals []arrival) ([]PutResult, error) {
		tx, err := s.writer.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback() }()
		batch := &sqliteBatch{ctx: ctx, tx: tx, statements: s.statements, keys: s.keys, merges: &s.merges}
		results, err := batch.put(arrivals, from)
		if err != nil {
			return nil, err
		}
		s.languages.add(arrivals)
		if err := s.commit(tx); err != nil {
			return nil, err
		}
		written = true
		return results, nil
	})
	if err == nil && !written { // no article could be stored
		err = s.replaceSpans(ctx, nil, from)
	}
	if err != nil {
		return nil, fmt.Errorf("storing %d articles in %s: %w", len(articles), s.path, s.explain(err))
	}
	return results, nil
}

// isSQLitePoison reports whether the error is caused by the data and would occur
// again: a violated constraint, such as an operator's own trigger, or a value
// that is too large.
func isSQLitePoison(err error) bool {
	switch code, _ := sqliteCode(err); code {
	case sqliteConstraint, sqliteTooBig, sqliteMismatch:
		return true
	}
	return false
}

func (s *sqliteStore) commit(tx *sql.Tx) error {
	defer s.checkpoints.committed()
	return tx.Commit()
}

// sqliteBatch is one transaction that writes. Only put uses keys, table and merges.
type sqliteBatch struct {
	ctx        context.Context
	tx         *sql.Tx
	statements *sqliteStatements
	keys       *keyIndex
	table      keyTable
	merges     *mergePace
}

// The following methods run prepared statements. The end of the transaction closes
// the statements that StmtContext returns.

func (b *sqliteBatch) run(statement *sql.Stmt, arguments ...any) error {
	_, err := b.exec(statement, arguments...)
	return err
}

func (b *sqliteBatch) exec(statement *sql.Stmt, arguments ...any) (sql.Result, error) {
	s := b.tx.StmtContext(b.ctx, statement) //nolint:sqlclosecheck // see above
	return s.ExecContext(b.ctx, arguments...)
}

func (b *sqliteBatch) query(statement *sql.Stmt, arguments ...any) (*sql.Rows, error) {
	s := b.tx.StmtContext(b.ctx, statement) //nolint:sqlclosecheck // see above
	return s.QueryContext(b.ctx, arguments...)
}

func (b *sqliteBatch) queryRow(statement *sql.Stmt, arguments ...any) *sql.Row {
	s := b.tx.StmtContext(b.ctx, statement) //nolint:sqlclosecheck // see above
	return s.QueryRowContext(b.ctx, arguments...)
}

func (b *sqliteBatch) runSteps(steps []step) error {
	for _, s := range steps {
		if _, err := b.tx.ExecContext(b.ctx, s.query, s.arguments...); err != nil {
			return err
		}
	}
	return nil
}

func (b *sqliteBatch) put(arrivals []arrival, from []Span) ([]PutResult, error) {
	links, known, err := b.load(arrivals)
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	erased, err := b.loadErasedTexts(arrivals)
	if err != nil {
		return nil, fmt.Errorf("reading the erased texts: %w", err)
	}
	changes, results := planChanges(links, known, erased, arrivals)
	for _, c := range changes {
		if err := b.join(c); err != nil {
			return nil, fmt.Errorf("joining articles with %s: %w", c.row.id, err)
		}
	}
	now := time.Now().UnixMicro()
	if err := b.readRecentKeys(now); err != nil {
		return nil, fmt.Errorf("reading the keys of the newest articles: %w", err)
	}
	moves, err := findStories(changes, b.candidates)
	if err != nil {
		return nil, fmt.Errorf("looking for copies: %w", err)
	}
	markCopies(changes, results)
	if err := b.runSteps(replacementSteps(changes)); err != nil {
		return nil, fmt.Errorf("keeping the replaced records: %w", err)
	}
	for _, c := range changes {
		if err := b.writeArticle(c); err != nil {
			return nil, fmt.Errorf("writing article %s: %w", c.row.id, err)
		}
	}
	if err := b.writeMoves(moves); err != nil {
		return nil, err
	}
	if err := b.writeAliases(aliasesOf(changes)); err != nil {
		return nil, err
	}
	if err := b.writeSources(sourcesOf(changes)); err != nil {
		return nil, err
	}
	if err := b.saveWindow(now); err != nil {
		return nil, fmt.Errorf("deleting the keys of older articles: %w", err)
	}
	if err := b.writeSpans(from); err != nil {
		return nil, err
	}
	return results, b.writeWords(changes)
}
