package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestDrift ingests a site that loses its dates half way, in a redesign.
func TestDrift(t *testing.T) {
	t.Parallel()
	const dated, undated = 90, 40
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/story/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		date := `<meta property="article:published_time" content="2026-03-01T08:00:00Z">`
		if number >= dated {
			date = ""
		}
		fmt.Fprint(w, strings.Replace(savedPage, "<head>", "<head>"+date, 1))
	}))
	defer server.Close()
	var urls []string
	for i := range dated + undated {
		urls = append(urls, fmt.Sprintf("%s/story/%d", server.URL, i))
	}
	dir := t.TempDir()
	if code, ends := ingest(t, dir, urlFile(t, urls)); code != 0 || len(ends) != len(urls) {
		t.Fatalf("exit code %d, %d ends", code, len(ends))
	}
	host := strings.TrimPrefix(server.URL, "http://")
	pages := filepath.Join(t.TempDir(), "pages")
	code, out, errs := dateline(t, "drift", "--data", dir, "--pages", pages)
	if code != 0 || !strings.Contains(out, host) || !strings.Contains(out, "no_date") || !strings.Contains(out, "1 alarm") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	files, err := filepath.Glob(filepath.Join(pages, "*.html"))
	if err != nil || len(files) != 3 {
		t.Fatalf("the pages are %v, %v", files, err)
	}
	if html, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(html), "The harbour board") || strings.Contains(string(html), "published_time") {
		t.Errorf("the first page is %s, %v", html, err)
	}
	if code, out, _ := dateline(t, "drift", "--data", dir, "--json"); code != 0 || !strings.Contains(out, `"signal":"DRIFT_SIGNAL_NO_DATE"`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}
