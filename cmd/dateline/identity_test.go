package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// siteWith starts a site that has one story, whose page declares a canonical URL.
func siteWith(t *testing.T, page []byte, canonical func(host string) string) (storyURL string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/old-stone-bridge" {
			http.NotFound(w, r)
			return
		}
		link := `<head><link rel="canonical" href="` + canonical(r.Host) + `">`
		_, _ = w.Write(bytes.Replace(page, []byte("<head>"), []byte(link), 1))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/old-stone-bridge"
}

// TestForgedCanonical ingests a page that declares the URL of another site as its own,
// and then the page of that site. Each port of an IP address is a site.
func TestForgedCanonical(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(extractorTestdata, "classic.html"))
	if err != nil {
		t.Fatal(err)
	}
	victim := siteWith(t, page, func(host string) string { return "http://" + host + "/old-stone-bridge" })
	forged := bytes.ReplaceAll(page, []byte("second round"), []byte("forged round"))
	forger := siteWith(t, forged, func(string) string { return victim })
	dir := t.TempDir()

	code, ends := ingest(t, dir, forger)
	if code != 0 || ends[forger][0].Article == nil {
		t.Fatalf("ingesting the forgery: exit code %d, ends %+v", code, ends)
	}
	hit, err := openStore(t, dir).Article(t.Context(), forger)
	if err != nil {
		t.Fatal(err)
	}
	if got := hit.Article; got.GetCanonicalUrl() != forger || got.GetDeclaredCanonicalUrl() != victim {
		t.Errorf("the forgery has the canonical URL %s and declared %s; want %s and %s",
			got.GetCanonicalUrl(), got.GetDeclaredCanonicalUrl(), forger, victim)
	}
	victimHost := strings.Split(victim, "/")[2]
	if _, out, _ := dateline(t, "sources", "--data", dir); strings.Contains(out, victimHost) {
		t.Errorf("the forgery is among the victim's articles:\n%s", out)
	}
	if code, _, errs := dateline(t, "erase", forger, "--data", dir, "--yes"); code != 0 {
		t.Fatalf("erasing the forgery: exit code %d\n%s", code, errs)
	}
	code, ends = ingest(t, dir, victim)
	if code != 0 || ends[victim][0].Article == nil {
		t.Fatalf("ingesting the victim's page: exit code %d, ends %+v", code, ends)
	}
	hit, err = openStore(t, dir).Article(t.Context(), victim)
	if err != nil {
		t.Fatal(err)
	}
	if hit.Revisions != 1 || !strings.Contains(hit.Article.GetTitle(), "second round") {
		t.Errorf("the victim's article has %d revisions and the title %q; want its own first revision",
			hit.Revisions, hit.Article.GetTitle())
	}
}
