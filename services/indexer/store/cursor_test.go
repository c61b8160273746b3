package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testCursors(t *testing.T, b backend) {
	s := b.open(t)
	const articles = 57
	var all []*datelinev1.Article
	for i := range articles {
		// Many articles have the same time, and some the same rank.
		text := strings.Repeat("tide ", 1+i%4) + "and time"
		all = append(all, article(numbered("many", i), "Tide", text, after(i%5)))
	}
	put(t, s, all...)
	for _, q := range []store.Query{{}, {Text: "tide", ByRank: true}, {OnePerStory: true}} {
		for limit, more := range map[int]bool{articles - 1: true, articles: false, articles + 1: false} {
			q.Limit = limit
			page, err := s.Search(t.Context(), q)
			if err != nil || len(page.Hits) != min(limit, articles) || (page.Next != "") != more {
				t.Errorf("%+v: %d hits, then %q, %v; want more: %t", q, len(page.Hits), page.Next, err, more)
			}
		}
	}
	for _, q := range []store.Query{
		{Limit: 10},
		{Limit: 1000},
		{ByRank: true, Limit: 20},
		{Text: "tide", Limit: 10},
		{Text: "tide", Limit: 57},
		{Text: "tide", ByRank: true, Limit: 7},
		{Filter: store.Filter{Hosts: []string{"example.com"}, From: after(0)}, Limit: 11},
	} {
		wantAllPages(t, s, q, articles)
	}
	for _, after := range []string{"nonsense", "e30x", "eyJyIjp0cnVlfQ"} {
		if _, err := s.Search(t.Context(), store.Query{After: after}); !errors.Is(err, store.ErrQuery) {
			t.Errorf("cursor %q: error %v, want ErrQuery", after, err)
		}
	}
}

// wantAllPages reads all pages of a query. They must contain the given number of
// articles whose names start with "many".
func wantAllPages(t *testing.T, s store.Store, q store.Query, articles int) {
	t.Helper()
	seen := map[string]bool{}
	var last time.Time
	pages := 0
	for q := q; ; pages++ {
		page, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			if seen[h.ID] {
				t.Errorf("%+v returns %s twice", q, h.ID)
			}
			if seen[h.ID] = true; !q.ByRank && !last.IsZero() && h.FirstSeen.After(last) {
				t.Errorf("%+v returns %s after an older article", q, h.ID)
			}
			last = h.FirstSeen
		}
		if q.After = page.Next; page.Next == "" {
			break
		}
		if pages == 0 && !q.ByRank { // an article stored in the meantime does not shift pages
			name := "late-" + fmt.Sprint(len(q.Text), q.Limit, q.ByRank)
			put(t, s, article(name, "Tide", "late tide", after(100)))
		}
	}
	n := 0
	for id := range seen {
		if strings.HasPrefix(id, "id-many-") {
			n++
		}
	}
	if n != articles {
		t.Errorf("%+v returns %d articles, want %d", q, n, articles)
	}
	if want := (articles + q.Limit - 1) / q.Limit; pages+1 < want {
		t.Errorf("%+v returns %d pages, want at least %d", q, pages+1, want)
	}
}

// testLargeRecords reads pages of articles of three megabytes.
func testLargeRecords(t *testing.T, b backend) {
	s := b.open(t)
	for i := range 5 {
		text := joined(prose(uint64(i), 6)...) + " tide "
		put(t, s, article(numbered("many", i), "Tide", strings.Repeat(text, 3_000_000/len(text)), after(i)))
	}
	byTime := store.Query{Limit: 1000}
	byRank := store.Query{Text: "tide", Limit: 1000, ByRank: true}
	for _, q := range []store.Query{byTime, byRank, {Limit: 1000, OnePerStory: true}} {
		page, err := s.Search(t.Context(), q)
		if err != nil || len(page.Hits) != 2 || page.Next == "" {
			t.Errorf("%+v: %d hits, %v; want two, and a cursor", q, len(page.Hits), err)
		}
	}
	wantAllPages(t, s, byTime, 5)
	wantAllPages(t, s, byRank, 5)
	huge := strings.Repeat(joined(prose(9, 6)...)+" tide ", 5000)
	if put(t, s, article("huge", "Huge", huge, after(200))); len(huge) <= 8<<20 {
		t.Errorf("the text has %d bytes", len(huge))
	}
	for _, q := range []store.Query{{Limit: 1000}, {Text: "huge", ByRank: true}, {Limit: 2, OnePerStory: true}} {
		if page, err := s.Search(t.Context(), q); err != nil || len(page.Hits) != 1 || page.Hits[0].ID != "id-huge" {
			t.Errorf("%+v: %d hits, %v; want only the article that is larger than a page", q, len(page.Hits), err)
		}
	}
}
