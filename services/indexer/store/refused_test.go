package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// writes are methods that write, on the store of fillForWrites.
var writes = map[string]func(context.Context, store.Store) error{
	"a new article": putting(article("new", "New", joined(prose(5, 6)...), after(9))),
	"a copy":        putting(article("copy", "Copied", joined(prose(1, 6)...), after(9))),
	"a bridge between two stories": putting(
		article("both", "Both", joined(slices.Concat(prose(1, 6), prose(2, 6))...), after(9))),
	"a revision":   putting(article("a1", "Changed", joined(prose(6, 6)...), after(9))),
	"another word": putting(tagged(article("a1", "A", joined(prose(1, 6)...), after(9)))),
	"a moved article": func(ctx context.Context, s store.Store) error {
		moved := article("moved", "B", joined(prose(2, 6)...), after(9))
		moved.RequestedUrl = "https://example.com/b1"
		return putting(moved)(ctx, s)
	},
	"a replay": putting(again(changedArticle(), "two", "Harbour strike ends")),
	"an undo":  putting(undo(changedArticle(), "one")),
	"outcomes": func(ctx context.Context, s store.Store) error {
		dead := outcome(datelinev1.Stage_STAGE_FETCH, "dead", after(9)) // replaces one that is dead
		return s.Record(ctx, []*datelinev1.Outcome{dead, outcome(datelinev1.Stage_STAGE_FETCH, "new", after(9))},
			store.Span{Stream: "OUTCOMES", Created: noon, First: 9, Last: 9})
	},
	"rolling up": func(ctx context.Context, s store.Store) error {
		_, err := s.RollUp(ctx, after(100*24))
		return err
	},
	"spans": func(ctx context.Context, s store.Store) error {
		old, err := s.Spans(ctx, "OUTCOMES")
		return errors.Join(err, s.ReplaceSpans(ctx, old,
			[]store.Span{{Stream: "OUTCOMES", Created: noon, First: 1, Last: 7}}))
	},
	"erasing": func(ctx context.Context, s store.Store) error {
		_, err := s.Erase(ctx, "id-changed")
		return err
	},
	"erasing a copy": func(ctx context.Context, s store.Store) error {
		_, err := s.Erase(ctx, "id-a2")
		return err
	},
	"overwriting": func(ctx context.Context, s store.Store) error {
		_, err := s.Overwrite(ctx)
		return err
	},
	"expiring": func(ctx context.Context, s store.Store) error {
		_, _, err := s.ExpireOutcomes(ctx, after(20), after(20))
		return err
	},
	"trimming": func(ctx context.Context, s store.Store) error {
		_, _, err := s.TrimRevisions(ctx, after(20), after(1000))
		return err
	},
	"saving a search": func(ctx context.Context, s store.Store) error {
		_, err := s.SaveSearch(ctx, "Ferries", "q=ferry")
		return err
	},
	"deleting a saved search": func(ctx context.Context, s store.Store) error {
		saved, err := s.SavedSearches(ctx)
		if err != nil || len(saved) == 0 {
			return fmt.Errorf("%d saved searches, %w", len(saved), err)
		}
		return s.DeleteSavedSearch(ctx, saved[0].ID)
	},
	"indexing": func(ctx context.Context, s store.Store) error {
		_, err := s.Reindex(ctx, store.NewestRow, true)
		return err
	},
}

// putting returns a function that stores an article. That the store refuses the article is an error, too.
func putting(a *datelinev1.Article) func(context.Context, store.Store) error {
	return func(ctx context.Context, s store.Store) error {
		results, err := s.Put(ctx, []*datelinev1.Article{a})
		if err == nil {
			err = results[0].Err
		}
		return err
	}
}

func tagged(a *datelinev1.Article) *datelinev1.Article {
	a.Tags = []string{"sea"}
	return a
}

// changedArticle returns an article whose older revision is in the store of fillForWrites, too.
func changedArticle() *datelinev1.Article {
	return article("changed", "Ferry strike ends", joined(prose(3, 6)...), after(2))
}

// fillForWrites stores something for each of the writes.
func fillForWrites(t *testing.T, s store.Store) {
	t.Helper()
	put(t, s, article("a1", "A", joined(prose(1, 6)...), after(1)), article("a2", "A", joined(prose(1, 6)...), after(2)))
	put(t, s, article("b1", "B", joined(prose(2, 6)...), after(1)), article("b2", "B", joined(prose(2, 6)...), after(2)))
	put(t, s, article("changed", "Ferry strike", joined(prose(4, 6)...), after(1)), changedArticle())
	put(t, s, again(changedArticle(), "one", "Quay strike ends"))
	put(t, s, article("gone", "Gone", joined(prose(7, 6)...), after(1)))
	if _, err := s.Erase(t.Context(), "id-gone"); err != nil {
		t.Fatal(err)
	}
	dead := outcome(datelinev1.Stage_STAGE_FETCH, "dead", after(0))
	dead.Verdict, dead.Reason = datelinev1.Verdict_VERDICT_DEAD, "http_404"
	record(t, s, append(news("example.com", after(1), 2), dead)...)
	record(t, s, news("old.example", after(-100*24), 1)...)
	rollUp(t, s, after(-99*24))
	span := store.Span{Stream: "OUTCOMES", Created: noon, First: 1, Last: 3}
	if err := s.ReplaceSpans(t.Context(), nil, []store.Span{span}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSearch(t.Context(), "Harbour", "q=harbour"); err != nil {
		t.Fatal(err)
	}
	_, err := s.SQL().Writer.ExecContext(t.Context(), `UPDATE articles SET words_hash = 'other' WHERE id = 'id-a1'`)
	if err != nil {
		t.Fatal(err)
	}
}

// TestRefusedStatements has each kind of statement of each write fail in turn.
func TestRefusedStatements(t *testing.T) {
	t.Parallel()
	storetest.Refuse(t, fillForWrites, writes)
}
