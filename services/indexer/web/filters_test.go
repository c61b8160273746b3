package web_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// link returns the URL of the first link on a page whose content matches a regular
// expression.
func link(t *testing.T, page, content string) string {
	t.Helper()
	found := regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>(?:` + content + `)`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no link to %s:\n%s", content, page)
	}
	return html.UnescapeString(found[1])
}

func TestFiltersCanBeAddedAndRemoved(t *testing.T) {
	server := newStoryServer(t)
	page := server.get(t, "/?q=ferry&since=2026-03-04&language=en&copies=1")
	_, filters, _ := strings.Cut(page, `id="filters"`)
	filtered := link(t, filters, `<bdi>The Ledger</bdi>`)
	page = server.get(t, filtered)
	if !strings.Contains(page, "1 article<") || !strings.Contains(page, "<bdi>4 March 2026</bdi>") {
		t.Errorf("GET %s: want one article and the filters as words:\n%s", filtered, page)
	}
	const remove = `<span class="hidden">Remove </span><span class="field">`
	for content, want := range map[string]string{
		remove + `Site</span>`:     "copies=1&language=en&q=ferry&since=2026-03-04",
		remove + `Language</span>`: "copies=1&host=ledger.test&q=ferry&since=2026-03-04",
		remove + `From</span>`:     "copies=1&host=ledger.test&language=en&q=ferry",
		`Remove all filters`:       "q=ferry",
	} {
		if got := link(t, page, content); got != "/?"+want {
			t.Errorf("%s leads to %s, want /?%s", content, got, want)
		}
	}
}

func TestHistogramNarrowsTheTime(t *testing.T) {
	server := newTestServer(t, web.Config{})
	for i := range 20 {
		server.put(t, article(fmt.Sprint("a", i), "Ferry", fmt.Sprint("text ", i), noon.AddDate(0, 0, -i)))
	}
	page := server.get(t, "/?q=ferry")
	narrowed := link(t, page, `<title>2 Mar 2026: 1 article<`)
	values, err := url.Parse(narrowed)
	if err != nil {
		t.Fatal(err)
	}
	if got := values.Query().Encode(); got != "before=2026-03-03T00%3A00%3A00Z&q=ferry&since=2026-03-02T00%3A00%3A00Z" {
		t.Errorf("the bar leads to %s", got)
	}
	page = server.get(t, narrowed)
	if !strings.Contains(page, "1 article<") || strings.Contains(page, `class="histogram"`) {
		t.Errorf("GET %s: want one article and no histogram", narrowed)
	}
}

// TestHistogramOfOlderArticlesKeepsTheBound follows the bar of the few articles that are
// far older than the others, but not older than the search allows.
func TestHistogramOfOlderArticlesKeepsTheBound(t *testing.T) {
	server := newTestServer(t, web.Config{})
	for i := range 60 {
		server.put(t, article(fmt.Sprint("a", i), "Ferry", fmt.Sprint("text ", i), noon.AddDate(0, 0, -i%10)))
	}
	server.put(t, article("old", "Ferry", "old text", noon.AddDate(-20, 0, 0)),
		article("oldest", "Ferry", "oldest text", noon.AddDate(-40, 0, 0)))
	since := noon.AddDate(-30, 0, 0).Format(time.DateOnly)
	narrowed := link(t, server.get(t, "/?q=ferry&since="+since), `<title>before [^<]*: 1 article<`)
	page := server.get(t, narrowed)
	if !strings.Contains(page, "1 article<") || !strings.Contains(narrowed, "since="+since) {
		t.Errorf("the bar of one article leads to %s, which does not find one article", narrowed)
	}
}

func TestValuesOfAField(t *testing.T) {
	server := newTestServer(t, web.Config{})
	for i := range 30 {
		a := article(fmt.Sprint("a", i), "Ferry", fmt.Sprint("text ", i), noon.Add(time.Duration(i)*time.Minute))
		a.Host, a.SiteName = fmt.Sprintf("h%d.test", i), fmt.Sprintf("Paper %d", i%25)
		server.put(t, a)
	}
	page := server.get(t, link(t, server.get(t, "/?q=ferry"), `Search in all<span class="hidden"> values of Site`))
	if n := strings.Count(page, "<li><a"); n != 30 {
		t.Errorf("the page lists %d sites, want 30", n)
	}
	page = server.get(t, "/values?field=host&q=ferry&find=PAPER+3")
	for _, want := range []string{"Paper 3 (h3.test)", "Paper 3 (h28.test)"} { // two sites of the same name
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %s", want)
		}
	}
	if n := strings.Count(page, "<li><a"); n != 2 {
		t.Errorf("the page lists %d sites that contain Paper 3, want 2", n)
	}
	if got := link(t, page, `<bdi>Paper 3 \(h3.test\)`); got != "/?host=h3.test&q=ferry" {
		t.Errorf("a site leads to %s", got)
	}
	if status, _, _ := server.request(t, "GET", "/values?field=nothing"); status != 404 {
		t.Errorf("an unknown field: status %d, want 404", status)
	}
}
