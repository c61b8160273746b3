package store

import (
	"context"
	"database/sql"
	"fmt"
)

func (s *sqliteStore) Spans(ctx context.Context, stream string) ([]Span, error) {
	spans, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (Span, error) {
		span := Span{Stream: stream}
		var created int64
		err := rows.Scan(&span.row, &created, &span.First, &span.Last)
		span.Created = fromUnixNanos(created)
		return span, err
	}, `SELECT number, created, first, last FROM stream_spans WHERE stream = ? ORDER BY number`, stream)
	if err != nil {
		return nil, fmt.Errorf("reading the spans of %s from %s: %w", stream, s.path, s.explain(err))
	}
	return spans, nil
}

func (s *sqliteStore) ReplaceSpans(ctx context.Context, old, by []Span) error {
	if err := s.replaceSpans(ctx, old, by); err != nil {
		return fmt.Errorf("writing %d spans to %s: %w", len(by), s.path, s.explain(err))
	}
	return nil
}

func (s *sqliteStore) replaceSpans(ctx context.Context, old, by []Span) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, span := range old {
		if _, err := tx.ExecContext(ctx, `DELETE FROM stream_spans WHERE number = ?`, span.row); err != nil {
			return err
		}
	}
	if err := (&sqliteBatch{ctx: ctx, tx: tx, statements: s.statements}).writeSpans(by); err != nil {
		return err
	}
	return s.commit(tx)
}

func (b *sqliteBatch) writeSpans(spans []Span) error {
	for _, s := range spans {
		if err := b.run(b.statements.span, s.Stream, unixNanos(s.Created), int64(s.First), int64(s.Last)); err != nil {
			return fmt.Errorf("writing the span from message %d of %s: %w", s.First, s.Stream, err)
		}
	}
	return nil
}
