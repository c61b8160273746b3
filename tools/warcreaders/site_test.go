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
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// kinds are the ways in which the site answers, in turn. Pages of the kinds same and unchanged are
// fetched twice. The site confirms the second time that those of the kind unchanged are as before,
// and sends the others again. The first page of the kinds large and cut on each server has 8 MB or
// more.
var kinds = []string{
	"plain", "chunked", "gzip", "br", "zstd", "deflate", "redirect", "empty", "short", "same", "unchanged", "large", "cut",
}

const (
	maxBody = 8 << 20
	// fetched is the number of bytes of a body that the fetcher accepts.
	fetched = maxBody + 1000
	// pagesOfAll is the number of pages without DATELINE_PAGES.
	pagesOfAll = 220
)

// site is a site with one page of each number. Its answers depend on the number alone.
type site struct {
	http1, http2 *httptest.Server
	pages        int

	mu       sync.Mutex
	archived map[string]int
	// revisits are the profiles of the revisit records by URL.
	revisits map[string][]string
}

func newSite(t *testing.T, pages int) *site {
	t.Helper()
	s := &site{pages: pages, archived: map[string]int{}, revisits: map[string][]string{}}
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

// isFirst reports whether a page is the first of its kind on its server.
func isFirst(number int) bool { return number < 2*len(kinds) }

// isFetchedAgain reports whether a page is fetched twice.
func isFetchedAgain(number int) bool {
	return kindOf(number) == "same" || kindOf(number) == "unchanged"
}

// text returns the page of a number before it is encoded.
func text(number int) []byte {
	switch kindOf(number) {
	case "empty":
		return nil
	case "same":
		number = 9
	case "large":
		if isFirst(number) {
			return bytes.Repeat([]byte("<p>0123456789"), maxBody/13)
		}
	case "cut":
		if isFirst(number) {
			return bytes.Repeat([]byte("<p>0123456789"), maxBody/12)
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
	case "unchanged":
		header.Set("ETag", `"`+strconv.Itoa(number)+`"`)
		if r.Header.Get("If-None-Match") == header.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
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
	if target.Path == "/robots.txt" {
		return
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
	want, _ := encoded(number)
	wantTruncated := ""
	switch {
	case len(want) > fetched:
		want, wantTruncated = want[:fetched], "length"
	case kindOf(number) == "short":
		wantTruncated = "disconnect"
	}
	if !bytes.Equal(body, want) {
		t.Errorf("%s (%s): %d bytes, want %d", address, kindOf(number), len(body), len(want))
	}
	if truncated != wantTruncated {
		t.Errorf("%s (%s): truncated %q, want %q", address, kindOf(number), truncated, wantTruncated)
	}
}

// revisit notes a revisit record.
func (s *site) revisit(address, profile string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisits[address] = append(s.revisits[address], profile)
}

// checkRevisits checks that the pages that were fetched twice have a revisit record each, with
// the profile for their kind.
func (s *site) checkRevisits(t *testing.T) {
	t.Helper()
	for number := range s.pages {
		var want []string
		switch {
		case kindOf(number) == "same":
			want = []string{warcfile.ProfileIdentical}
		case kindOf(number) == "unchanged":
			want = []string{warcfile.ProfileNotModified}
		}
		if got := s.revisits[s.address(number)]; !slices.Equal(got, want) {
			t.Errorf("%s (%s) has the revisits %q, want %q", s.address(number), kindOf(number), got, want)
		}
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
	config.MaxAttempts, config.RetryDelay, config.MaxBodyBytes = 2, 10*time.Millisecond, fetched
	config.CaptureExchanges = true
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
		request(t, js, &datelinev1.FetchRequest{Url: s.address(number)})
	}
	awaitArchived(t, js, pages)
	again := 0
	for number := range pages {
		if isFetchedAgain(number) {
			request(t, js, &datelinev1.FetchRequest{Url: s.address(number), Revisit: true})
			again++
		}
	}
	awaitArchived(t, js, pages+again)
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

// request publishes a request.
func request(t *testing.T, js jetstream.JetStream, r *datelinev1.FetchRequest) {
	t.Helper()
	data, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	msg := nats.NewMsg(subject.URLs)
	msg.Header.Set("Content-Type", "application/protobuf")
	msg.Data = data
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

// awaitArchived waits until the fetcher has ended a number of requests, and the archiver has
// acked all pages and exchanges.
func awaitArchived(t *testing.T, js jetstream.JetStream, requests int) {
	t.Helper()
	natstest.Eventually(t, "all pages are fetched and archived", func() bool {
		stream, err := js.Stream(t.Context(), subject.StreamOutcomes)
		if err != nil {
			return false
		}
		info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("outcomes.fetch.>"))
		if err != nil {
			return false
		}
		var ended uint64
		for _, count := range info.State.Subjects {
			ended += count
		}
		consumer, err := js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerArchive)
		if err != nil || ended != uint64(requests) {
			return false
		}
		state := consumer.CachedInfo()
		return state.NumPending == 0 && state.NumAckPending == 0 &&
			natstest.Count(t, js, subject.StreamExchanges) == 0
	})
}
