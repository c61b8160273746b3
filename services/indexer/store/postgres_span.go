package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Spans(ctx context.Context, stream string) ([]Span, error) {
	spans, err := collect(ctx, s, func(row pgx.CollectableRow) (Span, error) {
		span := Span{Stream: stream}
		var created int64
		err := row.Scan(&span.row, &created, &span.First, &span.Last)
		span.Created = fromUnixNanos(created)
		return span, err
	}, `SELECT number, created, first, last FROM stream_spans WHERE stream = $1 ORDER BY number`, stream)
	if err != nil {
		return nil, fmt.Errorf("reading the spans of %s from %s: %w", stream, s.name, s.explain(err))
	}
	return spans, nil
}

func (s *postgresStore) ReplaceSpans(ctx context.Context, old, by []Span) error {
	rows := make([]int64, len(old))
	for i, span := range old {
		rows[i] = span.row
	}
	err := s.inTransaction(ctx, func(tx pgx.Tx) error {
		b := &postgresBatch{ctx: ctx, tx: tx}
		if err := b.exec(`DELETE FROM stream_spans WHERE number = ANY ($1)`, rows); err != nil {
			return err
		}
		return b.writeSpans(by)
	})
	if err != nil {
		return fmt.Errorf("writing %d spans to %s: %w", len(by), s.name, s.explain(err))
	}
	return nil
}

// writeSpans adds rows and changes none, so that writers do not wait for each other.
func (b *postgresBatch) writeSpans(spans []Span) error {
	if len(spans) == 0 {
		return nil
	}
	var streams []string
	var created, first, last []int64
	for _, s := range spans {
		streams, created = append(streams, s.Stream), append(created, unixNanos(s.Created))
		first, last = append(first, int64(s.First)), append(last, int64(s.Last))
	}
	err := b.exec(`INSERT INTO stream_spans (stream, created, first, last)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])`, streams, created, first, last)
	if err != nil {
		return fmt.Errorf("writing %d spans: %w", len(spans), err)
	}
	return nil
}
