package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// filedUnder returns the terms that a query is filed under, in order.
func filedUnder(s *StandingQueries, key string) string {
	q := s.queries[key]
	var all []string
	for text, term := range s.terms {
		if term.queries[q] {
			all = append(all, text)
		}
	}
	for text, term := range s.prefixes {
		if term.queries[q] {
			all = append(all, text+"*")
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestStandingQueriesAreFiledUnderRareTerms adds queries before any article was matched. Words of up to four bytes,
// languages and prefixes count as common.
func TestStandingQueriesAreFiledUnderRareTerms(t *testing.T) {
	swahili := Filter{Languages: []string{"sw"}} // has no other forms of words
	host := Filter{Languages: []string{"sw"}, Hosts: []string{"h.test"}}
	paywalled := Filter{
		Languages: []string{"sw"}, Access: []datelinev1.Access{datelinev1.Access_ACCESS_PAYWALLED},
	}
	for _, c := range []struct {
		query Query
		want  string
	}{
		{Query{}, ""},
		{Query{Filter: swahili}, filterWord(byLanguage, "sw")},
		{Query{Text: "zeppelin", Filter: swahili}, "zeppelin"},
		{Query{Text: "four zeppelin", Filter: swahili}, "zeppelin"},
		{Query{Text: "zeppelin four", Filter: swahili}, "zeppelin"},
		{Query{Text: "four fiver", Filter: swahili}, "fiver"},
		{Query{Text: `"four zeppelin two"`, Filter: swahili}, "zeppelin"},
		{Query{Text: "zepp* harbour", Filter: swahili}, "harbour"},
		{Query{Text: "zeppe* four", Filter: swahili}, "zeppe*"},
		{Query{Text: "zeppe* OR harbour", Filter: swahili}, "harbour zeppe*"},
		{Query{Text: "four OR six", Filter: paywalled}, filterWord(byLanguage, "sw")},
		{Query{Text: "four", Filter: host}, filterWord(byHost, "h.test")},
		{Query{Text: "-zeppelin", Filter: host}, filterWord(byHost, "h.test")},
		{Query{Text: "harbour OR zeppelin four", Filter: swahili}, "harbour zeppelin"},
	} {
		s := NewStandingQueries()
		if err := s.Add("q", c.query); err != nil {
			t.Fatal(err)
		}
		if got := filedUnder(s, "q"); got != c.want {
			t.Errorf("%q %+v is filed under %q, want %q", c.query.Text, c.query.Filter, got, c.want)
		}
		if isUnfiled := s.unfiled["q"] != nil; isUnfiled != (c.want == "") {
			t.Errorf("%q %+v is tested against each article: %t", c.query.Text, c.query.Filter, isUnfiled)
		}
	}
}

// TestStandingQueriesMove matches articles that often have one word of a query, which is then filed under the other.
func TestStandingQueriesMove(t *testing.T) {
	s := NewStandingQueries()
	swahili := Filter{Languages: []string{"sw"}}
	for key, text := range map[string]string{"both": "harbour zeppelin", "prefix": "harb* zeppelin"} {
		if err := s.Add(key, Query{Text: text, Filter: swahili}); err != nil {
			t.Fatal(err)
		}
	}
	match := func(text string) string {
		keys, err := s.Match(&datelinev1.Article{Id: "a", Text: text, Language: "sw"}, time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(keys, " ")
	}
	for _, c := range []struct {
		common, rare string
		articles     int
	}{{"zeppelin", "harbour", 2 * missesBeforeMove}, {"harbour", "zeppelin", 8 * missesBeforeMove}} {
		common, rare := c.common, c.rare
		for i := range c.articles {
			if got := match(fmt.Sprint(common, " ", i)); got != "" {
				t.Fatalf("%q matches an article about %s", got, common)
			}
		}
		if got := filedUnder(s, "both"); got != rare {
			t.Errorf("after articles about %s, the query is filed under %q, want %q", common, got, rare)
		}
		if got := match("harbour zeppelin"); got != "both prefix" {
			t.Errorf("an article with both words matches %q", got)
		}
	}
}

// TestRemovedStandingQueriesLeaveNothing adds queries that share terms, and removes them one after the other.
func TestRemovedStandingQueriesLeaveNothing(t *testing.T) {
	s := NewStandingQueries()
	texts := map[string]string{
		"a": "harb*", "b": "harb* zepp*", "c": "harbour", "d": `"harbour wall"`, "e": "", "f": "harb* OR lighthouse",
	}
	for key, text := range texts {
		for range 2 { // the second time, it replaces itself
			if err := s.Add(key, Query{Text: text}); err != nil {
				t.Fatal(err)
			}
		}
	}
	article := &datelinev1.Article{Id: "a", Text: "harbour wall, zeppelin, lighthouse"}
	left := slices.Sorted(maps.Keys(texts))
	for len(left) > 0 {
		keys, err := s.Match(article, time.Unix(1, 0))
		if err != nil || !slices.Equal(keys, left) || s.Len() != len(left) {
			t.Errorf("%d queries, of which %q match, %v; want %q", s.Len(), keys, err, left)
		}
		s.Remove(left[0])
		left = left[1:]
	}
	if n := len(s.terms) + len(s.prefixes) + len(s.prefixLengths) + len(s.unfiled) + len(s.queries); n > 0 {
		t.Errorf("after all queries were removed, %+v has %d entries", s, n)
	}
}
