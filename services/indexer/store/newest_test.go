package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// testAnyTime searches articles whose times are spread over centuries or equal.
func testAnyTime(t *testing.T, b backend) {
	const articles = 2500
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	times := make([]time.Time, articles) // newest first
	var all []*datelinev1.Article
	for i := range articles {
		switch at := noon.Add(-time.Duration(i) * 37 * time.Minute); {
		case i < 5:
			times[i] = at.AddDate(200-40*i, 0, 0)
		case i < 600:
			times[i] = at
		case i < 1500: // all in one second
			times[i] = noon.AddDate(-1, 0, 0)
		case i < articles-100:
			times[i] = at.AddDate(-20, 0, 0)
		default:
			times[i] = at.AddDate(-2*(i-articles+121), 0, 0)
		}
		one := article(numbered("a", i), "Tide", "The tide is high.", times[i])
		if i%10 == 0 {
			one.Text += " A ferry leaves."
		}
		if i%400 == 0 {
			one.Text += " The lighthouse is dark."
		}
		all = append(all, one)
	}
	put(t, s, all...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dsn) // it knows the times of the articles
	for _, query := range []store.Query{
		{Text: "tide"}, {Text: "tide ferry"}, {Text: "ferries lighthouse"}, {Text: `"a ferry"`}, {Text: "ligh*"},
		{Text: "tide -ferry"},
		{Filter: store.Filter{Languages: []string{"en"}}},
		{Text: "ferry", Filter: store.Filter{From: times[1900]}},
		{Text: "ferry", Filter: store.Filter{Before: times[1000]}},
		{Text: "ferry", Filter: store.Filter{From: times[2450], Before: times[300]}},
		{Text: `"a ferry leaves"`, Filter: store.Filter{From: times[1499], Before: times[600].Add(time.Second)}},
	} {
		want := 0
		for i, at := range times {
			matches := i%10 == 0
			switch query.Text {
			case "tide", "":
				matches = true
			case "tide -ferry":
				matches = !matches
			case "ferries lighthouse", "ligh*":
				matches = i%400 == 0
			}
			if f := query.Filter; matches && !at.Before(f.From) && (f.Before.IsZero() || at.Before(f.Before)) {
				want++
			}
		}
		found := everyHit(t, s, query)
		if len(found) != want {
			t.Errorf("query %q, %v to %v: %d hits, want %d",
				query.Text, query.Filter.From, query.Filter.Before, len(found), want)
		}
		if counted, err := s.Facets(t.Context(), query); err != nil || counted.Articles != min(want, 2000) {
			t.Errorf("query %q: %d articles are counted, %v; want %d", query.Text, counted.Articles, err, min(want, 2000))
		}
		newestFirst := slices.IsSortedFunc(found, func(a, b store.Hit) int {
			return b.Article.GetFetchTime().AsTime().Compare(a.Article.GetFetchTime().AsTime())
		})
		if !newestFirst {
			t.Errorf("query %q: hits are not in the order of time", query.Text)
		}
	}
}

// everyHit returns the hits of all pages of a query. None may occur twice.
func everyHit(t *testing.T, s store.Store, query store.Query) []store.Hit {
	t.Helper()
	query.Limit, query.WithoutSnippets = 400, true
	var all []store.Hit
	seen := make(map[string]bool)
	for {
		page, err := s.Search(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range page.Hits {
			if seen[hit.ID] {
				t.Fatalf("query %q: %s is on two pages", query.Text, hit.ID)
			}
			seen[hit.ID] = true
		}
		all = append(all, page.Hits...)
		if query.After = page.Next; page.Next == "" {
			return all
		}
	}
}

// testNewestAreExamined searches for a phrase that only the oldest articles with its words have.
func testNewestAreExamined(t *testing.T, b backend) {
	const examined = 2000
	s := b.open(t)
	var all []*datelinev1.Article
	for i := range examined + 2 {
		text := "Tide red."
		if i < 3 {
			text = "Red tide."
		}
		all = append(all, article(fmt.Sprint("tide", i), "", text, after(i)))
	}
	put(t, s, all...)
	query := store.Query{Text: `"red tide"`}
	got, err := s.Facets(t.Context(), query)
	if err != nil || got.Articles != 1 || got.Complete {
		t.Errorf("counted %d articles, complete %t, %v; want one, not complete", got.Articles, got.Complete, err)
	}
	wantNames(t, query.Text, names(t, s, query), "tide2", "tide1", "tide0")
	query.ByRank = true
	wantNames(t, query.Text, names(t, s, query), "tide2")
	query.Filter.Before = after(examined)
	if got, err = s.Facets(t.Context(), query); err != nil || got.Articles != 3 || !got.Complete {
		t.Errorf("with a filter, counted %d articles, complete %t, %v; want three, complete", got.Articles, got.Complete, err)
	}
	query = store.Query{Text: `tide -"red tide"`}
	if got, err = s.Facets(t.Context(), query); err != nil || got.Articles != examined-1 || got.Complete {
		t.Errorf("counted %d articles, complete %t, %v; want 1,999, not complete", got.Articles, got.Complete, err)
	}
}
