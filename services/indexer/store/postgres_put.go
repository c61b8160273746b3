package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// statementBytes is the approximate amount of data in one statement.
const statementBytes = 16 << 20

// putOptions begin a transaction that stores articles. With less memory, PostgreSQL merges the new
// entries of the index of words in several steps, and each of them writes the same pages.
var putOptions = pgx.TxOptions{BeginQuery: `BEGIN; SET LOCAL work_mem = '64MB'`}

func (s *postgresStore) Put(ctx context.Context, articles []*datelinev1.Article, from ...Span) ([]PutResult, error) {
	if s.keys.lastRead() == 0 { // there may be many: read them before any row is locked
		if err := s.readKeys(ctx, s.pool, 0); err != nil {
			return nil, fmt.Errorf("reading the keys of the newest articles from %s: %w", s.name, s.explain(err))
		}
	}
	written := len(from) == 0
	results, err := putIsolated(articles, isPostgresPoison, func(arrivals []arrival) (results []PutResult, err error) {
		err = s.inTransactionWith(ctx, putOptions, func(tx pgx.Tx) error {
			results, err = (&postgresBatch{ctx, tx, s}).put(arrivals, from)
			return err
		})
		written = written || err == nil
		return results, err
	})
	if err == nil && !written { // no article could be stored
		return results, s.ReplaceSpans(ctx, nil, from)
	}
	if err != nil {
		return nil, fmt.Errorf("storing %d articles in %s: %w", len(articles), s.name, s.explain(err))
	}
	return results, nil
}

// isPostgresPoison reports whether the error is caused by the data and would
// occur again. Those are the classes 22 (data exception), 23 (constraint
// violation, such as of an operator's own check) and 54 (limit exceeded) of
// PostgreSQL's error codes.
func isPostgresPoison(err error) bool {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return false
	}
	class := failure.Code[:min(2, len(failure.Code))]
	return slices.Contains([]string{"22", "23", "54"}, class)
}

// postgresBatch is one transaction that writes. Only put uses store.
type postgresBatch struct {
	ctx   context.Context
	tx    pgx.Tx
	store *postgresStore
}

func (b *postgresBatch) exec(query string, arguments ...any) error {
	_, err := b.tx.Exec(b.ctx, query, arguments...)
	return err
}

func (b *postgresBatch) runSteps(steps []step) error {
	for _, s := range steps {
		if err := b.exec(s.query, s.arguments...); err != nil {
			return err
		}
	}
	return nil
}

func (b *postgresBatch) put(arrivals []arrival, from []Span) ([]PutResult, error) {
	links, err := b.loadLinks(arrivals)
	if err != nil {
		return nil, fmt.Errorf("reading what URLs lead to: %w", err)
	}
	known, err := b.loadStored(affectedIDs(arrivals, links))
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	if err := b.loadReplacements(known, replaysOf(arrivals)); err != nil {
		return nil, fmt.Errorf("reading the replaced records: %w", err)
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
	search, err := b.searchStories(changes)
	if err != nil {
		return nil, fmt.Errorf("looking for copies: %w", err)
	}
	if err := b.runSteps(replacementSteps(changes)); err != nil {
		return nil, fmt.Errorf("keeping the replaced records: %w", err)
	}
	for part := range statementParts(changes) {
		if err := b.writeArticles(part); err != nil {
			return nil, err
		}
		if err := b.writeRevisions(part); err != nil {
			return nil, fmt.Errorf("writing revisions: %w", err)
		}
	}
	if err := b.writeMoves(search.moves); err != nil {
		return nil, err
	}
	if err := b.writeAliases(aliasesOf(changes)); err != nil {
		return nil, fmt.Errorf("writing URLs: %w", err)
	}
	if err := b.writeSources(sourcesOf(changes)); err != nil {
		return nil, err
	}
	if err := b.writeSpans(from); err != nil {
		return nil, err
	}
	// Last, because other processes that store articles wait from here to the commit.
	if err := b.writeKeys(changes, search); err != nil {
		return nil, fmt.Errorf("writing the keys of sketches: %w", err)
	}
	markCopies(changes, results)
	return results, nil
}

// statementParts splits the changes into parts of about statementBytes.
func statementParts(changes []*change) iter.Seq[[]*change] {
	return func(yield func([]*change) bool) {
		start, size := 0, 0
		for i, c := range changes {
			for _, r := range c.revisions {
				size += len(r.record)
			}
			if c.words != nil {
				size += 3 * len(c.words.body) // a vector also has positions
			}
			if size >= statementBytes || i == len(changes)-1 {
				if !yield(changes[start : i+1]) {
					return
				}
				start, size = i+1, 0
			}
		}
	}
}
