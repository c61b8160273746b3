package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
)

// bucketFlags returns the flags that name an S3-compatible service and its keys.
func bucketFlags(service objects.Config) []string {
	return []string{
		"--s3-endpoint", service.Endpoint, "--s3-path-style", "--s3-access-key", service.AccessKey,
		"--s3-secret-key", service.SecretKey,
	}
}

// putObject stores an object in the bucket of a server.
func putObject(t *testing.T, server *s3test.Server, key string, data []byte) {
	t.Helper()
	at := objects.Location{Bucket: s3test.Bucket, Key: key}
	if err := server.Client().Put(t.Context(), at, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

// TestIngestFromABucket ingests web archives of a bucket by prefix and by key, and locations
// that cannot be read.
func TestIngestFromABucket(t *testing.T) {
	t.Parallel()
	server, dir := s3test.Start(t), t.TempDir()
	putObject(t, server, "crawls/b.warc", archivedPage("pune", captured).Bytes())
	putObject(t, server, "crawls/a/1.warc.gz", archivedPage("lima", captured).Gzip())
	putObject(t, server, "crawls/notes.txt", []byte("no archive"))
	putObject(t, server, "other", archivedPage("oslo", captured).Gzip())
	run := func(service objects.Config, args ...string) (int, string, string) {
		t.Helper()
		return dateline(t, slices.Concat([]string{"ingest", "--data-dir", dir}, bucketFlags(service), args)...)
	}
	const bucket = "s3://" + s3test.Bucket
	const crawls = bucket + "/crawls/"
	code, out, errText := run(server.Config, bucket+"/crawls/")
	first := strings.Index(out, bucket+"/crawls/a/1.warc.gz: 1 record, 1 page published")
	second := strings.Index(out, bucket+"/crawls/b.warc: 1 record, 1 page published")
	if code != 0 || first < 0 || second < first || !strings.Contains(out, "2 archives: 2 records, 2 pages published") {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	code, out, errText = run(server.Config, bucket+"/crawls/", bucket+"/other")
	if code != 0 || !strings.Contains(out, "3 archives: 3 records, 1 page published; 2 duplicates") {
		t.Errorf("the second run has exit code %d:\n%s%s", code, out, errText)
	}
	s := openStore(t, dir)
	for _, place := range []string{"lima", "pune", "oslo"} {
		wantArticle(t, s, place, captured)
	}
	away := server.Config
	away.Endpoint = "http://" + closedAddr
	for name, test := range map[string]struct {
		service objects.Config
		url     string
		want    []string
	}{
		"no such keys":       {server.Config, bucket + "/none/", []string{"bucket archive", `"none/"`, "check the prefix"}},
		"no archives":        {server.Config, bucket + "/crawls/notes", []string{"has no web archives", "crawls/notes"}},
		"no such bucket":     {server.Config, "s3://absent/a/", []string{"listing s3://absent/a/", "create the bucket"}},
		"no bucket":          {server.Config, "s3:///crawls", []string{"use s3://BUCKET/PREFIX"}},
		"without permission": {server.Guest(), crawls, []string{"listing " + crawls, "allow s3:ListBucket"}},
		"endpoint away":      {away, bucket + "/other", []string{bucket + "/other", "no answer from", "check s3.endpoint"}},
	} {
		code, out, errText := run(test.service, "--dry-run", test.url)
		for _, want := range test.want {
			if code == 0 || !strings.Contains(errText, want) {
				t.Errorf("%s: exit code %d, %q is missing in %s%s", name, code, want, out, errText)
			}
		}
	}
}

// TestIngestContinuesABrokenTransfer cuts the connection in the middle of an archive.
func TestIngestContinuesABrokenTransfer(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	var all bytes.Buffer
	const pages = 200
	for i := range pages {
		all.Write(archivedPage(fmt.Sprint("place-", i), captured).Bytes())
	}
	putObject(t, server, "large.warc", all.Bytes())
	proxy := s3test.NewProxy(t, server)
	proxy.Down.Cut.Store(int64(all.Len() / 3))
	proxy.Down.Cuts.Store(2)
	code, out, errText := dateline(t, slices.Concat([]string{"ingest", "--dry-run", "--data-dir", t.TempDir()},
		bucketFlags(proxy.Config), []string{"s3://" + s3test.Bucket + "/large.warc"})...)
	if want := fmt.Sprintf("%d records, %d pages to publish", pages, pages); code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	if left := proxy.Down.Cuts.Load(); left > 0 {
		t.Errorf("%d connections were not cut", left)
	}
}

// TestArchiveInABucket fetches pages into an archive in a bucket that keeps versions, and
// replays, reads and erases them there.
func TestArchiveInABucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	server.KeepVersions()
	s := fetchIntoArchive(t, &server.Config, serveHarbours, nil, "title", "kept", "erased")
	cfg := s.config()
	cfg.HTTP.Addr = natstest.FreeAddr(t)
	spool := filepath.Join(s.dir, "archive-spool")
	run := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	natstest.Eventually(t, "all files are uploaded", func() bool {
		left, err := filepath.Glob(filepath.Join(spool, "*.warc.gz"))
		return err == nil && len(left) == 0 && len(server.Keys()) > 0
	})
	run.stop()
	if text := uploadedRecords(t, server); !strings.Contains(text, storyPage(1)) {
		t.Fatal("the bucket lacks a page")
	}

	s.alter(t, "title", func(a *datelinev1.Article) { a.Title = "Another title" })
	if lines, summary, _ := s.replay(t); lines["title"].Status != replay.Differs || summary.Statuses[replay.Same] != 2 {
		t.Errorf("replay: %+v, %+v", lines, summary)
	}

	run = runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	stream, err := run.Bus.JS.Stream(t.Context(), subject.StreamPages)
	if err == nil {
		err = stream.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	hit, err := run.Store.Article(t.Context(), s.url+"/erased")
	if err != nil {
		t.Fatal(err)
	}
	web := "http://" + cfg.HTTP.Addr
	if got := get(t, web+"/api/v1/articles/"+hit.ID+"/raw"); got != storyPage(1) {
		t.Errorf("raw: %.80q", got)
	}
	if got := get(t, web+"/api/v1/articles/"+hit.ID+"/captures"); !strings.Contains(got, s.url+"/erased") {
		t.Errorf("captures: %s", got)
	}
	if got := get(t, web+"/articles/"+hit.ID); !strings.Contains(got, "1 archived") {
		t.Errorf("the page does not name the capture: %s", got)
	}

	run.stop()
	erase := slices.Concat([]string{"erase", "--yes", s.url + "/erased"}, s.flags)
	if code, out, errText := dateline(t, erase...); code != 0 ||
		!strings.Contains(errText, "the archive still has 1 erased record") {
		t.Fatalf("erase: exit code %d, %s%s", code, out, errText)
	}
	run = runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	natstest.Eventually(t, "the erasure reaches the bucket", func() bool {
		left, err := captures.Of(run.Store).Erasing(t.Context())
		return err == nil && left == 0
	})
	run.stop()
	text := uploadedRecords(t, server)
	if strings.Contains(text, "word1x0x0") || !strings.Contains(text, "harbour of kept") {
		t.Errorf("the bucket has the erased page: %t", strings.Contains(text, "word1x0x0"))
	}
	if keys, versions := server.Keys(), server.Versions(); len(versions) != len(keys) {
		t.Errorf("the bucket has %q in the versions %q", keys, versions)
	}
	left, err := filepath.Glob(filepath.Join(spool, "*.gz*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the spool has %q, %v", left, err)
	}
}

// uploadedRecords returns the uncompressed records of all objects in the bucket.
func uploadedRecords(t *testing.T, server *s3test.Server) string {
	t.Helper()
	var all bytes.Buffer
	for _, key := range server.Keys() {
		body, err := server.Client().Open(t.Context(), objects.Location{Bucket: s3test.Bucket, Key: key}, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		records, err := gzip.NewReader(body)
		if err == nil {
			_, err = io.Copy(&all, records)
		}
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	return all.String()
}
