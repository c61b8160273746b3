package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// storiesOf returns the hits of all pages of a query with one article of each story, as
// name/copies/first publisher.
func storiesOf(t *testing.T, s store.Store, q store.Query) []string {
	t.Helper()
	q.OnePerStory = true
	var all []string
	for {
		page, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			hit := strings.TrimPrefix(h.ID, "id-")
			if h.Copies > 0 {
				hit += fmt.Sprintf("/%d/%s", h.Copies, strings.TrimPrefix(h.First.ID, "id-"))
			}
			all = append(all, hit)
		}
		if q.After = page.Next; page.Next == "" {
			return all
		}
	}
}

// putStories stores the stories a (four copies), b (three copies) and c (one article),
// an hour apart.
func putStories(t *testing.T, s store.Store) {
	t.Helper()
	for i, name := range strings.Fields("a1 b1 a2 c1 b2 a3 a4 b3") {
		seed := uint64(name[0])
		one := article(name, "Tide "+name, joined(append(prose(seed, 6), "Tide "+name)...), after(i))
		one.Host = fmt.Sprintf("h%c.test", name[1])
		put(t, s, one)
	}
}

func testOnePerStory(t *testing.T, b backend) {
	s := b.open(t)
	putStories(t, s)
	for _, c := range []struct {
		text   string
		filter store.Filter
		want   string
	}{
		{"", store.Filter{}, "b3/3/b1 a4/4/a1 c1"},
		{"tide", store.Filter{}, "b3/3/b1 a4/4/a1 c1"},
		{"tide -b3", store.Filter{}, "a4/4/a1 b2/3/b1 c1"}, // the newest copy that matches
		{"a1 OR b1", store.Filter{}, "b1/3/b1 a1/4/a1"},
		{"", store.Filter{Hosts: []string{"h2.test", "h1.test"}}, "b2/3/b1 c1 a2/4/a1"},
		{"", store.Filter{Before: after(5)}, "b2/3/b1 c1 a2/4/a1"},
		{"absent", store.Filter{}, ""},
	} {
		for _, limit := range []int{1, 2, 3, 20} {
			got := strings.Join(storiesOf(t, s, store.Query{Text: c.text, Filter: c.filter, Limit: limit}), " ")
			if got != c.want {
				t.Errorf("%q %+v, %d per page: stories %s, want %s", c.text, c.filter, limit, got, c.want)
			}
		}
	}
}

// testOnePerStoryByRank checks that each story has its best match, on one page only.
func testOnePerStoryByRank(t *testing.T, b backend) {
	s := b.open(t)
	putStories(t, s)
	best := article("a5", "Tide", joined(prose('a', 6)...), after(-9))
	best.Tags = []string{"tide"}
	put(t, s, best)
	for _, limit := range []int{1, 2, 20} {
		got := storiesOf(t, s, store.Query{Text: "tide", ByRank: true, Limit: limit})
		if len(got) != 3 || got[0] != "a5/5/a5" {
			t.Errorf("%d per page: stories %q, want three and a5/5/a5 first", limit, got)
		}
	}
}

// testManyCopies reads past a story that has more members than a page may skip.
func testManyCopies(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(1, 6)...)
	var all []*datelinev1.Article
	for i := range 130 {
		all = append(all, article(numbered("copy", i), "Tide", text, after(i)))
	}
	put(t, s, article("old", "Tide", joined(prose(2, 6)...), after(-1)))
	put(t, s, all...)
	put(t, s, article("new", "Tide", joined(prose(3, 6)...), after(200)))
	for _, text := range []string{"", "tide"} {
		got := storiesOf(t, s, store.Query{Text: text, Limit: 2})
		if want := []string{"new", "copy-0129/130/copy-0000", "old"}; !slices.Equal(got, want) {
			t.Errorf("%q: stories %q, want %q", text, got, want)
		}
	}
}

func testStoriesAreCounted(t *testing.T, b backend) {
	s := b.open(t)
	putStories(t, s)
	facets, err := s.Facets(t.Context(), store.Query{Text: "tide -b2", FacetValues: 1})
	if err != nil || facets.Articles != 7 || facets.Stories != 3 || len(facets.Hosts) != 1 {
		t.Errorf("facets %+v, %v; want 7 articles in 3 stories, and one host", facets, err)
	}
}

func testSiteNames(t *testing.T, b backend) {
	s := b.open(t)
	named := func(id, host, name string, hours int) *datelinev1.Article {
		a := article(id, id, id, after(hours))
		a.Host, a.SiteName = host, name
		return a
	}
	put(t, s, named("a", "a.test", "The  Ledger\n", 1), named("b", "b.test", "", 1),
		named("c", "c.test", strings.Repeat("é", 99), 1))
	put(t, s, named("a2", "a.test", "Ledger", 2))
	put(t, s, named("a3", "a.test", "", 3)) // keeps the name
	names, err := s.SiteNames(t.Context(), []string{"a.test", "b.test", "c.test", "d.test", "a\x00.test"})
	if want := map[string]string{"a.test": "Ledger", "c.test": strings.Repeat("é", 60)}; err != nil ||
		fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("names %v, %v; want %v", names, err, want)
	}
	sources, err := s.Sources(t.Context(), store.SourceQuery{Host: "a.test", Limit: 1})
	if err != nil || len(sources) != 1 || sources[0].Name != "Ledger" {
		t.Errorf("sources %+v, %v; want one with the name Ledger", sources, err)
	}
}
