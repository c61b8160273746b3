package store

import (
	"context"
	"fmt"
	"time"
)

// Usage tells how the space of a store is used. It is estimated from samples and from what the
// database knows of its tables, so that reading it is cheap in a large store.
type Usage struct {
	// Bytes is the size of the store on disk, as in Size.
	Bytes int64
	// OutcomeBytes is the part of the ledger's outcomes and their indexes.
	OutcomeBytes int64
	// FreeBytes is the unused part of the SQLite file, which is used for new rows. It is 0
	// with PostgreSQL, which keeps free space inside its tables.
	FreeBytes int64
	// Outcomes is the number of outcomes that are kept.
	Outcomes int64
	// OldestOutcome is the time of the oldest outcome that is kept, or zero.
	OldestOutcome time.Time
	// Articles and Revisions are exact.
	Articles, Revisions int64
}

const (
	// usageSample is the number of outcomes whose size is measured.
	usageSample = 200
	// outcomeOverhead is what SQLite needs for an outcome besides its texts and its record, in
	// bytes, and indexFill how much of the pages of an index is used.
	outcomeOverhead, indexOverhead, indexFill = 40, 60, 0.7
)

// articlesAndRevisions selects the numbers of articles and of revisions that were stored.
const articlesAndRevisions = `SELECT coalesce(sum(articles), 0), coalesce(sum(revisions), 0) FROM sources`

func (s *sqliteStore) Usage(ctx context.Context) (Usage, error) {
	size, err := s.Size(ctx)
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Bytes: size.Bytes}
	var table, indexes float64
	var oldest *time.Time
	err = s.readers.QueryRowContext(ctx, `SELECT coalesce((SELECT max(rowid) FROM outcomes), 0) -
			coalesce((SELECT min(rowid) FROM outcomes) - 1, 0), (SELECT min(time) FROM outcomes),
			(SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size),
			coalesce(avg(length(record) + length(host) +
				length(url) + length(input_id) + length(request_id) + length(reason)), 0),
			coalesce(avg(length(url) + length(input_id) + length(request_id) + length(reason)), 0)
		FROM (SELECT * FROM outcomes ORDER BY rowid DESC LIMIT ?)`, usageSample).
		Scan(&u.Outcomes, nullTimeTarget{&oldest}, &u.FreeBytes, &table, &indexes)
	if err == nil {
		err = s.readers.QueryRowContext(ctx, articlesAndRevisions).Scan(&u.Articles, &u.Revisions)
	}
	if err != nil {
		return Usage{}, fmt.Errorf("measuring the parts of %s: %w", s.path, s.explain(err))
	}
	if oldest != nil {
		u.OldestOutcome = *oldest
	}
	perOutcome := table + outcomeOverhead + (indexes+indexOverhead)/indexFill
	u.OutcomeBytes = min(int64(float64(u.Outcomes)*perOutcome), u.Bytes)
	return u, nil
}

func (s *postgresStore) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	var oldest *time.Time
	err := s.pool.QueryRow(ctx, `SELECT pg_database_size(current_database()), pg_total_relation_size('outcomes'),
		greatest((SELECT reltuples FROM pg_class WHERE oid = 'outcomes'::regclass)::bigint,
			(SELECT n_live_tup FROM pg_stat_user_tables WHERE relid = 'outcomes'::regclass), 0),
		(SELECT min(time) FROM outcomes)`).Scan(&u.Bytes, &u.OutcomeBytes, &u.Outcomes, &oldest)
	if err == nil {
		err = s.pool.QueryRow(ctx, articlesAndRevisions).Scan(&u.Articles, &u.Revisions)
	}
	if err != nil {
		return Usage{}, fmt.Errorf("measuring the parts of %s: %w", s.name, s.explain(err))
	}
	if oldest != nil {
		u.OldestOutcome = oldest.UTC()
	}
	return u, nil
}
