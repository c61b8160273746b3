package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestIngestKilledAndRepeated kills the process while it ingests an archive from a folder or a
// bucket, and starts it again. In the end, every page must have one outcome of each stage and one
// revision.
func TestIngestKilledAndRepeated(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	const pages = 1500
	var records []warctest.Record
	for i := range pages {
		records = append(records, archivedPage(fmt.Sprintf("place-%d", i), captured))
	}
	file := archiveOf(t, records...)
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		ingestUnderKills(t, pages, file)
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		server := s3test.Start(t)
		for i, records := range slices.Collect(slices.Chunk(records, pages/3)) {
			var object bytes.Buffer
			for _, r := range records {
				object.Write(r.Gzip())
			}
			putObject(t, server, fmt.Sprintf("crawls/%d.warc.gz", i), object.Bytes())
		}
		ingestUnderKills(t, pages, append(bucketFlags(server.Config), "s3://"+s3test.Bucket+"/crawls/")...)
	})
}

// TestFolderOfAKilledStart uses a data folder whose version was not written, because the process that created
// it was killed.
func TestFolderOfAKilledStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := filepath.Join(dir, "version")
	if err := os.WriteFile(version, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errText := dateline(t, "ingest", "--data-dir", dir, archiveOf(t, archivedPage("pune", captured)))
	if code != 0 || !strings.Contains(out, "1 new") {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	if text, err := os.ReadFile(version); err != nil || string(text) != "1\n" {
		t.Errorf("the version is %q, %v; want 1", text, err)
	}
}

// ingestUnderKills kills "dateline ingest" with the arguments, which name an archive of pages.
func ingestUnderKills(t *testing.T, pages int, args ...string) {
	t.Helper()
	dir := t.TempDir()
	args = append([]string{"ingest", "--data-dir", dir}, args...)
	progressed, killed := ledgerProgress(t, dir, int64(pages/20)), 0 // outcomes between two kills
	for i := range killsWanted(t) {
		if killOnce(t, args, progressed, i == 0) {
			killed++
		}
	}
	out, err := program(natstest.Context(t), t, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("last run: %v\n%s", err, out)
	}
	finish(t, dir)
	t.Logf("%d kills; the last run reports:\n%s", killed, out)
	got := checkLedger(t, dir, 0)
	if n := got[datelinev1.Stage_STAGE_INGEST]; n.all != int64(pages) || n.produced != int64(pages) {
		t.Errorf("%d outcomes of ingest, %d produced; want %d", n.all, n.produced, pages)
	}
	s := openStore(t, dir)
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Articles != int64(pages) || stats.Revisions != int64(pages) {
		t.Errorf("%d articles with %d revisions, %v; want %d of each", stats.Articles, stats.Revisions, err, pages)
	}
}

// ledgerProgress returns a channel that receives a value whenever the ledger in a data
// folder has a number of further outcomes.
func ledgerProgress(t *testing.T, dir string, step int64) <-chan struct{} {
	t.Helper()
	progressed, last := make(chan struct{}, 1), int64(0)
	look := func() {
		if _, err := os.Stat(filepath.Join(dir, "articles.db")); err != nil {
			return // the process has not created the store yet
		}
		s, err := store.Open(t.Context(), testConfig(dir).StoreURL())
		if err != nil {
			return // the process is creating the store
		}
		defer s.Close()
		if stats, err := s.Stats(t.Context()); err == nil && stats.Outcomes >= last+step {
			last = stats.Outcomes
			select {
			case progressed <- struct{}{}:
			default:
			}
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for loop.Sleep(t.Context(), 100*time.Millisecond) {
			look()
		}
	}()
	t.Cleanup(func() { <-ended })
	return progressed
}

// TestIngestFilesOfWget ingests what wget has written, with a chunked response and a
// redirect.
func TestIngestFilesOfWget(t *testing.T) {
	t.Parallel()
	wget, err := exec.LookPath("wget")
	if err != nil {
		t.Skip("wget is not installed")
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/whole", http.StatusFound)
			return
		}
		page := harbourPage(strings.TrimPrefix(r.URL.Path, "/"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/chunked" {
			for part := range strings.SplitAfterSeq(page, "<p>") {
				_, _ = w.Write([]byte(part)) // wget reports what is missing
				_ = http.NewResponseController(w).Flush()
			}
			return
		}
		_, _ = w.Write([]byte(page)) // wget reports what is missing
	}))
	defer site.Close()
	for name, options := range map[string][]string{"compressed": nil, "plain": {"--no-warc-compression"}} {
		dir, work := t.TempDir(), t.TempDir()
		args := slices.Concat(options, []string{
			"--quiet", "--delete-after", "--warc-file=" + filepath.Join(work, "site"),
			site.URL + "/chunked", site.URL + "/moved", site.URL + "/last",
		})
		run := exec.CommandContext(natstest.Context(t), wget, args...)
		run.Dir = work
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("wget: %v\n%s", err, out)
		}
		code, out, errText := dateline(t, "ingest", "--data-dir", dir, work)
		if code != 0 || !strings.Contains(out, "3 pages published") || !strings.Contains(out, "1 redirect") {
			t.Errorf("%s: exit code %d:\n%s%s", name, code, out, errText)
		}
		s := openStore(t, dir)
		for _, place := range []string{"chunked", "whole", "last"} {
			hit, err := s.Article(t.Context(), site.URL+"/"+place)
			if err != nil || !strings.Contains(hit.Article.GetText(), "as it did before the storm.") {
				t.Errorf("%s, %s: %v", name, place, err)
			}
		}
	}
}
