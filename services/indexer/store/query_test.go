package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testInjections(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("a", "Either and or not near", "title body NEAR rowid words", noon))
	for _, query := range []string{
		`'; DROP TABLE articles; --`, `" OR 1=1 --"`, `"" ""`, `"a" ""`, `(`, `)`, `((((`, `a AND`, `or`,
		`NOT`, `NEAR(a b, 5)`, `title:a`, `{title body}:x`, `a -title:x`, `^a`, `abc*`, `a + b`,
		`NOT NOT x`, //nolint:dupword // invalid syntax in FTS5
		`*`, `\`, `\'`, `'\''`, `%`, `_`, `a:b:c`, `-`, `- a`, `--a b`, `a & b | !c`, `a <-> b`, `abc:*`, `:A`,
		`'a':1A`, `$1`, `?1`, `@x`, `;`, "\x00", "\xff\xfe", "a\x00b", `·`, `§0abc`, "\u2028", "🦊", "\u0301",
		"\u0e31", "ﷺ", "½", "²", "a\u200db", strings.Repeat(`"`, 1000), strings.Repeat("(", 10000), "🇹🇷",
		"\U0010FFFF", "\uE000",
	} {
		if _, err := s.Search(t.Context(), store.Query{Text: query}); err != nil {
			t.Errorf("searching for %q: %v", query, err)
		}
		if _, err := s.Search(t.Context(), store.Query{Text: query, ByRank: true}); err != nil {
			t.Errorf("searching for %q by rank: %v", query, err)
		}
		filter := store.Filter{Hosts: []string{query}, Tags: []string{query, "b"}, Labels: []string{query}}
		if page, err := s.Search(t.Context(), store.Query{Filter: filter}); err != nil || len(page.Hits) > 0 {
			t.Errorf("filtering by %q: %v, %v; want no hits", query, page, err)
		}
	}
	for query, want := range map[string]string{
		`old "light house`: `the quote before "light house" is not closed`,
		`a OR`:             "OR needs a word on either side",
		`OR a`:             "OR needs a word on either side",
		`a OR OR b`:        "OR needs a word on either side", //nolint:dupword // the fault to be reported
		`a OR -b`:          "cannot follow OR",
		`-a -b`:            "only says what to leave out",
		`a*`:               "write at least 3 letters",
	} {
		_, err := s.Search(t.Context(), store.Query{Text: query})
		if !errors.Is(err, store.ErrQuery) || !strings.Contains(err.Error(), want) {
			t.Errorf("searching for %q: error %v, want ErrQuery with %q", query, err, want)
		}
		if _, err := s.Facets(t.Context(), store.Query{Text: query}); !errors.Is(err, store.ErrQuery) {
			t.Errorf("facets of %q: error %v, want ErrQuery", query, err)
		}
	}
	for _, query := range []string{
		"either AND or", "NOT NEAR", "near(rowid)", "title:body", `"and or not"`, "-absent +near", "eith*",
	} {
		wantNames(t, query, find(t, s, query), "a")
	}
	for _, query := range []string{"NOT absent", "-body +near", "bo_y", "%"} {
		wantNames(t, query, find(t, s, query))
	}
	wantStats(t, s, 1, 1)
}

