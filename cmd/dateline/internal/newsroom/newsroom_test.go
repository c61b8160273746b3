package newsroom

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestArticlePages(t *testing.T) {
	n, client := start(t)
	for _, e := range n.Expectations() {
		if e.Want != IsArticle && e.Want != IsTracked && e.Want != IsAlias {
			continue
		}
		t.Run(e.Article.Slug, func(t *testing.T) {
			res, err := get(t, client, e.URL)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: got %v, %v", e.URL, res, err)
			}
			kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
			if err != nil || kind != "text/html" || params["charset"] != e.Article.Charset {
				t.Errorf("Content-Type %q, want HTML in %s", res.Header.Get("Content-Type"), e.Article.Charset)
			}
			p := parse(t, res)
			if !strings.Contains(p.title, e.Article.Title) {
				t.Errorf("title %q lacks %q", p.title, e.Article.Title)
			}
			for _, want := range append(e.Article.Paragraphs(), e.Article.Title, e.Article.Summary) {
				if !strings.Contains(p.text, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			if p.canonical != "" && p.canonical != e.Canonical {
				t.Errorf("canonical %q, want %q", p.canonical, e.Canonical)
			}
			if e.Want == IsAlias && p.canonical == "" {
				t.Error("the alias names no canonical address")
			}
			if e.Article.RTL() != (p.dir == "rtl") {
				t.Errorf("dir=%q on a page in %s", p.dir, e.Article.Lang)
			}
			if e.Article.Paper == "meridian" {
				checkLD(t, p.ldJSON, e)
			}
		})
	}
}

func checkLD(t *testing.T, data string, e Expectation) {
	t.Helper()
	var got struct {
		Type      string `json:"@type"`
		Page      string `json:"mainEntityOfPage"`
		Headline  string
		Published string `json:"datePublished"`
		Author    []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Fatalf("JSON-LD: %v in %s", err, data)
	}
	var authors []string
	for _, a := range got.Author {
		authors = append(authors, a.Name)
	}
	if got.Type != "NewsArticle" || got.Page != e.Canonical || got.Headline != e.Article.Title ||
		!slices.Equal(authors, e.Article.Authors) {
		t.Errorf("JSON-LD: got %+v, want that of %q at %s", got, e.Article.Title, e.Canonical)
	}
}

// TestSpecialAddresses checks that each URL that is not a plain article answers as its
// expectation says.
func TestSpecialAddresses(t *testing.T) {
	n, client := start(t)
	seen := make(map[Verdict]bool)
	for _, e := range n.Expectations() {
		seen[e.Want] = true
		if e.Want == IsArticle || e.Want == IsTracked || e.Want == IsAlias {
			continue
		}
		res, err := get(t, client, e.URL)
		switch e.Want {
		case IsCut:
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: got %v, want a reset connection", e.URL, err)
			}
			continue
		case IsTorn:
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: got %v, want truncated gzip", e.URL, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", e.URL, err)
			continue
		}
		location := ""
		if to, err := res.Location(); err == nil {
			location = to.String()
		}
		var ok bool
		switch e.Want {
		case IsRedirected:
			ok = location == e.Canonical
		case IsEndless:
			back, err := get(t, client, location)
			ok = err == nil && back.Request.URL.ResolveReference(must(back.Location())).String() == e.URL
		case IsMissing:
			ok = res.StatusCode == http.StatusNotFound
		case IsDenied:
			ok = res.StatusCode == http.StatusOK && strings.HasPrefix(res.Request.URL.Path, subscribers)
		case IsOther:
			ok = res.Header.Get("Content-Type") == "application/pdf"
		case IsList:
			ok = strings.Contains(string(res.body), n.press.find(moved).Title)
		}
		if !ok {
			t.Errorf("%s: status %d, location %q: not as expected (%s)", e.URL, res.StatusCode, location, e.Want)
		}
	}
	for _, v := range []Verdict{
		IsArticle, IsRedirected, IsTracked, IsAlias, IsList, IsMissing, IsDenied, IsOther, IsCut, IsTorn, IsEndless,
	} {
		if !seen[v] {
			t.Errorf("no URL has the verdict %q", v)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestExpectationsAreConsistent(t *testing.T) {
	n, _ := start(t)
	urls := n.URLs()
	articles, languages := 0, make(map[string]bool)
	sorted := slices.Sorted(slices.Values(urls))
	if len(slices.Compact(sorted)) != len(urls) {
		t.Error("a URL is listed twice")
	}
	for _, e := range n.Expectations() {
		if e.Want == IsArticle {
			articles++
			languages[e.Article.Lang] = true
			if e.Canonical != e.URL {
				t.Errorf("%s: canonical %s", e.URL, e.Canonical)
			}
		}
		if (e.Article == nil) != (e.Canonical == "") {
			t.Errorf("%s: article %v, canonical %q", e.URL, e.Article, e.Canonical)
		}
		if e.Article != nil && !slices.Contains(urls, e.Canonical) {
			t.Errorf("%s leads to %s, which is not listed", e.URL, e.Canonical)
		}
	}
	if articles < 36 || len(languages) != len(n.press.languages) {
		t.Errorf("%d articles in %d languages, want 36 or more in %d", articles, len(languages), len(n.press.languages))
	}
	if len(n.Origins()) != len(papers) {
		t.Errorf("origins: %v", n.Origins())
	}
}

func TestRobotsAndFeeds(t *testing.T) {
	n, client := start(t)
	for _, origin := range n.Origins() {
		res, err := get(t, client, origin+"/robots.txt")
		if err != nil || !strings.Contains(string(res.body), "User-agent: *\nDisallow: /subscribers/\n") {
			t.Errorf("%s/robots.txt: got %q, %v", origin, res.body, err)
		}
	}
	var linked []string
	for _, address := range n.Feeds() {
		res, err := get(t, client, address)
		if err != nil {
			t.Fatal(err)
		}
		var feed rss
		if err := xml.Unmarshal(res.body, &feed); err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		for _, item := range feed.Items {
			linked = append(linked, item.Link)
		}
	}
	for _, e := range n.Expectations() {
		if (e.Want == IsArticle) != slices.Contains(linked, e.URL) {
			t.Errorf("%s (%s): in a feed: %t", e.URL, e.Want, slices.Contains(linked, e.URL))
		}
	}
}

func TestGzipIsServed(t *testing.T) {
	n, client := start(t)
	req := must(http.NewRequestWithContext(t.Context(), http.MethodGet, n.Origins()["gazette"]+"/", nil))
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %v", res.Header)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n, err := Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	n.serving.Wait() // returns only if the servers have stopped
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

func TestHandler(t *testing.T) {
	handler, err := Handler("ledger")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	client := server.Client()
	res, err := get(t, client, server.URL+"/go/ferry")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	if p := parse(t, res); p.canonical != res.Request.URL.String() {
		t.Errorf("canonical %q on %s", p.canonical, res.Request.URL)
	}
	if _, err := Handler("tribune"); err == nil || !strings.Contains(err.Error(), "tribune") {
		t.Errorf("an unknown paper: got %v", err)
	}
}
