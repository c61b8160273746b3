package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testFilters(t *testing.T, b backend) {
	s := b.open(t)
	ledger := stormArticle("ledger", "www.ledger.example.com", "en-GB", 4)
	ledger.Section, ledger.Access = "World News", datelinev1.Access_ACCESS_FREE
	ledger.Tags = []string{"Weather", "sea & coast"}
	ledger.Authors = []*datelinev1.Author{{Name: "María Vance"}, {Name: "Otto Brandt"}}
	ledger.Labels = map[string]string{"batch": "7", "desk": "a b"}
	gazette := stormArticle("gazette", "gazette.example.com", "en", 3)
	gazette.Section, gazette.Access = "Sport", datelinev1.Access_ACCESS_PAYWALLED
	gazette.Authors = []*datelinev1.Author{{Name: "Otto Brandt"}}
	other := stormArticle("other", "other.test", "de", 2)
	other.Tags = []string{"weather"}
	old := stormArticle("old", "other.test", "", 1)
	old.Published = &datelinev1.PublicationTime{Value: timestamppb.New(time.Date(1953, 1, 31, 0, 0, 0, 0, time.UTC))}
	put(t, s, ledger, gazette, other, old)

	type f = store.Filter
	for _, c := range []struct {
		text   string
		filter f
		want   []string
	}{
		{"", f{}, []string{"ledger", "gazette", "other", "old"}},
		{"", f{Hosts: []string{"www.ledger.example.com"}}, []string{"ledger"}},
		{"", f{Hosts: []string{"EXAMPLE.com"}}, []string{"ledger", "gazette"}},
		{"", f{Hosts: []string{"ample.com"}}, nil},
		{"", f{Hosts: []string{"com"}}, nil},
		{"", f{Hosts: []string{"other.test", "gazette.example.com"}}, []string{"gazette", "other", "old"}},
		{"storm", f{Languages: []string{"en"}}, []string{"ledger", "gazette"}},
		{"storm", f{Languages: []string{"EN-gb"}}, []string{"ledger"}},
		{"absent", f{Languages: []string{"en"}}, nil},
		{"", f{Sections: []string{"world  news"}}, []string{"ledger"}},
		{"", f{Sections: []string{"world"}}, nil},
		{"", f{Authors: []string{"maria vance"}}, []string{"ledger"}},
		{"", f{Authors: []string{"Otto Brandt"}}, []string{"ledger", "gazette"}},
		{"", f{Tags: []string{"WEATHER"}}, []string{"ledger", "other"}},
		{"", f{Tags: []string{"sea & coast"}, Authors: []string{"Otto Brandt"}}, []string{"ledger"}},
		{"", f{Labels: []string{"batch=7"}}, []string{"ledger"}},
		{"", f{Labels: []string{"desk=a b"}}, []string{"ledger"}},
		{"", f{Labels: []string{"batch=8"}}, nil},
		{"", f{Access: []datelinev1.Access{datelinev1.Access_ACCESS_PAYWALLED}}, []string{"gazette"}},
		{"", f{From: after(3)}, []string{"ledger", "gazette"}},
		{"", f{Before: after(3)}, []string{"other", "old"}},
		{"storm", f{From: after(2), Before: after(4)}, []string{"gazette", "other"}},
		{"storm", f{From: after(2), Before: after(4), Hosts: []string{"other.test"}}, []string{"other"}},
		{"", f{Before: time.Date(1954, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{"old"}},
		{"-gazette", f{Languages: []string{"en"}}, []string{"ledger"}},
		{"", f{From: after(9)}, nil},
	} {
		if c.want == nil {
			c.want = []string{}
		}
		for _, byRank := range []bool{false, true} {
			got := names(t, s, store.Query{Text: c.text, Filter: c.filter, ByRank: byRank})
			if byRank {
				slices.Sort(got)
				slices.Sort(c.want)
			}
			wantNames(t, fmt.Sprintf("%q %+v, by rank: %t", c.text, c.filter, byRank), got, c.want...)
		}
	}
}

// stormArticle returns an article about a storm.
func stormArticle(name, host, language string, hours int) *datelinev1.Article {
	a := article(name, "Storm "+name, "The storm came.", after(hours))
	a.Host, a.Language = host, language
	return a
}

func testFiltersFollow(t *testing.T, b backend) {
	s := b.open(t)
	type f = store.Filter
	gazette := stormArticle("gazette", "gazette.example.com", "en", 3)
	gazette.Section = "Sport"
	old := stormArticle("old", "other.test", "", 1)
	old.Published = &datelinev1.PublicationTime{Value: timestamppb.New(time.Date(1953, 1, 31, 0, 0, 0, 0, time.UTC))}
	put(t, s, stormArticle("ledger", "www.ledger.example.com", "en-GB", 4), gazette,
		stormArticle("other", "other.test", "de", 2), old)
	gazette = stormArticle("gazette", "gazette.example.com", "en", 5)
	gazette.Section = "Weather"
	wantStatuses(t, put(t, s, gazette), store.Unchanged)
	wantNames(t, "sport", names(t, s, store.Query{Filter: f{Sections: []string{"sport"}}}))
	wantNames(t, "weather", names(t, s, store.Query{Filter: f{Sections: []string{"weather"}}}), "gazette")
	// The order by time follows, too.
	gazette = stormArticle("gazette", "gazette.example.com", "en", 6)
	gazette.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(-50))}
	put(t, s, gazette)
	wantNames(t, "storm", find(t, s, "storm"), "ledger", "other", "gazette", "old")
	wantNames(t, "", names(t, s, store.Query{Filter: f{Before: after(-49)}}), "gazette", "old")
	wantArticle(t, s, "id-gazette", gazette)
}

