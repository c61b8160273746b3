package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// defaultKills is the number of kills if DATELINE_KILLS is not set.
const defaultKills = 5

// hosts is the number of loopback addresses that the pages are spread over.
const hosts = 12

// TestKilledInALoop kills the process with SIGKILL at random moments, starts it
// again on the same data folder each time, and then lets it finish. Every page
// must have one outcome of each stage it reached, every article must be stored
// once, and no article may have a revision that nobody wrote.
//
// DATELINE_KILLS is the number of kills; 20 is the full test, and fewer are the
// default because each costs a start of the process. The pages are those of the
// corpus in DATELINE_CORPUS if it is set (the sets aeb-dev and fundus-dev), and
// made up otherwise.
func TestKilledInALoop(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	kills := killsWanted(t)
	handler, paths := killPages(t)
	site := &countedSite{handler: handler, requests: map[string]int{}, requested: make(chan struct{}, 1)}
	origins := listen(t, site)
	var urls []string
	for i, path := range paths {
		urls = append(urls, origins[i%len(origins)]+path)
	}
	dir, list := t.TempDir(), urlFile(t, urls)
	args := append([]string{"ingest", "--json", "--data", dir, list}, loopback...)
	args = append(args, "--fetcher-delay=20ms")
	killed := 0
	for i := range kills {
		if killOnce(t, args, site.requested, i%3 == 0) {
			killed++
		}
	}

	var out, errText bytes.Buffer
	last := program(natstest.Context(t), t, args...)
	last.Stdout, last.Stderr = &out, &errText
	if err := last.Run(); err != nil && last.ProcessState.ExitCode() != 1 {
		t.Fatalf("last run: %v\n%s", err, errText.String())
	}
	ends := decodeEnds(t, out.String())
	for _, url := range urls {
		if len(ends[url]) != 1 {
			t.Errorf("%s ended %d times in the last run, want once", url, len(ends[url]))
		}
	}
	finish(t, dir)
	got := checkLedger(t, dir, 0)
	if n := got[datelinev1.Stage_STAGE_FETCH].all; n != int64(len(urls)) {
		t.Errorf("%d URLs were admitted and fetched, want %d", n, len(urls))
	}
	checkStoredOnce(t, dir, ends)
	again := site.repeated()
	t.Logf("%d pages on %d hosts, %d kills: %d pages were fetched again", len(paths), len(origins), killed, again)
	if most := kills * len(origins); again > most {
		t.Errorf("%d pages were fetched again, want at most one in flight for each host and kill (%d)", again, most)
	}
}

// finish runs the pipeline on a data folder until no URL waits there. A message
// that was delivered but not acked before a kill is delivered again only after
// topology.AckWait, and the last run may have been shorter than that. A message whose
// ack survived a kill, but whose deletion did not, is not delivered again: the fetcher
// removes it once the messages before it are acked.
func finish(t *testing.T, dir string) {
	t.Helper()
	p := runPipeline(t, testConfig(dir), slog.New(slog.DiscardHandler))
	defer p.stop()
	defer func() {
		if t.Failed() {
			logURLs(t, p.Bus)
		}
	}()
	natstest.Eventually(t, "streams without URLs", func() bool {
		urls, frontier := streamState(t, p.Bus, subject.StreamURLs), streamState(t, p.Bus, subject.StreamFrontier)
		return urls.Msgs+frontier.Msgs == 0
	})
	if err := p.Settle(t.Context(), natstest.Patience(t)); err != nil {
		t.Error(err)
	}
}

// logURLs logs the state of URLS and of its consumer, and the first message left. A
// message at or below the ack floor was acked (see topology.RemoveAcked). Any other
// message must be pending or waiting for its ack.
func logURLs(t *testing.T, bus *pipeline.Bus) {
	t.Helper()
	stream, err := bus.JS.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Log(err)
		return
	}
	state := stream.CachedInfo().State
	t.Logf("URLS: %+v", state)
	if consumer, err := stream.Consumer(t.Context(), subject.ConsumerIntake); err != nil {
		t.Log(err)
	} else {
		t.Logf("consumer of URLS: %+v", consumer.CachedInfo())
	}
	if msg, err := stream.GetMsg(t.Context(), state.FirstSeq); err != nil {
		t.Log(err)
	} else {
		t.Logf("first message left in URLS: sequence %d, stored %s, header %v, data %q",
			msg.Sequence, msg.Time, msg.Header, msg.Data)
	}
}

