package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestReplaySelects restricts replays of three articles, all of which differ, in each way.
func TestReplaySelects(t *testing.T) {
	t.Parallel()
	days := map[string]string{"one": "2026-03-01", "two": "2026-03-02", "three": "2026-03-03"}
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, strings.Replace(harbourPage(r.URL.Path[1:]), "<h1>",
			`<meta property="article:published_time" content="`+days[r.URL.Path[1:]]+`T05:06:07Z"><h1>`, 1))
	}
	s := fetchIntoArchive(t, nil, handler, []string{"--label", "desk=harbour"}, "one", "two")
	other := *s
	other.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	other.fetch(t, []string{"--label", "desk=city"}, "three")
	alter := func(site *archivedSite, name, version string) {
		site.alter(t, name, func(a *datelinev1.Article) { a.Title, a.ExtractorVersion = "Before", version })
	}
	alter(s, "one", "1.0.0")
	alter(s, "two", "1.1.0")
	alter(&other, "three", "1.1.0")
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{nil, "one three two"},
		{[]string{"--host", hostOf(other.url)}, "three"},
		{[]string{"--host", hostOf(s.url) + "," + hostOf(other.url)}, "one three two"},
		{[]string{"--host", "example.com"}, ""},
		{[]string{"--since", "2026-03-02"}, "three two"},
		{[]string{"--before", "2026-03-02"}, "one"},
		{[]string{"--since", "2026-03-02", "--before", "2026-03-03"}, "two"},
		{[]string{"--extractor-version", "1.0.0"}, "one"},
		{[]string{"--extractor-version", "1.1.0"}, "three two"},
		{[]string{"--label", "desk=city"}, "three"},
		{[]string{"--label", "desk=harbour"}, "one two"},
		{[]string{"--query", "two"}, "two"},
		{[]string{"--query", "boats"}, "one three two"},
		{[]string{"--url", s.url + "/one"}, "one"},
		{[]string{"--label", "desk=harbour", "--since", "2026-03-02", "--extractor-version", "1.1.0"}, "two"},
	} {
		lines, summary, _ := s.replay(t, test.flags...)
		got := strings.Join(slices.Sorted(maps.Keys(lines)), " ")
		if got != test.want || summary.Pages != len(lines) {
			t.Errorf("%q selects %q of %d pages, want %q", test.flags, got, summary.Pages, test.want)
		}
	}
}

// hostOf returns the host of a site's URL.
func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }
