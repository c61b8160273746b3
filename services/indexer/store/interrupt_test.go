package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// interrupt calls do until none of its steps is interrupted, and check after each call that reports no error.
func (b backend) interrupt(t *testing.T, do func(context.Context) error, check func()) {
	t.Helper()
	if b.failing != nil {
		b.failing.Each(t, do, check)
		return
	}
	ctxtest.Interrupt(t, b.looks, func(ctx context.Context) error {
		err := do(ctx)
		if err == nil {
			check()
		}
		return err
	})
}

// testInterruptedReads interrupts each read at each of its steps: it must fail or return the whole answer.
func testInterruptedReads(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, harbourArticles()...)
	copyOf := article("copy", "Copied", joined(prose(1, 8)...), after(1))
	copyOf.Host = "copies.test"
	put(t, s, article("a", "First", joined(prose(1, 8)...), after(0)), copyOf)
	put(t, s, article("a", "First, changed", joined(prose(2, 8)...), after(2)))
	put(t, s, article("gone", "Gone", "Gone.", after(1)))
	if _, err := s.Erase(t.Context(), "id-gone"); err != nil {
		t.Fatal(err)
	}
	record(t, s,
		outcome(datelinev1.Stage_STAGE_FETCH, "a", after(0)), outcome(datelinev1.Stage_STAGE_EXTRACT, "a", after(1)),
		outcome(datelinev1.Stage_STAGE_FETCH, "b", after(1)))
	rollUp(t, s, after(5))
	if _, err := s.SaveSearch(t.Context(), "Harbour", "q=harbour"); err != nil {
		t.Fatal(err)
	}
	span := store.Span{Stream: "FETCHED", Created: noon, First: 1, Last: 3}
	if err := s.ReplaceSpans(t.Context(), nil, []store.Span{span}); err != nil {
		t.Fatal(err)
	}
	// The first call of some methods reads more than the following ones.
	if _, err := s.Stats(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctxtest.ReadsWith(t, func(t *testing.T, do func(context.Context) error) {
		b.interrupt(t, do, func() {})
	}, interruptedReads(s))
}