func killsWanted(t *testing.T) int {
	t.Helper()
	return natstest.Kills(t, defaultKills)
}

// killOnce starts the program and kills it: within a second of its start if early
// is true, and otherwise within half a second of its next request to the site, so
// that the kill meets work however slow the machine is. It reports whether the
// program was killed; a program that has nothing left to do ends by itself.
func killOnce(t *testing.T, args []string, requested <-chan struct{}, early bool) bool {
	t.Helper()
	select {
	case <-requested: // of the previous run
	default:
	}
	ctx, kill := context.WithCancel(natstest.Context(t))
	defer kill()
	var errText bytes.Buffer
	run := program(ctx, t, args...) // ctx kills it with SIGKILL
	run.Stderr = &errText
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	checkEnd := func(err error) {
		if err != nil && run.ProcessState.ExitCode() != 1 {
			t.Fatalf("the program ended by itself: %v\n%s", err, errText.String())
		}
	}
	window := time.Second
	if !early {
		window = 500 * time.Millisecond
		select {
		case <-requested:
		case err := <-ended:
			checkEnd(err)
			return false
		}
	}
	select {
	case <-time.After(rand.N(window)):
		kill()
		<-ended //nolint:errcheck // the process was killed
		return true
	case err := <-ended:
		checkEnd(err)
		return false
	}
}

// countedSite counts the requests for each page.
type countedSite struct {
	handler   http.Handler
	requested chan struct{} // receives a value after a request, if it is empty

	mu       sync.Mutex
	requests map[string]int // by path
}

func (s *countedSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/robots.txt" {
		s.mu.Lock()
		s.requests[r.URL.Path]++
		s.mu.Unlock()
		select {
		case s.requested <- struct{}{}:
		default:
		}
	}
	s.handler.ServeHTTP(w, r)
}

// repeated returns how many requests were not the first for their page.
func (s *countedSite) repeated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, count := range s.requests {
		n += count - 1
	}
	return n
}

// checkStoredOnce checks that the store contains the articles of the ends, each once
// and with at most one revision per URL that led to it.
func checkStoredOnce(t *testing.T, dir string, ends map[string][]end) {
	t.Helper()
	s := openStore(t, dir)
	sources := map[string]int{}
	for _, list := range ends {
		for _, e := range list {
			if e.Article != nil {
				sources[e.Article.ID]++
			}
		}
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if int(stats.Articles) != len(sources) {
		t.Errorf("%d articles are stored, want %d", stats.Articles, len(sources))
	}
	for id, n := range sources {
		revisions, err := s.Revisions(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(revisions) > n {
			t.Errorf("article %s has %d revisions from %d URLs", id, len(revisions), n)
		}
	}
}

// killPages returns a handler that serves pages, and their paths.
func killPages(t *testing.T) (http.Handler, []string) {
	t.Helper()
	if dir := os.Getenv("DATELINE_CORPUS"); dir != "" {
		c, err := corpus.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, name := range []string{"aeb-dev", "fundus-dev"} {
			set, err := c.Set(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range set.Pages() {
				paths = append(paths, "/"+name+"/"+page.ID)
			}
		}
		return c.Handler(), paths
	}
	t.Log("DATELINE_CORPUS is not set: the pages are made up")
	var paths []string
	for i := range 240 {
		paths = append(paths, fmt.Sprintf("/story/%d", i))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		const page = "<!doctype html><html lang=en><title>Story %[1]s</title>" +
			"<article><h1>The story of %[1]s</h1>%[2]s</article>"
		text := strings.Repeat("<p>Nobody on the island remembers who first told the story of "+r.URL.Path+
			", but all agree that it began with a boat and a borrowed lamp.</p>", 5)
		fmt.Fprintf(w, page, r.URL.Path, text)
	}), paths
}

// listen serves on several loopback addresses, so that the URLs do not wait in the queue
// of a single host. It returns the origins.
func listen(tb testing.TB, handler http.Handler) []string {
	tb.Helper()
	var origins []string
	for i := range hosts {
		listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.%d:0", 2+i))
		if err != nil { // only Linux routes all of 127.0.0.0/8
			if listener, err = new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0"); err != nil {
				tb.Fatal(err)
			}
		}
		server := httptest.NewUnstartedServer(handler)
		server.Listener.Close()
		server.Listener = listener
		server.Start()
		tb.Cleanup(server.Close)
		origins = append(origins, server.URL)
	}
	return origins
}
