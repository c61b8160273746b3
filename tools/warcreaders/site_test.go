package warcreaders

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// kinds are the ways in which the site answers, in turn.
var kinds = []string{"plain", "chunked", "gzip", "br", "zstd", "deflate", "redirect", "empty", "short", "same", "large"}

const (
	maxBody = 8 << 20
	// pagesOfAll is the number of pages without DATELINE_PAGES.
	pagesOfAll = 220
)

// site is a site with one page of each number. Its answers depend on the number alone.
type site struct {
	http1, http2 *httptest.Server
	pages        int

	mu       sync.Mutex
	archived map[string]int
}

func newSite(t *testing.T, pages int) *site {
	t.Helper()
	s := &site{pages: pages, archived: map[string]int{}}
	s.http1 = httptest.NewServer(s)
	s.http2 = httptest.NewUnstartedServer(s)
	s.http2.EnableHTTP2 = true
	s.http2.StartTLS()
	t.Cleanup(s.http1.Close)
	t.Cleanup(s.http2.Close)
	// The fetcher trusts the roots of the system, which are read with the first connection.
	file := filepath.Join(t.TempDir(), "roots.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http2.Certificate().Raw})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	return s
}

// address returns the URL of a page, on each of the servers in turn.
func (s *site) address(number int) string {
	base := s.http1.URL
	if number/len(kinds)%2 == 1 {
		base = s.http2.URL
	}
	return base + "/" + strconv.Itoa(number)
}

func kindOf(number int) string { return kinds[number%len(kinds)] }

// text returns the page of a number before it is encoded.
func text(number int) []byte {
	switch kindOf(number) {
	case "empty":
		return nil
	case "same":
		number = 9
	case "large":
		if number == len(kinds)-1 {
			return bytes.Repeat([]byte("<p>0123456789"), maxBody/13)
		}
	}
	return fmt.Appendf(nil, "<!doctype html><title>Page %d</title>%s", number,
		strings.Repeat("<p>Some text.", number%1000))
}

// encoded returns the body of a page as sent, and its content coding.
func encoded(number int) ([]byte, string) {
	var out bytes.Buffer
	var writer io.WriteCloser
	coding := kindOf(number)
	switch coding {
	case "gzip":
		writer = gzip.NewWriter(&out)
	case "br":
		writer = brotli.NewWriter(&out)
	case "zstd":
		writer, _ = zstd.NewWriter(&out)
	case "deflate":
		writer = zlib.NewWriter(&out)
	default:
		return text(number), ""
	}
	_, _ = writer.Write(text(number))
	_ = writer.Close()
	return out.Bytes(), coding
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := strings.TrimPrefix(r.URL.Path, "/moved/")
	number, err := strconv.Atoi(strings.TrimPrefix(target, "/"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if kindOf(number) == "redirect" && target == r.URL.Path {
		http.Redirect(w, r, "/moved/"+strconv.Itoa(number), http.StatusFound)
		return
	}
	body, coding := encoded(number)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	switch kindOf(number) {
	case "chunked":
		_, _ = w.Write(body)
		w.(http.Flusher).Flush()
		return
	case "short": // ends before its announced length
		header.Set("Content-Length", strconv.Itoa(len(body)+100))
	default:
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_, _ = w.Write(body)
}

// check compares an archived response with what the site sends.
func (s *site) check(t *testing.T, address, head string, body []byte, truncated string) {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(target.Path, "/moved"), "/"))
	if err != nil {
		t.Fatalf("archived %s", address)
	}
	s.mu.Lock()
	s.archived[s.address(number)]++
	s.mu.Unlock()
	for line := range strings.Lines(strings.ToLower(head)) {
		if strings.HasPrefix(line, "transfer-encoding:") {
			t.Errorf("%s has %q", address, line)
		}
	}
	if strings.Contains(head, " 302 ") {
		s.mu.Lock()
		s.archived[s.address(number)]--
		s.mu.Unlock()
		return
	}
	if want, _ := encoded(number); !bytes.Equal(body, want) {
		t.Errorf("%s (%s): %d bytes, want %d", address, kindOf(number), len(body), len(want))
	}
	if want := kindOf(number) == "short"; want != (truncated == "disconnect") {
		t.Errorf("%s (%s): truncated %q", address, kindOf(number), truncated)
	}
}

// missing returns the pages that were not archived once. Empty pages are rejected or
// archived like any other.
func (s *site) missing() map[string]int {
	wrong := map[string]int{}
	for number := range s.pages {
		if at := s.address(number); s.archived[at] != 1 {
			wrong[at] = s.archived[at]
		}
	}
	return wrong
}

// archiveSite fetches the pages of a site into an archive, and returns its folder.
func archiveSite(t *testing.T) (dir string, s *site) {
	t.Helper()
	pages := pagesOfAll
	if given := os.Getenv("DATELINE_PAGES"); given != "" {
		var err error
		if pages, err = strconv.Atoi(given); err != nil {
			t.Fatalf("DATELINE_PAGES: %v", err)
		}
	}
	s = newSite(t, pages)
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	articles, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer articles.Close()
	log := slog.New(slog.DiscardHandler)
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = "TestNews/1.0 (+https://example.com/bot)", true
	config.Delay, config.DelayFactor, config.PerAddress = time.Millisecond, 0, false
	config.MaxAttempts, config.RetryDelay, config.MaxBodyBytes = 2, 10*time.Millisecond, maxBody+1000
	fetch, err := fetcher.New(t.Context(), fetcher.Env{
		NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: log,
	}, config)
	if err != nil {
		t.Fatal(err)
	}
	archive := archiver.DefaultConfig()
	dir = filepath.Join(t.TempDir(), "archive")
	archive.Dir, archive.MinFree, archive.MaxFileBytes = dir, 0, 4<<20
	keep, err := archiver.New(t.Context(), archive, archiver.Dependencies{
		JS: js, Files: files.InFolder(archive.Dir), Store: articles, Registry: prometheus.NewRegistry(), Log: log,
		Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- fetch.Run(ctx) }()
	go func() { ended <- keep.Run(ctx) }()
	for number := range pages {
		if _, err := js.Publish(ctx, subject.URLs, []byte(s.address(number))); err != nil {
			t.Fatal(err)
		}
	}
	awaitArchived(t, js, pages)
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := keep.Close(); err != nil {
		t.Error(err)
	}
	return dir, s
}

// awaitArchived waits until the fetcher has ended all requests, and the archiver has acked
// all pages.
func awaitArchived(t *testing.T, js jetstream.JetStream, pages int) {
	t.Helper()
	natstest.Eventually(t, "all pages are fetched and archived", func() bool {
		stream, err := js.Stream(t.Context(), subject.StreamOutcomes)
		if err != nil {
			return false
		}
		info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("outcomes.>"))
		if err != nil {
			return false
		}
		var fetched, archived uint64
		for name, count := range info.State.Subjects {
			switch strings.Split(name, ".")[1] {
			case "fetch":
				fetched += count
			case "archive":
				archived += count
			}
		}
		return fetched == uint64(pages) && archived == uint64(pages)
	})
}
