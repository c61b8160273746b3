package store_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testJoin(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(1, 6)...)
	// An article has two revisions.
	put(t, s, article("old", "Headline", text, after(1)))
	put(t, s, article("old", "Headline, corrected", text, after(2)))
	put(t, s, article("neighbour", "Neighbour", joined(prose(2, 6)...), after(2)))
	// The site moves it: the old URL redirects to a new one.
	moved := article("new", "Headline, corrected", text, after(3))
	moved.RequestedUrl = "https://example.com/old"
	moved.ContentHash = article("old", "Headline, corrected", text, noon).GetContentHash()
	wantStatuses(t, put(t, s, moved), store.Unchanged)
	wantStats(t, s, 2, 3)
	for _, name := range []string{"id-new", "id-old", "https://example.com/old", "https://example.com/new"} {
		wantArticle(t, s, name, moved)
	}
	wantRevisions(t, s, "id-new", "1 Headline 1-1", "2 Headline, corrected 2-3")
	wantNames(t, "headline", find(t, s, "headline"), "new")
	// A record with the old id belongs to the same article.
	late := article("old", "Headline, once more", text, after(4))
	wantStatuses(t, put(t, s, late), store.Unchanged)
	wantStats(t, s, 2, 3)

	// The site moves it once more, and a batch also has a record with the first id.
	again := article("newest", "Headline, corrected", text, after(5))
	again.RequestedUrl, again.ContentHash = "https://example.com/new", moved.GetContentHash()
	last := article("old", "Headline, once more", text, after(6))
	wantStatuses(t, put(t, s, again, last), store.Unchanged, store.Unchanged)
	wantStats(t, s, 2, 3)
	for _, name := range []string{"old", "new", "newest"} {
		wantArticle(t, s, "id-"+name, again)
		wantArticle(t, s, "https://example.com/"+name, again)
	}
	wantRevisions(t, s, "id-newest", "1 Headline 1-1", "2 Headline, corrected 2-5")

	// The URL of a page of an article, here the fifth name of its record, leads to another article with its text.
	put(t, s, article("page", "Pages", joined(prose(4, 6)...), after(1)))
	pages := article("pages", "Pages", joined(prose(4, 6)...), after(2))
	for _, page := range []string{"pages", "p2", "p3", "p4", "page"} {
		pages.PageUrls = append(pages.PageUrls, "https://example.com/"+page)
	}
	put(t, s, pages)
	wantArticle(t, s, "id-page", pages)
	if _, err := s.Erase(t.Context(), "id-pages"); err != nil {
		t.Fatal(err)
	}

	// Both articles are stored already when one redirects to the other.
	put(t, s, article("c", "C", joined(prose(3, 6)...), after(1)), article("d", "D", joined(prose(3, 6)...), after(2)))
	declared := article("c", "C", joined(prose(3, 6)...), after(5))
	declared.RequestedUrl, declared.FinalUrl = "https://example.com/d", "https://example.com/d"
	put(t, s, declared)
	wantStats(t, s, 3, 5)
	wantRevisions(t, s, "id-d")
	wantRevisions(t, s, "id-c", "1 C 1-1", "2 D 2-2")
	got, err := s.Article(t.Context(), "https://example.com/d")
	if err != nil || got.ID != "id-c" || got.Article.GetTitle() != "C" {
		t.Errorf("the joined URL leads to %+v, %v; want id-c", got, err)
	}
	wantNames(t, "d", find(t, s, "d"))
	put(t, s, declared)
	wantStats(t, s, 3, 5)
}

// testJoinKeepsEverything joins two articles that one run has extracted again. The article then has the times of both,
// and erasing it leaves no record of either.
func testJoinKeepsEverything(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(3, 6)...)
	c, d := article("c", "C", text, after(3)), article("d", "D", text, after(1))
	put(t, s, c, d)
	put(t, s, article("d", "D", text, after(9)))
	d.FetchTime, d.ExtractTime = timestamppb.New(after(9)), timestamppb.New(after(9))
	wantStatuses(t, put(t, s, again(c, "one", "C again"), again(d, "one", "D again")),
		store.ExtractedAgain, store.ExtractedAgain)
	declared := article("c", "C", text, after(5))
	declared.RequestedUrl, declared.FinalUrl = "https://example.com/d", "https://example.com/d"
	put(t, s, declared)
	hit, err := s.Article(t.Context(), "id-d")
	if err != nil || hit.ID != "id-c" || !hit.FirstSeen.Equal(after(1)) || !hit.LastSeen.Equal(after(9)) {
		t.Errorf("the joined article is %s, seen from %s to %s, %v; want id-c, from %s to %s",
			hit.ID, hit.FirstSeen, hit.LastSeen, err, after(1), after(9))
	}
	if _, err := s.Erase(t.Context(), "id-c"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"articles", "revisions", "replaced_records"} {
		var rows int
		query := `SELECT count(*) FROM ` + table
		if err := s.SQL().Reader.QueryRowContext(t.Context(), query).Scan(&rows); err != nil || rows > 0 {
			t.Errorf("%d rows of %s are left, %v; want none", rows, table, err)
		}
	}
}

