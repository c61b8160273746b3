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

	"go.uber.org/goleak"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs the newsroom and gives a client that follows no redirect.
func start(t *testing.T) (*Newsroom, *http.Client) {
	t.Helper()
	n, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return n, &http.Client{Transport: transport, CheckRedirect: stay}
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

// page is what a reader of the test finds in HTML.
type page struct {
	text      string // all visible text, white space folded
	title     string
	canonical string
	lang, dir string
	ldJSON    string
}

func parse(t *testing.T, res *http.Response, body []byte) page {
	t.Helper()
	decoded, err := charset.NewReader(strings.NewReader(string(body)), res.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(decoded)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	var text strings.Builder
	for node := range root.Descendants() {
		attr := func(key string) string {
			i := slices.IndexFunc(node.Attr, func(a html.Attribute) bool { return a.Key == key })
			if i < 0 {
				return ""
			}
			return node.Attr[i].Val
		}
		switch {
		case node.Type == html.TextNode && node.Parent.Data == "title":
			p.title = node.Data
		case node.Type == html.TextNode && node.Parent.Data == "script":
			if strings.Contains(node.Data, "schema.org") {
				p.ldJSON = node.Data
			}
		case node.Type == html.TextNode:
			text.WriteString(node.Data)
		case node.Data == "link" && attr("rel") == "canonical":
			p.canonical = attr("href")
		case node.Data == "html":
			p.lang, p.dir = attr("lang"), attr("dir")
		}
	}
	p.text = strings.Join(strings.Fields(text.String()), " ")
	return p
}

func TestArticlePages(t *testing.T) {
	n, client := start(t)
	for _, e := range n.Expectations() {
		if e.Want != IsArticle && e.Want != IsTracked && e.Want != IsAlias {
			continue
		}
		t.Run(e.Article.Slug, func(t *testing.T) {
			res, body, err := get(t, client, e.URL)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: got %v, %v", e.URL, res, err)
			}
			kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
			if err != nil || kind != "text/html" || params["charset"] != e.Article.Charset {
				t.Errorf("Content-Type %q, want HTML in %s", res.Header.Get("Content-Type"), e.Article.Charset)
			}
			p := parse(t, res, body)
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
	if got.Type != "NewsArticle" || got.Page != e.Canonical || got.Headline != e.Article.Title || !slices.Equal(authors, e.Article.Authors) {
		t.Errorf("JSON-LD: got %+v, want that of %q at %s", got, e.Article.Title, e.Canonical)
	}
}

// TestOutcomes checks each URL that is no plain article against what is said
// of it.
func TestOutcomes(t *testing.T) {
	n, client := start(t)
	seen := make(map[Verdict]bool)
	for _, e := range n.Expectations() {
		seen[e.Want] = true
		if e.Want == IsArticle || e.Want == IsTracked || e.Want == IsAlias {
			continue
		}
		res, body, err := get(t, client, e.URL)
		switch e.Want {
		case IsCut:
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: got %v, want a reset connection", e.URL, err)
			}
			continue
		case IsTorn:
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: got %v, want gzip that ends too early", e.URL, err)
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
			back, _, err := get(t, client, location)
			ok = err == nil && back.Request.URL.ResolveReference(must(back.Location())).String() == e.URL
		case IsMissing:
			ok = res.StatusCode == http.StatusNotFound
		case IsDenied:
			ok = res.StatusCode == http.StatusOK && strings.HasPrefix(res.Request.URL.Path, subscribers)
		case IsOther:
			ok = res.Header.Get("Content-Type") == "application/pdf"
		case IsList:
			ok = strings.Contains(string(body), n.press.find(moved).Title)
		}
		if !ok {
			t.Errorf("%s: status %d, location %q: not as expected (%s)", e.URL, res.StatusCode, location, e.Want)
		}
	}
	for _, v := range []Verdict{IsArticle, IsRedirected, IsTracked, IsAlias, IsList, IsMissing, IsDenied, IsOther, IsCut, IsTorn, IsEndless} {
		if !seen[v] {
			t.Errorf("no URL for the verdict %q", v)
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
		_, body, err := get(t, client, origin+"/robots.txt")
		if err != nil || !strings.Contains(string(body), "User-agent: *\nDisallow: /subscribers/\n") {
			t.Errorf("%s/robots.txt: got %q, %v", origin, body, err)
		}
	}
	var linked []string
	for _, address := range n.Feeds() {
		_, body, err := get(t, client, address)
		if err != nil {
			t.Fatal(err)
		}
		var feed rss
		if err := xml.Unmarshal(body, &feed); err != nil {
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
	n.serving.Wait() // ends only if the servers do
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
	res, body, err := get(t, client, server.URL+"/go/ferry")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	if p := parse(t, res, body); p.canonical != res.Request.URL.String() {
		t.Errorf("canonical %q on %s", p.canonical, res.Request.URL)
	}
	if _, err := Handler("tribune"); err == nil || !strings.Contains(err.Error(), "tribune") {
		t.Errorf("an unknown paper: got %v", err)
	}
}
