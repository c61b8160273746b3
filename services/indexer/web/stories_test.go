package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// agencyText is long enough to be recognised as a copy.
const agencyText = "The harbour board decided on Wednesday that the ferry to the island returns in spring. " +
	"Its captain said that the crew had waited for this decision since the storm of last winter.\n\n" +
	"The new ship carries forty cars and two hundred people. Fares stay as they are until autumn, " +
	"when the board meets again."

// copyOf returns an agency's article on the site of a newspaper.
func copyOf(site, host, title string, hours int) *datelinev1.Article {
	a := article(host, title, agencyText, noon.Add(time.Duration(hours)*time.Hour))
	a.Host, a.SiteName = host, site
	a.CanonicalUrl, a.FinalUrl, a.RequestedUrl = "https://"+host+"/a", "https://"+host+"/a", "https://"+host+"/a"
	return a
}

// newStoryServer serves one story of three newspapers, of which the second corrected its
// headline, and one article without copies.
func newStoryServer(t *testing.T) *testServer {
	server := newTestServer(t, web.Config{})
	server.put(t, copyOf("The Ledger", "ledger.test", "Ferry returns", 0))
	server.put(t, copyOf("Gazette", "gazette.test", "Fery returns", 1))
	server.put(t, copyOf("Post", "post.test", "The ferry is back", 2))
	changed := copyOf("Gazette", "gazette.test", "Ferry returns in spring", 3)
	changed.Published = nil
	server.put(t, changed, article("train", "Train", "It runs.", noon.Add(-time.Hour)))
	return server
}

func TestSearchShowsStories(t *testing.T) {
	server := newStoryServer(t)
	page := server.get(t, "/")
	for _, want := range []string{
		"4 articles\nin 2 stories", "The ferry is back", ">3 copies</a>", "<bdi>The Ledger</bdi></a>,",
		`href="/stories/id-post.test-0000"`, `<a class="site" href="/sources/post.test"><bdi>Post</bdi></a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	if n := strings.Count(page, `<article class="hit"`); n != 2 {
		t.Errorf("the page has %d hits, want 2", n)
	}
	if n := strings.Count(server.get(t, "/?copies=1"), `<article class="hit"`); n != 4 {
		t.Errorf("the page of all copies has %d hits, want 4", n)
	}
}

func TestStoriesInAPI(t *testing.T) {
	server := newStoryServer(t)
	type hit struct {
		Host   string
		Copies int
		First  struct{ Host string }
	}
	type answer struct {
		Articles []hit
		Facets   struct {
			Articles, Stories int
			Sites             map[string]string
		}
	}
	got := decode[answer](t, server.get(t, "/api/v1/articles?stories=true&facets=true"))
	if want := "[{post.test 3 {ledger.test}} {example.com 0 {}}]"; fmt.Sprint(got.Articles) != want {
		t.Errorf("articles %v, want %s", got.Articles, want)
	}
	if f := got.Facets; f.Articles != 4 || f.Stories != 2 || f.Sites["ledger.test"] != "The Ledger" {
		t.Errorf("facets %+v, want 4 articles in 2 stories, and the names of the sites", f)
	}
	all := decode[answer](t, server.get(t, "/api/v1/articles"))
	if len(all.Articles) != 4 {
		t.Errorf("%d articles without stories=true, want 4", len(all.Articles))
	}
}

func TestStoryTimeline(t *testing.T) {
	server := newStoryServer(t)
	page := server.get(t, "/stories/id-post.test-0000")
	at := 0
	for _, want := range []string{
		"3 copies on 3 sites,\n1 of them changed later", "The Ledger</bdi>", ">first<", "+1 h<", "Gazette</bdi>",
		"+2 h<", "Post</bdi>", "+3 h<", "changed to revision 2", `href="/articles/id-gazette.test-0000/changes"`,
	} {
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("the timeline does not contain %q in this order:\n%s", want, page)
		}
		at += i
	}
	copies := server.get(t, "/articles/id-post.test-0000")
	if !strings.Contains(copies, "<bdi>The Ledger</bdi>") || link(t, copies, "Timeline") != "/stories/id-post.test-0000" {
		t.Error("the article does not name the sites of its copies and lead to their timeline")
	}
	if status, header, _ := server.request(t, "GET", "/stories/id-train-0000"); status != 303 ||
		header.Get("Location") != "/articles/id-train-0000" {
		t.Errorf("the story of an article without copies: status %d, want a redirect to the article", status)
	}
}