func interruptedReads(s store.Store) map[string]func(context.Context) (any, error) {
	search := func(query store.Query) func(context.Context) (any, error) {
		return func(ctx context.Context) (any, error) {
			page, err := s.Search(ctx, query)
			var hits []string
			for _, hit := range page.Hits {
				hits = append(hits, fmt.Sprint(hit.Article.GetId(), hit.Article.GetTitle(), hit.Story, hit.Copies, hit.First,
					hit.Snippet, hit.TitleMatches))
			}
			return fmt.Sprintf("%q %q", hits, page.Next), err
		}
	}
	return map[string]func(context.Context) (any, error){
		"newest articles": search(store.Query{Limit: 2}),
		"words":           search(store.Query{Text: "lighthouse report"}),
		"a phrase":        search(store.Query{Text: `"lighthouse keeper"`}),
		"best matches":    search(store.Query{Text: "lighthouse", ByRank: true}),
		"stories":         search(store.Query{OnePerStory: true}),
		"an article": func(ctx context.Context) (any, error) {
			hit, err := s.Article(ctx, "https://example.com/a")
			return hit.Article.GetTitle(), err
		},
		"an article by the beginning of its id": func(ctx context.Context) (any, error) {
			hit, err := s.Article(ctx, "id-harbour")
			return hit.Article.GetTitle(), err
		},
		"revisions": func(ctx context.Context) (any, error) {
			revisions, err := s.Revisions(ctx, "id-a")
			return fmt.Sprint(revisions), err
		},
		"facets": func(ctx context.Context) (any, error) { return s.Facets(ctx, store.Query{Text: "lighthouse"}) },
		"a phrase's facets": func(ctx context.Context) (any, error) {
			return s.Facets(ctx, store.Query{Text: `"lighthouse keeper"`})
		},
		"a story": func(ctx context.Context) (any, error) {
			return s.Story(ctx, "id-copy")
		},
		"erased URLs": func(ctx context.Context) (any, error) {
			return s.ErasedURLs(ctx, []string{"https://example.com/gone", "https://example.com/a"})
		},
		"outcomes": func(ctx context.Context) (any, error) {
			outcomes, err := s.Outcomes(ctx, "https://example.com/a")
			return fmt.Sprint(outcomes), err
		},
		"a request's outcomes": func(ctx context.Context) (any, error) {
			outcomes, err := s.RequestOutcomes(ctx, []string{"request-a"})
			return fmt.Sprint(outcomes), err
		},
		"tally": func(ctx context.Context) (any, error) { return s.Tally(ctx) },
		"hours": func(ctx context.Context) (any, error) { return s.Hours(ctx, "", after(-1)) },
		"outstanding": func(ctx context.Context) (any, error) {
			return s.Outstanding(ctx, datelinev1.Stage_STAGE_EXTRACT, after(-1), after(3))
		},
		"unfinished": func(ctx context.Context) (any, error) {
			n := 0
			for _, err := range s.Unfinished(ctx, datelinev1.Stage_STAGE_EXTRACT, after(-1), after(3)) {
				if err != nil {
					return nil, err
				}
				n++
			}
			return n, nil
		},
		"the ledger's beginning": func(ctx context.Context) (any, error) { return s.OutcomesSince(ctx) },
		"sources": func(ctx context.Context) (any, error) {
			return s.Sources(ctx, store.SourceQuery{Since: after(-1), At: after(5), Limit: 10})
		},
		"site names": func(ctx context.Context) (any, error) {
			return s.SiteNames(ctx, []string{"example.com", "copies.test"})
		},
		"source states":  func(ctx context.Context) (any, error) { return s.SourceStates(ctx, after(5)) },
		"spans":          func(ctx context.Context) (any, error) { return s.Spans(ctx, "FETCHED") },
		"saved searches": func(ctx context.Context) (any, error) { return s.SavedSearches(ctx) },
		"stats":          func(ctx context.Context) (any, error) { return s.Stats(ctx) },
		"size": func(ctx context.Context) (any, error) {
			size, err := s.Size(ctx)
			return size.Articles, err
		},
		"usage": func(ctx context.Context) (any, error) {
			usage, err := s.Usage(ctx) // what is not estimated
			return fmt.Sprint(usage.Articles, usage.Revisions, usage.OldestOutcome), err
		},
	}
}

// testInterruptedWrites interrupts each write at each of its steps. What was not reported as stored may be
// repeated, and is then stored once.
func testInterruptedWrites(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	first := article("a", "First", joined(prose(1, 8)...), after(0))
	copyOf := article("copy", "Copied", joined(prose(1, 8)...), after(1))
	copyOf.Host = "copies.test"
	t.Run("put", func(t *testing.T) {
		b.interrupt(t, func(ctx context.Context) error {
			_, err := s.Put(ctx, []*datelinev1.Article{first, copyOf},
				store.Span{Stream: "EXTRACTED", Created: noon, First: 1, Last: 2})
			return err
		}, func() {
			wantStats(t, s, 2, 2)
			wantStory(t, s, "id-a", "a", "copy")
		})
	})
	t.Run("put a revision", func(t *testing.T) {
		changed := article("a", "Second", joined(prose(2, 8)...), after(2))
		b.interrupt(t, func(ctx context.Context) error {
			_, err := s.Put(ctx, []*datelinev1.Article{changed})
			return err
		}, func() {
			wantStats(t, s, 2, 3)
			wantArticle(t, s, "id-a", changed)
			wantNames(t, "second", find(t, s, "second"), "a")
		})
	})
	t.Run("record", func(t *testing.T) {
		all := []*datelinev1.Outcome{
			outcome(datelinev1.Stage_STAGE_FETCH, "a", after(0)), outcome(datelinev1.Stage_STAGE_FETCH, "b", after(1)),
		}
		b.interrupt(t, func(ctx context.Context) error {
			return s.Record(ctx, all, store.Span{Stream: "OUTCOMES", Created: noon, First: 1, Last: 2})
		}, func() {
			wantOutcomes(t, outcomesOf(t, s, "https://example.com/a"), all[0])
			if got := spansOf(t, s, "OUTCOMES"); got != "1-2" {
				t.Errorf("the spans are %q, want 1-2", got)
			}
		})
	})
	t.Run("save a search", func(t *testing.T) {
		b.interrupt(t, func(ctx context.Context) error {
			_, err := s.SaveSearch(ctx, "Harbour", "q=harbour")
			return err
		}, func() {
			if all, err := s.SavedSearches(t.Context()); err != nil || len(all) != 1 {
				t.Errorf("saved searches %+v, %v; want one", all, err)
			}
		})
	})
	t.Run("index again", func(t *testing.T) {
		b.interrupt(t, func(ctx context.Context) error {
			if err := s.EmptyIndex(ctx); err != nil {
				return err
			}
			if _, err := s.Reindex(ctx, store.NewestRow, true); err != nil {
				return err
			}
			return s.FinishIndex(ctx)
		}, func() { wantNames(t, "second", find(t, s, "second"), "a") })
	})
	testInterruptedErasure(t, b, s, dsn)
}

