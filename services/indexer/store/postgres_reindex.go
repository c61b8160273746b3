package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// EmptyIndex does nothing: FinishIndex builds the index again from the words in the table.
func (*postgresStore) EmptyIndex(context.Context) error { return nil }

// FinishIndex builds the index again while searches use the old one and articles are stored.
func (s *postgresStore) FinishIndex(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `REINDEX INDEX CONCURRENTLY articles_by_words_and_period`)
	if err != nil {
		return fmt.Errorf("building the index of words in %s again: %w", s.name, s.explain(err))
	}
	return nil
}

// The parameters are the rows' numbers, their words and the hashes of these.
const (
	differingWords = ` unnest($1::bigint[], $2::tsvector[], $3::text[]) AS n (row, words, hash)
		WHERE a.row = n.row AND (a.words, a.words_hash) IS DISTINCT FROM (n.words, n.hash)`
	findDifferingWords    = `SELECT a.row FROM articles a,` + differingWords
	replaceDifferingWords = `UPDATE articles a SET words = n.words, words_hash = n.hash FROM` + differingWords
)

func (s *postgresStore) Reindex(ctx context.Context, before int64, write bool) (result Reindexed, err error) {
	start := time.Now()
	err = s.inTransaction(ctx, func(tx pgx.Tx) error {
		result = Reindexed{}
		return result.reindexPostgres(ctx, tx, before, write)
	})
	if err != nil {
		return Reindexed{}, fmt.Errorf("indexing articles again in %s: %w", s.name, s.explain(err))
	}
	result.Took = time.Since(start)
	return result, nil
}

func (r *Reindexed) reindexPostgres(ctx context.Context, tx pgx.Tx, before int64, write bool) error {
	query := `SELECT a.row, a.id, r.record
		FROM articles a JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.row < $1 ORDER BY a.row DESC LIMIT $2`
	if write {
		query += ` FOR UPDATE OF a`
	}
	rows, err := tx.Query(ctx, query, before, reindexBatch)
	if err != nil {
		return err
	}
	stored, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (one indexedRow, err error) {
		return one, row.Scan(&one.row, &one.id, &one.record)
	})
	if err != nil {
		return err
	}
	var numbers []int64
	var vectors []pgtype.TSVector
	var hashes []string
	for _, one := range r.readWords(stored) {
		numbers, vectors = append(numbers, one.row), append(vectors, vectorOf(one.words))
		hashes = append(hashes, one.words.hash())
	}
	query = findDifferingWords
	if write {
		query = replaceDifferingWords
	}
	changed, err := tx.Exec(ctx, query, numbers, vectors, hashes)
	r.Wrong = int(changed.RowsAffected())
	return err
}
