package store_test

import (
	"fmt"
	"sync"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testConcurrency(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	const writers, batches, size = 4, 5, 10
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		s := reopen(t, dsn) // like another process
		writing.Go(func() {
			for batch := range batches {
				writeBatch(t, s, fmt.Sprint("w", w), batch*size, size)
			}
		})
	}
	for range 2 {
		s := reopen(t, dsn)
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				page, err := s.Search(t.Context(), store.Query{Text: "common headline", Limit: 1000})
				if err != nil {
					t.Error(err)
				}
				if hits := page.Hits; len(hits)%size != 0 {
					t.Errorf("%d hits: a reader saw only a part of a batch", len(hits))
				}
				if _, err := s.Tally(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	s := reopen(t, dsn)
	wantStats(t, s, writers*batches*size, writers*batches*size)
	if got := len(find(t, s, "common")); got != 100 {
		t.Errorf("%d hits, want the limit, 100", got)
	}
}

// writeBatch stores new articles and their outcomes. The numbers of their names
// count from first.
func writeBatch(t *testing.T, s store.Store, prefix string, first, size int) {
	t.Helper()
	var articles []*datelinev1.Article
	var outcomes []*datelinev1.Outcome
	for i := range size {
		name := numbered(prefix, first+i)
		articles = append(articles, article(name, "Common headline", name, noon))
		outcomes = append(outcomes, outcome(datelinev1.Stage_STAGE_INDEX, name, noon))
	}
	results, err := s.Put(t.Context(), articles)
	if err != nil {
		t.Error(err)
	}
	for _, r := range results {
		if r.Err != nil || r.Status != store.New {
			t.Errorf("result %+v, want a new article", r)
		}
	}
	if err := s.Record(t.Context(), outcomes); err != nil {
		t.Error(err)
	}
}

func testSameArticleConcurrently(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	const writers, articles = 4, 20
	var writing sync.WaitGroup
	for w := range writers {
		s := reopen(t, dsn)
		writing.Go(func() {
			var batch []*datelinev1.Article
			for i := range articles {
				// Each writer has its own order and time. There are two versions of the text.
				n := (i*7 + w*5) % articles
				batch = append(batch, article(numbered("same", n), fmt.Sprint("Version ", w%2), "x", after(w)))
			}
			results, err := s.Put(t.Context(), batch)
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				if r.Err != nil {
					t.Error(r.Err)
				}
			}
		})
	}
	writing.Wait()
	s := reopen(t, dsn)
	for i := range articles {
		name := numbered("same", i)
		wantArticle(t, s, "id-"+name, article(name, "Version 1", "x", after(3)))
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Articles != articles {
		t.Errorf("store has %d articles, want %d", stats.Articles, articles)
	}
	wantNames(t, "version 0", find(t, s, `"version 0"`))
}
