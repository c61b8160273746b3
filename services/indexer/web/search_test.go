package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// newFerryServer serves the articles a0 to a4, published an hour apart. Those
// with even numbers are in German and free.
func newFerryServer(t *testing.T) *testServer {
	server := newTestServer(t, web.DefaultConfig())
	for i := range 5 {
		at := noon.Add(time.Duration(i) * time.Hour)
		a := article(fmt.Sprint("a", i), fmt.Sprint("Ferry ", i), "The ferry sails.", at)
		if i%2 == 0 {
			a.Language, a.Access = "de", datelinev1.Access_ACCESS_FREE
		}
		server.put(t, a)
	}
	return server
}

func TestSearch(t *testing.T) {
	server := newFerryServer(t)
	for query, want := range map[string]string{
		"":                         "a4 a3 a2 a1 a0",
		"q=ferry&limit=2":          "a4 a3",
		"q=%22ferry+2%22":          "a2",
		"language=de":              "a4 a2 a0",
		"language=de&language=en":  "a4 a3 a2 a1 a0",
		"access=free&q=ferry":      "a4 a2 a0",
		"host=example.com&limit=1": "a4",
		"author=maria+vance&tag=Sea&section=coast&limit=1": "a4",
		"since=2026-03-04T14:00:00Z":                       "a4 a3 a2",
		"from=2026-03-04T14:00:00Z":                        "a4 a3 a2", // the former name
		"before=2026-03-04T14:00:00Z":                      "a1 a0",
		"from=2026-03-05":                                  "",
		"q=absent":                                         "",
		"q=ferry+-4&limit=1":                               "a3",
		"q=ferry+-4+-3+-1+-0&order=rank":                   "a2",
	} {
		if got := decode[list](t, server.get(t, "/api/v1/articles?"+query)).ids(); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
}

func TestSearchPages(t *testing.T) {
	server := newFerryServer(t)
	var all []string
	for path := "/api/v1/articles?limit=2&q=ferry"; ; {
		page := decode[list](t, server.get(t, path))
		all = append(all, page.ids())
		if page.Next == "" {
			break
		}
		path = "/api/v1/articles?limit=2&q=ferry&cursor=" + page.Next
	}
	if got := strings.Join(all, "|"); got != "a4 a3|a2 a1|a0" {
		t.Errorf("pages %q, want a4 a3|a2 a1|a0", got)
	}
}

func TestSearchMatchesAndFacets(t *testing.T) {
	server := newFerryServer(t)
	page := decode[list](t, server.get(t, "/api/v1/articles?q=ferry&facets=true&limit=1"))
	if f := page.Facets; f == nil || f.Articles != 5 || !f.Complete ||
		fmt.Sprint(f.Fields["language"]) != "[{de 3} {en 2}]" {
		t.Errorf("facets %+v, want 5 articles, of which 3 in de and 2 in en", f)
	}
	if m := page.Articles[0].TitleMatches; fmt.Sprint(m) != "[[0 5]]" {
		t.Errorf("title matches %v, want [[0 5]]", m)
	}
	if m := page.Articles[0].Snippet; m.Text != "The ferry sails." || fmt.Sprint(m.Matches) != "[[4 9]]" {
		t.Errorf("snippet %+v, want the text with the match [[4 9]]", m)
	}
}

func TestSearchPage(t *testing.T) {
	server := newFerryServer(t)
	train := article("train", "Train", "It runs.", noon)
	train.Published.UtcOffsetMinutes = proto.Int32(180)
	server.put(t, train)
	for path, want := range map[string]string{
		"/?q=ferry+4": `<mark>Ferry</mark> <mark>4</mark></a></h2>`,
		"/?q=ferry+3": `>2026-03-04 15:00</time>`,
		"/?q=train":   `>2026-03-04 15:00 &#43;03:00</time>`,
	} {
		if got := server.get(t, path); !strings.Contains(got, want) {
			t.Errorf("GET %s: the page does not contain %s", path, want)
		}
	}
}

func TestInvalidSearch(t *testing.T) {
	server := newFerryServer(t)
	for query, want := range map[string]string{
		"q=%22open":      "the quote before \\\"open\\\" is not closed",
		"from=yesterday": "write 2026-11-25",
		"label=x":        "write key=value",
		"limit=0":        "expected number >= 1",
		"order=best":     "expected value to be one of",
		"hots=x":         "unknown query parameter",
		"cursor=x":       "begin without one",
	} {
		status, headers, body := server.request(t, http.MethodGet, "/api/v1/articles?"+query)
		contentType := headers.Get("Content-Type")
		if status/100 != 4 || !strings.Contains(body, want) ||
			!strings.HasPrefix(contentType, "application/problem+json") {
			t.Errorf("%s: status %d, %s: %s; want a problem with %q", query, status, contentType, body, want)
		}
	}
	for _, path := range []string{"/?q=%22open", "/?from=yesterday", "/?cursor=x"} {
		status, _, body := server.request(t, http.MethodGet, path)
		if status != http.StatusBadRequest || !strings.Contains(body, `role="alert"`) {
			t.Errorf("GET %s: status %d, want 400 with an alert", path, status)
		}
	}
}