func testOrder(t *testing.T, b backend) {
	s := b.open(t)
	published := func(a *datelinev1.Article, at time.Time) *datelinev1.Article {
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at)}
		return a
	}
	year := func(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }
	filler := strings.Repeat("and much else besides ", 50)
	put(t, s,
		published(article("old", "Tides and storms", "Storms, storms and storms.", after(0)), after(-1000)),
		published(article("new", "Weather", "A storms mention. "+filler, after(0)), after(-1)),
		article("undated", "Weather", "Another storms mention. "+filler, after(-2)),
		published(article("absurd", "Weather", "More storms. "+filler, after(-3)), year(9000)),
		published(article("ancient", "Weather", "Storms "+filler, after(-1)), year(1)),
	)
	byTime := []string{"new", "undated", "absurd", "old", "ancient"}
	wantNames(t, "storms", find(t, s, "storms"), byTime...)
	wantNames(t, "", find(t, s, ""), byTime...)
	wantNames(t, "", names(t, s, store.Query{Limit: 2}), "new", "undated")
	wantNames(t, "", names(t, s, store.Query{ByRank: true, Limit: 2}), "new", "undated")
	wantNames(t, "storms", names(t, s, store.Query{Text: "storms", ByRank: true, Limit: 1}), "old")
	// Another fetch does not make an article newer.
	put(t, s, article("undated", "Weather", "Another storms mention. "+filler, after(5)))
	wantNames(t, "storms", find(t, s, "storms"), byTime...)

	var many []*datelinev1.Article
	for i := range 30 {
		many = append(many, article(numbered("many", i), "Many", "x", noon))
	}
	put(t, s, many...)
	got := names(t, s, store.Query{Text: "many"})
	if len(got) != 20 || got[0] != "many-0029" || got[19] != "many-0010" {
		t.Errorf("hits without a limit: %q, want the newest 20", got)
	}
	if got := names(t, s, store.Query{Text: "many", Limit: -1}); len(got) != 20 {
		t.Errorf("hits with a negative limit: %q, want 20", got)
	}
}

// testRank checks the order by best match: more parts of the query in the title, in any form,
// then in section, authors and tags, then the newest.
func testRank(t *testing.T, b backend) {
	s := b.open(t)
	both := article("both", "Election today", "x", after(0))
	both.Tags = []string{"Elections"}
	tagged := article("tagged", "Weather", "The election was held.", after(2))
	tagged.Section = "Elections"
	put(t, s, both, article("title", "The elections were held", "Ferries sailed.", after(1)), tagged,
		article("older", "Weather", "Elections, elections, elections; a ferry.", after(3)),
		article("newer", "Weather", "An election, but no ferry.", after(4)))
	for query, want := range map[string][]string{
		"election":                       {"both", "title", "tagged", "newer", "older"},
		`"elections"`:                    {"title", "tagged", "both", "older"},
		"election -today":                {"title", "tagged", "newer", "older"},
		"election ferry":                 {"title", "newer", "older"},
		"elec* OR ferry":                 {"both", "title", "tagged", "newer", "older"},
		`"elections were" OR "no ferry"`: {"title", "newer"},
	} {
		wantNames(t, query, names(t, s, store.Query{Text: query, ByRank: true}), want...)
	}
}

// testRankOfLongTexts has long texts with a word near the end, which ranks like any other word of a text: below one of
// a title.
func testRankOfLongTexts(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("title", "Harbour", "x", after(0)))
	for i, words := range []int{10_000, 20_000, 40_000, 50_000} {
		text := strings.Repeat("sea ", words) + "harbour wall"
		put(t, s, article(fmt.Sprint("long", i), "Weather", text, after(i+1)))
	}
	want := []string{"title", "long3", "long2", "long1", "long0"}
	wantNames(t, "harbour", names(t, s, store.Query{Text: "harbour", ByRank: true}), want...)
	wantNames(t, "wall", names(t, s, store.Query{Text: "wall", ByRank: true}), want[1:]...)
}

func testIndexFollows(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("a", "Harbour", "Ships return.", after(0)))
	put(t, s, article("a", "Port", "Boats return.", after(1)))
	for query, want := range map[string]int{"harbour": 0, "ships": 0, "port boats": 1, "return": 1} {
		if got := find(t, s, query); len(got) != want {
			t.Errorf("after a change, %q finds %v, want %d articles", query, got, want)
		}
	}
	// The content is the same, but it has other tags.
	tagged := article("a", "Port", "Boats return.", after(2))
	tagged.Tags = []string{"maritime"}
	wantStatuses(t, put(t, s, tagged), store.Unchanged)
	wantNames(t, "maritime", find(t, s, "maritime"), "a")
	put(t, s, article("a", "Port", "Boats return.", after(3)))
	wantNames(t, "maritime", find(t, s, "maritime"))
	wantNames(t, "boats", find(t, s, "boats"), "a")
}
