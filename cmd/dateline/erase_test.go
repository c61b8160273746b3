package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// secretWords occur only in the page that is erased.
var secretWords = []string{"Unspeakable", "xylographers", "quadrupoles"}

// storyPage returns a page whose words depend on the number. Page 0 has the secret
// words.
func storyPage(number int) string {
	title, extra := fmt.Sprintf("Council report %d", number), ""
	if number == 0 {
		title, extra = "Unspeakable affair", "The xylographers of the town spoke of quadrupoles. "
	}
	var text strings.Builder
	for paragraph := range 4 {
		fmt.Fprintf(&text, "<p>%s", extra)
		for word := range 40 {
			fmt.Fprintf(&text, "word%dx%dx%d ", number, paragraph, word)
		}
		text.WriteString("said the council on Monday.</p>")
	}
	return "<!doctype html><html lang=en><title>" + title + "</title><article><h1>" + title + "</h1>" + text.String() +
		"</article>"
}

// storySite serves storyPage under /story/NUMBER, whatever the query.
func storySite(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var number int
		if _, err := fmt.Sscanf(r.URL.Path, "/story/%d", &number); err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, storyPage(number))
	}))
	t.Cleanup(server.Close)
	return server
}

// traces returns byte strings that occur in files only where the secret page is: its
// words, and pieces of its compressed copies on the streams and of the samples of its
// site, to which it adds one.
func traces(t *testing.T, dir, secretURL string) [][]byte {
	t.Helper()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	var found [][]byte
	for _, word := range secretWords {
		found = append(found, []byte(word), []byte(strings.ToLower(word)))
	}
	for _, msg := range natstest.Messages(t, bus.JS, subject.StreamPages) {
		page := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, page); err != nil {
			t.Fatal(err)
		}
		if page.GetRequestedUrl() == secretURL {
			found = append(found, page.GetBody()[len(page.GetBody())/3:][:24])
		}
	}
	if len(found) != 2*len(secretWords)+1 {
		t.Fatalf("stream PAGES has %d copies of the page, want 1", len(found)-2*len(secretWords))
	}
	drift, err := bus.JS.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := proto.Marshal(&datelinev1.DriftSample{Url: secretURL, HtmlZstd: []byte("Unspeakable sample")})
	if err != nil {
		t.Fatal(err)
	}
	signal := datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	url, err := weburl.Parse(secretURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(), subject.DriftSample(url.SubjectHost(), signal, 1), sample); err != nil {
		t.Fatal(err)
	}
	return found
}

// filesWith returns the files in a folder, or below, that contain one of the byte
// strings.
func filesWith(t *testing.T, dir string, traces [][]byte) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, trace := range traces {
			if bytes.Contains(data, trace) {
				found = append(found, fmt.Sprintf("%s has %q", strings.TrimPrefix(path, dir), trace))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// exportToFullDisk checks that an export fails that cannot be written.
func exportToFullDisk(t *testing.T, dir string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		var errs bytes.Buffer
		args := []string{"export", "--format", format, "--data", dir}
		code := cli.Run(natstest.Context(t), args, cli.Streams{In: strings.NewReader(""), Out: full, Err: &errs})
		if code != 1 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%s to a full disk: exit code %d, %q", format, code, errs.String())
		}
	}
}

// TestErase erases one of several articles and searches every file of the data folder
// for its words. Then it ingests the page again, under its URL and under others.
func TestErase(t *testing.T) {
	t.Parallel()
	site := storySite(t)
	dir := t.TempDir()
	secret := site.URL + "/story/0"
	var urls []string
	for number := range 12 {
		urls = append(urls, fmt.Sprintf("%s/story/%d", site.URL, number))
	}
	if code, ends := ingest(t, dir, urlFile(t, urls)); code != 0 || len(ends) != len(urls) {
		t.Fatalf("ingesting: exit code %d, %d ends", code, len(ends))
	}
	all := traces(t, dir, secret)
	if found := filesWith(t, dir, all); len(found) < len(all)/2 {
		t.Fatalf("the article is in the files only as %v", found)
	}
	code, out, errs := dateline(t, "erase", secret, "--data", dir)
	if code != 0 || !strings.Contains(out, "add --yes to erase") {
		t.Fatalf("erasing without --yes: exit code %d\n%s%s", code, out, errs)
	}
	if code, _, errs := dateline(t, "show", secret, "--data", dir); code != 0 {
		t.Fatalf("after erasing without --yes, the article is gone: %s", errs)
	}
	exportToFullDisk(t, dir)
	code, out, errs = dateline(t, "erase", secret, "--data", dir, "--yes")
	if code != 0 || !strings.Contains(out, "1 revision, 2 pages, 2 records on streams") {
		t.Fatalf("erasing: exit code %d\n%s%s", code, out, errs)
	}
	if found := filesWith(t, dir, all); len(found) > 0 {
		t.Errorf("files with the erased article:\n%s", strings.Join(found, "\n"))
	}
	if _, out, _ := dateline(t, "search", "council", "--data", dir); strings.Count(out, "Council report") < 10 {
		t.Errorf("the other articles are not found:\n%s", out)
	}
	for url, want := range map[string]outcome.Reason{
		secret: outcome.Erased, secret + "?from=feed": outcome.ErasedCopy, site.URL + "/story/0/amp": outcome.ErasedCopy,
		site.URL + "/story/20": outcome.New,
	} {
		_, ends := ingest(t, dir, "--force", url)
		if !slices.ContainsFunc(ends[url], func(e end) bool { return e.Reason == want }) {
			t.Errorf("ingesting %s: %+v; want the reason %s", url, ends[url], want)
		}
	}
}
