package store_test

import (
	"testing"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// fetchedFrom sets the identity of an article to that of the URL it came from.
func fetchedFrom(t *testing.T, a *datelinev1.Article, url string) *datelinev1.Article {
	t.Helper()
	u, err := weburl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	a.Id, a.CanonicalUrl, a.FinalUrl, a.RequestedUrl, a.Host = u.ID(), url, url, url, u.Host()
	return a
}

const (
	victimURL = "https://victim.example/old-stone-bridge"
	forgerURL = "https://forger.example/old-stone-bridge"
)

// testForgery stores the record of an old extractor, which let a page of one site
// have the identity of a page of another site.
func testForgery(t *testing.T, b backend) {
	s := b.open(t)
	victim := fetchedFrom(t, article("a", "Headline", joined(prose(1, 6)...), after(2)), victimURL)
	forgery := fetchedFrom(t, article("b", "Forged headline", joined(prose(2, 6)...), after(1)), victimURL)
	forgery.FinalUrl, forgery.RequestedUrl = forgerURL, forgerURL
	own := fetchedFrom(t, article("b", "Forged headline", joined(prose(2, 6)...), after(1)), forgerURL)
	own.DeclaredCanonicalUrl = victimURL

	wantStatuses(t, put(t, s, forgery), store.New)
	wantArticle(t, s, forgerURL, own)
	wantHosts(t, s, "forger.example")
	wantStatuses(t, put(t, s, victim), store.New)
	wantArticle(t, s, victimURL, victim)
	wantRevisions(t, s, victim.GetId(), "1 Headline 2-2")
	wantHosts(t, s, "forger.example", "victim.example")

	if _, err := s.Erase(t.Context(), forgerURL); err != nil {
		t.Fatal(err)
	}
	wantStatuses(t, put(t, s, forgery, victim), store.Erased, store.Unchanged)
	wantArticle(t, s, victimURL, victim)
}

// wantHosts checks the hosts of the articles in the store.
func wantHosts(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	page, err := s.Sources(t.Context(), store.SourceQuery{Since: noon, At: after(24), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, source := range page {
		if source.Articles > 0 {
			got = append(got, source.Host)
		}
	}
	wantNames(t, "sources", got, want...)
}

// testForeignJoin lets one site redirect its copy of an article to the original.
func testForeignJoin(t *testing.T, b backend) {
	s := b.open(t)
	text := joined(prose(1, 6)...)
	put(t, s,
		fetchedFrom(t, article("a", "Headline", text, after(1)), victimURL),
		fetchedFrom(t, article("b", "Forged headline", text+" Forged.", after(1)), forgerURL))
	redirected := fetchedFrom(t, article("a", "Headline", text, after(2)), victimURL)
	redirected.RequestedUrl = forgerURL
	wantStatuses(t, put(t, s, redirected), store.Unchanged)
	wantRevisions(t, s, redirected.GetId(), "1 Headline 1-2")
	got, err := s.Article(t.Context(), forgerURL)
	if err != nil || got.Article.GetTitle() != "Forged headline" {
		t.Errorf("the copy's URL leads to %v, %v; want the copy", got.Article, err)
	}
}

// testForeignTombstone erases an article to which a URL of another site led.
func testForeignTombstone(t *testing.T, b backend) {
	s := b.open(t)
	redirected := fetchedFrom(t, article("b", "B", joined(prose(1, 6)...), after(1)), forgerURL)
	redirected.RequestedUrl = victimURL
	put(t, s, redirected)
	if _, err := s.Erase(t.Context(), forgerURL); err != nil {
		t.Fatal(err)
	}
	victim := fetchedFrom(t, article("a", "Headline", joined(prose(2, 6)...), after(2)), victimURL)
	wantStatuses(t, put(t, s, victim, redirected), store.New, store.Erased)
	wantArticle(t, s, victimURL, victim)
	wantRevisions(t, s, victim.GetId(), "1 Headline 2-2")
}

// testOldForgery erases a forgery that an old version stored under the victim's URL.
func testOldForgery(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	forgery := fetchedFrom(t, article("b", "Forged headline", joined(prose(2, 6)...), after(1)), victimURL)
	forgery.FinalUrl = "https://victim.example/print"
	put(t, s, forgery)
	forgery.FinalUrl = "https://forger.example/print"
	writeMessage(t, s, forgery)

	erased, err := s.Erase(t.Context(), victimURL)
	if err != nil || !erased.IsForeign(victimURL) || erased.IsForeign("https://forger.example/print") {
		t.Fatalf("erasing the forgery: %+v, %v; want it to be of the forger's site", erased, err)
	}
	victim := fetchedFrom(t, article("a", "Headline", joined(prose(1, 6)...), after(2)), victimURL)
	wantStatuses(t, put(t, s, victim), store.New)
	wantArticle(t, s, victimURL, victim)
	wantRevisions(t, s, victim.GetId(), "1 Headline 2-2")
}