// testSourcesOfJoinedArticles moves articles from one host of a site to another. Each source counts the articles that
// are stored under its host.
func testSourcesOfJoinedArticles(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	check := func(when string, articles int) {
		t.Helper()
		var stored, wrong int
		b.query(t, dsn, `SELECT count(*) FROM articles`, &stored)
		b.query(t, dsn, `SELECT count(*) FROM sources s
			WHERE articles <> (SELECT count(*) FROM articles a WHERE a.host = s.host)`, &wrong)
		if stored != articles || wrong > 0 {
			t.Errorf("%s: %d articles, want %d, and %d sources with a wrong number", when, stored, articles, wrong)
		}
	}
	mobile := func(name string, n uint64, at int) *datelinev1.Article {
		a := article(name, name, joined(prose(n, 6)...), after(at))
		a.Host = "m.example.com"
		a.CanonicalUrl = "https://m.example.com/" + name
		a.FinalUrl, a.RequestedUrl = a.CanonicalUrl, a.CanonicalUrl
		return a
	}
	put(t, s, mobile("old", 1, 1), mobile("other", 2, 1), article("desk", "desk", joined(prose(2, 6)...), after(1)))
	check("new", 3)
	moved := article("new", "old", joined(prose(1, 6)...), after(2))
	moved.RequestedUrl = "https://m.example.com/old"
	put(t, s, moved)
	check("moved to another host", 3)
	same := article("desk", "desk", joined(prose(2, 6)...), after(3))
	same.RequestedUrl = "https://m.example.com/other"
	put(t, s, same)
	check("joined with one of another host", 2)
	for _, id := range []string{"id-new", "id-desk"} {
		if _, err := s.Erase(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	check("erased", 0)
}

func testSloppyCanonical(t *testing.T, b backend) {
	s := b.open(t)
	front := article("", "The Example", joined(prose(1, 6)...), after(1))
	one := article("one", "One", joined(prose(2, 6)...), after(1))
	put(t, s, front, one)
	// A removed article redirects to the front page, and another page declares the
	// front page canonical.
	astray := article("", "The Example", joined(prose(3, 6)...), after(2))
	astray.RequestedUrl = "https://example.com/one"
	other := article("", "The Example", joined(prose(4, 6)...), after(3))
	other.RequestedUrl, other.FinalUrl = "https://example.com/two", "https://example.com/two"
	put(t, s, astray, other)
	wantArticle(t, s, "id-one", one)
	wantArticle(t, s, "https://example.com/one", one)
	wantRevisions(t, s, "id-one", "1 One 1-1")
}

func testVariants(t *testing.T, b backend) {
	s := b.open(t)
	own := article("a", "Headline", joined(prose(1, 6)...), after(1))
	printed := article("a", "Headline – print version",
		joined(append(prose(1, 6), "Printed from example.com.")...), after(2))
	printed.FinalUrl = "https://example.com/a?print"
	wantStatuses(t, put(t, s, own), store.New)
	for range 3 {
		wantStatuses(t, put(t, s, printed), store.Unchanged)
	}
	wantArticle(t, s, "id-a", own)
	wantArticle(t, s, "https://example.com/a?print", own)
	wantRevisions(t, s, "id-a", "1 Headline 1-1")
	older := article("a", "An older print", "x", after(0))
	older.FinalUrl = "https://example.com/a?print"
	wantStatuses(t, put(t, s, older), store.Unchanged)
	changed := article("a", "Headline, corrected", joined(prose(1, 6)...), after(3))
	wantStatuses(t, put(t, s, changed), store.Changed)
	// If only a variant page is known, it is the article.
	lone := article("b", "B", "x", after(1))
	lone.FinalUrl = "https://example.com/b?amp"
	again := article("b", "B changed", "x", after(2))
	again.FinalUrl = "https://example.com/b?amp"
	wantStatuses(t, put(t, s, lone), store.New)
	wantStatuses(t, put(t, s, again), store.Changed)
}
