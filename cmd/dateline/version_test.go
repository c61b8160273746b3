package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// digestFile has the version of the extractor, and a digest of what it makes of each set of
// pages.
const digestFile = "../../services/extractor/article/version.txt"

// outputDigest is a digest of the output of the extractor.
type outputDigest struct {
	t    *testing.T
	hash []byte
}

// add extracts a page.
func (d *outputDigest) add(url, contentType string, body []byte) {
	d.t.Helper()
	found, err := article.Extract(d.t.Context(), article.Page{
		URL: url, ContentType: contentType, Body: body, FetchTime: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}, article.Options{})
	if found != nil {
		found.ExtractorVersion = ""
		// The last digits of estimates may depend on the processor.
		for field, p := range found.Provenance {
			p.Confidence = 0
			found.Provenance[field] = p
		}
	}
	record, failure := json.Marshal(found)
	if failure != nil {
		d.t.Fatal(failure)
	}
	sum := sha256.Sum256(fmt.Appendf(d.hash, "%s\n%s\n%s\n", url, record, article.ReasonOf(err)))
	d.hash = sum[:]
}

// madePages extracts the pages that this repository contains.
func madePages(t *testing.T) string {
	t.Helper()
	d := &outputDigest{t: t}
	files, err := filepath.Glob("../../services/extractor/article/testdata/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d.add("https://example.com/"+filepath.Base(file), "text/html; charset=utf-8", body)
	}
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	papers := map[string]string{}
	for name, origin := range room.Origins() {
		papers[origin] = name
	}
	for _, e := range room.Expectations() {
		at, err := url.Parse(e.URL)
		if err != nil {
			t.Fatal(err)
		}
		if e.Want == newsroom.IsArticle || e.Want == newsroom.IsList {
			d.addPaper(papers["http://"+at.Host], at)
		}
	}
	return hex.EncodeToString(d.hash)
}

// addPaper extracts a page of a paper, which is served under a host that is always the same.
func (d *outputDigest) addPaper(paper string, at *url.URL) {
	d.t.Helper()
	handler, err := newsroom.Handler(paper)
	if err != nil {
		d.t.Fatal(err)
	}
	at.Host = paper + ".example"
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, at.String(), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	d.add(at.String(), response.Header().Get("Content-Type"), response.Body.Bytes())
}

// corpusPages extracts every twentieth page of the corpus.
func corpusPages(t *testing.T, dir string) string {
	t.Helper()
	const step = 20
	c, err := corpus.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &outputDigest{t: t}
	for i, page := range c.Pages() {
		if i%step != 0 {
			continue
		}
		body, err := page.HTML()
		if err != nil {
			t.Fatal(err)
		}
		d.add(page.URL, "text/html", body)
	}
	return hex.EncodeToString(d.hash)
}

// TestVersionChangesWithTheOutput fails if the extractor makes other records of the same
// pages than before, and still has the same version: stored records of both could not be
// told apart. DATELINE_CORPUS adds the pages of a corpus.
func TestVersionChangesWithTheOutput(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(digestFile)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = value
	}
	got := map[string]string{"made": madePages(t)}
	if dir := os.Getenv("DATELINE_CORPUS"); dir != "" {
		got["corpus"] = corpusPages(t, dir)
	}
	for name, digest := range got {
		switch {
		case known[name] == digest && known["version"] == article.Version:
		case known["version"] == article.Version:
			t.Errorf("the extractor makes other records of the %s pages, and still has version %s: raise Version in "+
				"services/extractor/article/article.go, name the change in CHANGELOG.md, and put the version and the line "+
				"%q into services/extractor/article/version.txt", name, article.Version, name+" "+digest)
		default:
			t.Errorf("the extractor has version %s, and services/extractor/article/version.txt is of version %s: put "+
				"\"version %s\" and the line %q into it", article.Version, known["version"], article.Version, name+" "+digest)
		}
	}
}