func testFacets(t *testing.T, b backend) {
	s := b.open(t)
	for i := range 30 {
		a := article(numbered("f", i), "Tide", "tide", after(i))
		a.Host = fmt.Sprintf("h%d.test", i%3)
		a.Tags = []string{"all", fmt.Sprintf("tag %d", i)}
		a.Authors = []*datelinev1.Author{{Name: "Otto"}}
		if i%2 == 0 {
			a.Language, a.Access = "de", datelinev1.Access_ACCESS_FREE
		}
		put(t, s, a)
	}
	got, err := s.Facets(t.Context(), store.Query{Text: "tide", Filter: store.Filter{From: after(3)}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.Articles != 27 || !got.Complete {
		t.Errorf("counted %d articles, complete %t; want all 27", got.Articles, got.Complete)
	}
	for _, c := range []struct {
		got  []store.FacetValue
		want string
	}{
		{got.Hosts, "[{h0.test 9} {h1.test 9} {h2.test 9}]"}, {got.Languages, "[{en 14} {de 13}]"},
		{got.Authors, "[{Otto 27}]"}, {got.Access, "[{free 13}]"}, {got.Sections, "[]"},
	} {
		if fmt.Sprint(c.got) != c.want {
			t.Errorf("facets %v, want %s", c.got, c.want)
		}
	}
	if len(got.Tags) != 20 || got.Tags[0] != (store.FacetValue{Value: "all", Count: 27}) {
		t.Errorf("tags %v, want 20 of them, first {all 27}", got.Tags)
	}
	if got, err := s.Facets(t.Context(), store.Query{Text: "!!!"}); err != nil || got.Articles != 0 || !got.Complete {
		t.Errorf("facets of a query without words: %+v, %v; want none, complete", got, err)
	}
}

// testNewestAreRead counts and ranks more articles than are read.
func testNewestAreRead(t *testing.T, b backend) {
	s := b.open(t)
	var all []*datelinev1.Article
	for i := range 2001 {
		one := article(fmt.Sprint("tide", i), "Tide", "The tide is high.", after(i))
		if i == 0 {
			one.Host, one.Tags = "oldest.test", []string{"tide"}
		}
		all = append(all, one)
	}
	put(t, s, all...)
	for _, query := range []store.Query{{}, {Text: "tide"}} {
		got, err := s.Facets(t.Context(), query)
		if err != nil || got.Articles != 2000 || got.Complete || len(got.Hosts) != 1 || got.Hosts[0].Count != 2000 {
			t.Errorf("%q: facets %+v, %v; want 2,000 articles of one host, not complete", query.Text, got, err)
		}
	}
	exactly := store.Query{Filter: store.Filter{From: after(1)}}
	if got, err := s.Facets(t.Context(), exactly); err != nil || got.Articles != 2000 || !got.Complete {
		t.Errorf("%d articles are counted, complete %t, %v; want all 2,000", got.Articles, got.Complete, err)
	}
	found := 0
	for query := (store.Query{Text: "tide", ByRank: true, Limit: 1000, WithoutSnippets: true}); ; {
		page, err := s.Search(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page.Hits)
		if page.Hits[0].ID == "id-tide0" {
			t.Error("the oldest article is ranked")
		}
		if query.After = page.Next; page.Next == "" {
			break
		}
	}
	if found != 2000 {
		t.Errorf("%d articles are ranked, want 2,000", found)
	}
}
