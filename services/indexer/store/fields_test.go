package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// distinctArticle returns an article in which no two fields have a word in common.
func distinctArticle() *datelinev1.Article {
	a := article("distinct", "Titleword one", "Textword one two.", after(5))
	a.Host, a.Language, a.Section = "hostword", "sw", "sectionword"
	a.Access = datelinev1.Access_ACCESS_PAYWALLED
	a.Authors = []*datelinev1.Author{{Name: "authorword"}, {Name: "Second Author"}}
	a.Tags = []string{"tagword", "second tag"}
	a.Labels = map[string]string{"labelword": "labelvalue"}
	a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(3))}
	return a
}

// testEachFieldIsSearchedAlone has each value in each filter: only that of its own field is found, by searches and
// by standing queries.
func testEachFieldIsSearchedAlone(t *testing.T, b backend) {
	s := b.open(t)
	one := distinctArticle()
	put(t, s, one)
	values := []string{
		"hostword", "sw", "sectionword", "authorword", "tagword", "labelword=labelvalue",
		"titleword", "textword", "paywalled",
	}
	filters := map[string]func(string) store.Filter{
		"hostword":             func(v string) store.Filter { return store.Filter{Hosts: []string{v}} },
		"sw":                   func(v string) store.Filter { return store.Filter{Languages: []string{v}} },
		"sectionword":          func(v string) store.Filter { return store.Filter{Sections: []string{v}} },
		"authorword":           func(v string) store.Filter { return store.Filter{Authors: []string{v}} },
		"tagword":              func(v string) store.Filter { return store.Filter{Tags: []string{v}} },
		"labelword=labelvalue": func(v string) store.Filter { return store.Filter{Labels: []string{v}} },
	}
	for own, filter := range filters {
		for _, value := range values {
			query := store.Query{Filter: filter(value)}
			found := len(names(t, s, query)) == 1
			standing := store.NewStandingQueries()
			if err := standing.Add("key", query); err != nil {
				t.Fatal(err)
			}
			keys, err := standing.Match(one, after(3))
			if want := own == value; found != want || err != nil || (len(keys) == 1) != want {
				t.Errorf("%+v: found %t, matched %q, %v; want %t", query.Filter, found, keys, err, want)
			}
		}
	}
	all := store.Query{Text: "titleword textword", Filter: store.Filter{
		Hosts: []string{"hostword"}, Languages: []string{"sw"}, Sections: []string{"sectionword"},
		Authors: []string{"authorword"}, Tags: []string{"tagword"}, Labels: []string{"labelword=labelvalue"},
		Access: []datelinev1.Access{datelinev1.Access_ACCESS_PAYWALLED}, From: after(3), Before: after(4),
	}}
	wantNames(t, "all filters at once", names(t, s, all), "distinct")
	all.Filter.From, all.Filter.Before = after(2), after(3)
	wantNames(t, "all filters at once, an hour earlier", names(t, s, all))
	all.Filter.From, all.Filter.Before = after(3), after(4)
	all.Filter.Access = []datelinev1.Access{datelinev1.Access_ACCESS_FREE}
	wantNames(t, "all filters at once, with another access", names(t, s, all))
	facets, err := s.Facets(t.Context(), store.Query{})
	got := fmt.Sprint(facets.Hosts, facets.Languages, facets.Sections, facets.Authors, facets.Tags, facets.Access)
	const want = "[{hostword 1}] [{sw 1}] [{sectionword 1}] [{Second Author 1} {authorword 1}] " +
		"[{second tag 1} {tagword 1}] [{paywalled 1}]"
	if err != nil || got != want {
		t.Errorf("the facets are %s, %v; want %s", got, err, want)
	}
}

// testEachTimeHasItsPlace reads an article that was published, fetched, fetched again and changed at different times.
func testEachTimeHasItsPlace(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(7, 4)...)
	version := func(name, title string, hours int) *datelinev1.Article {
		a := article(name, title, text, after(hours))
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(-9))}
		if name == "copy" {
			a.Host, a.Language, a.Published = "copy.test", "de", nil
			const url = "https://copy.test/"
			a.CanonicalUrl, a.RequestedUrl, a.FinalUrl = url, url, url
		}
		return a
	}
	put(t, s, version("a", "First title", 1))
	put(t, s, version("a", "First title", 2))
	put(t, s, version("a", "Second title", 3))
	put(t, s, version("a", "Second title", 5))
	put(t, s, version("copy", "Title of the copy", 8))
	wantRevisions(t, s, "id-a", "1 First title 1-2", "2 Second title 3-5")
	hit, err := s.Article(t.Context(), "id-a")
	if err != nil || hit.ID != "id-a" || !hit.FirstSeen.Equal(after(1)) || !hit.LastSeen.Equal(after(5)) ||
		hit.Revisions != 2 || !hit.Time.Equal(after(-9)) {
		t.Errorf("the article is %+v, %v", hit, err)
	}
	page, err := s.Search(t.Context(), store.Query{Text: "second title"})
	if err != nil || len(page.Hits) != 1 {
		t.Fatalf("found %+v, %v", page.Hits, err)
	}
	if got := page.Hits[0]; got.ID != hit.ID || !got.FirstSeen.Equal(hit.FirstSeen) ||
		!got.LastSeen.Equal(hit.LastSeen) || got.Revisions != hit.Revisions || !got.Time.Equal(hit.Time) {
		t.Errorf("the hit is %+v, want %+v", got, hit)
	}
	members, err := s.Story(t.Context(), "id-a")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range members {
		lines = append(lines, fmt.Sprint(m.ID, m.URL, m.Host, m.Title, m.Language, m.Time.Sub(noon),
			m.FirstSeen.Sub(noon), m.Revisions, m.Changed.Sub(noon)))
	}
	slices.Sort(lines)
	want := []string{
		fmt.Sprint("id-a", "https://example.com/a", "example.com", "Second title", "en", after(-9).Sub(noon),
			after(1).Sub(noon), 2, after(3).Sub(noon)),
		fmt.Sprint("id-copy", "https://copy.test/", "copy.test", "Title of the copy", "de", after(8).Sub(noon),
			after(8).Sub(noon), 1, after(8).Sub(noon)),
	}
	if !slices.Equal(lines, want) {
		t.Errorf("the story has\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// testQuotes searches for a phrase in each kind of quotes. Words in another order are not found.
func testQuotes(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("phrase", "x", "The night train leaves.", after(1)),
		article("words", "x", "A train by night.", after(0)))
	for _, quoted := range []string{
		`"night train"`, "“night train”", "„night train“", "„night train”", "«night train»",
		"»night train«", "”night train”",
	} {
		wantNames(t, quoted, find(t, s, quoted), "phrase")
	}
	wantNames(t, "without quotes", find(t, s, "night train"), "phrase", "words")
}