func testInterruptedErasure(t *testing.T, b backend, s store.Store, dsn string) {
	t.Run("erase", func(t *testing.T) {
		b.interrupt(t, func(ctx context.Context) error {
			_, err := s.Erase(ctx, "id-a")
			return err
		}, func() {
			if _, err := s.Article(t.Context(), "id-a"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("reading an erased article: error %v, want ErrNotFound", err)
			}
			wantNames(t, "second", find(t, s, "second"))
			wantStory(t, s, "id-copy", "copy")
		})
		b.interrupt(t, func(ctx context.Context) error {
			_, err := s.Overwrite(ctx)
			return err
		}, func() {
			if n := b.pendingOverwrites(t, dsn); n != 0 {
				t.Errorf("%d erasures are not overwritten", n)
			}
		})
	})
}

// TestFailingStatements runs the tests that interrupt reads and writes with statements that fail in turn, because the
// connection to the database is lost.
func TestFailingStatements(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, backend){
		"reads": testInterruptedReads, "writes": testInterruptedWrites,
	} {
		t.Run(name, func(t *testing.T) {
			b := postgresBackend
			b.failing = postgrestest.Fail(t, b.newDSN(t))
			b.newDSN = func(testing.TB) string { return b.failing.URL }
			test(t, b)
		})
	}
}

// TestInterruptedRetention is not part of the conformance suite: PostgreSQL skips rows while it still rolls back the
// previous call.
func TestInterruptedRetention(t *testing.T) {
	b := sqliteBackend
	s := b.open(t)
	put(t, s, article("a", "First", joined(prose(1, 8)...), after(0)))
	put(t, s, article("a", "Second", joined(prose(2, 8)...), after(2)))
	record(t, s,
		outcome(datelinev1.Stage_STAGE_FETCH, "a", after(0)), outcome(datelinev1.Stage_STAGE_FETCH, "b", after(1)))
	rollUp(t, s, after(48))
	t.Run("expire", func(t *testing.T) {
		ctxtest.Interrupt(t, b.looks, func(ctx context.Context) error {
			for more := true; more; {
				var err error
				if _, more, err = s.ExpireOutcomes(ctx, after(20), time.Time{}); err != nil {
					return err
				}
			}
			wantOutcomes(t, outcomesOf(t, s, "https://example.com/a"))
			return nil
		})
	})
	t.Run("trim", func(t *testing.T) {
		ctxtest.Interrupt(t, b.looks, func(ctx context.Context) error {
			_, _, err := s.TrimRevisions(ctx, after(20), after(1000))
			if err == nil {
				wantTexts(t, s, "id-a", false, true)
			}
			return err
		})
	})
}
