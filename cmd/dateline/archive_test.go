package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// TestArchive fetches pages into an archive, and then runs the pipeline without one.
func TestArchive(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, harbourPage(r.URL.Path))
		w.(http.Flusher).Flush() // so that the response is chunked
	}))
	defer site.Close()
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	code, ends := ingest(t, dir, "--archive", archive, "--archiver-min-free=0", site.URL+"/old", site.URL+"/a")
	if code != 0 || len(ends) != 2 {
		t.Fatalf("exit code %d, %v", code, ends)
	}
	cfg := testConfig(dir)
	cfg.Archiver.Dir, cfg.Archiver.MinFree = archive, 0
	run := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	natstest.Eventually(t, "both pages are archived", func() bool {
		consumer, err := run.Bus.JS.Consumer(t.Context(), subject.StreamPages, subject.ConsumerArchive)
		return err == nil && consumer.CachedInfo().AckFloor.Stream == 2
	})
	stream, err := run.Bus.JS.Stream(t.Context(), subject.StreamPages)
	if err == nil {
		err = stream.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	checkArchived(t, run, archive, site.URL+"/old")
	run.stop()
	checkArchiveCommands(t, dir, site.URL)
	got := archivedURLs(t, archive)
	if want := []string{site.URL + "/a", site.URL + "/new", site.URL + "/old"}; !slices.Equal(got, want) {
		t.Errorf("archived %q, want %q", got, want)
	}

	ctx, admin := natstest.Context(t), natstest.FreeAddr(t)
	up := program(ctx, t, "up", "--data", dir, "--data-nats-addr=", "--data-min-free=0", "--admin-addr", admin,
		"--http-addr=")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, admin)
	if err := errors.Join(up.Process.Signal(os.Interrupt), up.Wait()); err != nil {
		t.Fatal(err)
	}
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	_, err = bus.JS.Consumer(t.Context(), subject.StreamPages, subject.ConsumerArchive)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		t.Errorf("the consumer of an archive that is not used any more: %v", err)
	}
}

// checkArchived reads the page of an article that the stream does not have any more.
func checkArchived(t *testing.T, run *running, archive, url string) {
	t.Helper()
	hit, err := run.Store.Article(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	lib := library.New(run.Store, run.Bus.JS)
	if _, err := lib.Raw(t.Context(), hit.Article); !errors.Is(err, library.ErrGone) {
		t.Fatalf("without the archive: %v", err)
	}
	lib = lib.WithArchive(files.InFolder(archive))
	raw, err := lib.Raw(t.Context(), hit.Article)
	if err != nil || string(raw.Body) != harbourPage("/new") || raw.ContentType != "text/html" {
		t.Errorf("page %q of type %s, %v", raw.Body, raw.ContentType, err)
	}
	found, err := lib.Captures(t.Context(), hit.Article)
	if err != nil || len(found) != 2 {
		t.Fatalf("captures %+v, %v", found, err)
	}
	for _, c := range found {
		raw, err := lib.RawCapture(t.Context(), hit.Article, c.Time)
		if err != nil || raw.URL != c.URL {
			t.Errorf("capture of %s: %v", raw.URL, err)
		}
	}
	if _, err := lib.RawCapture(t.Context(), hit.Article, time.Now()); !errors.Is(err, library.ErrGone) {
		t.Errorf("a capture that does not exist: %v", err)
	}
}

// checkArchiveCommands lists the captures of a site.
func checkArchiveCommands(t *testing.T, dir, site string) {
	t.Helper()
	for _, test := range []struct {
		args  []string
		lines int
		want  string
	}{
		{[]string{"ls", "--json"}, 3, `"url":"` + site + `/new","status":200,"type":"text/html"`},
		{[]string{"ls", "--host", "127.0.0.1", "--since", "1h"}, 0, "3 captures"},
		{[]string{"ls", "--host", "example.com"}, 2, "0 captures"},
		{[]string{"ls", "--url", site + "/old", "--json"}, 1, `"status":301`},
		{[]string{"cdxj"}, 3, `127.0.0.1:` + site[strings.LastIndexByte(site, ':')+1:] + ")/a 20"},
	} {
		code, out, errText := dateline(t, slices.Concat([]string{"archive"}, test.args, []string{"--data", dir})...)
		if lines := strings.Count(out, "\n"); code != 0 || test.lines > 0 && lines != test.lines ||
			!strings.Contains(out, test.want) {
			t.Errorf("archive %s: exit code %d, %s\n%s", test.args, code, errText, out)
		}
	}
	if code, _, errText := dateline(t, "archive", "ls", "--since", "soon", "--data", dir); code != 2 {
		t.Errorf("a wrong time: exit code %d, %s", code, errText)
	}
}

// archivedURLs returns the sorted URLs of the responses in the complete files of a folder.
func archivedURLs(t *testing.T, dir string) (urls []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.warc.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		records := warcfile.NewReader(file, 0)
		for {
			record, err := records.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if record.Get(warcfile.FieldType) != warcfile.TypeResponse {
				continue
			}
			urls = append(urls, record.Get(warcfile.FieldURL))
			if head, _ := record.HTTP(); strings.Contains(strings.ToLower(string(head)), "\ntransfer-encoding:") {
				t.Errorf("transfer coding in %q", head)
			}
		}
	}
	slices.Sort(urls)
	return urls
}
