package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/corpus"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// defaultKills is how often the process is ended without notice, if
// DATELINE_KILLS does not say.
const defaultKills = 20

// hosts is how many names on loopback the pages are spread over.
const hosts = 12

// TestKilledInALoop ends the process by SIGKILL at random moments of its
// work and starts it again on the same data folder, then lets it finish. Every
// page must have ended in one outcome of each stage it reached, every article
// must be stored once, and none may have a revision that nobody wrote.
//
// The pages are those of the corpus in DATELINE_CORPUS where that is set (the
// sets aeb-dev and fundus-dev), and made-up ones otherwise.
func TestKilledInALoop(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	kills := defaultKills
	if text := os.Getenv("DATELINE_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("DATELINE_KILLS: %v", err)
		}
	}
	program := filepath.Join(t.TempDir(), "dateline")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	var mu sync.Mutex
	asked := map[string]int{}
	handler, paths := killPages(t)
	origins := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/robots.txt" {
			mu.Lock()
			asked[r.URL.Path]++
			mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	}))
	var urls []string
	for i, path := range paths {
		urls = append(urls, origins[i%len(origins)]+path)
	}
	dir, list := t.TempDir(), urlFile(t, urls)
	args := append([]string{"ingest", "--json", "--data", dir, list}, loopback...)
	args = append(args, "--fetcher-delay=20ms")

	for i := range kills {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(100+rand.IntN(1100))*time.Millisecond)
		var errText bytes.Buffer
		run := exec.CommandContext(ctx, program, args...) // its end is SIGKILL
		run.Stderr = &errText
		err := run.Run()
		if ctx.Err() == nil && err != nil && run.ProcessState.ExitCode() != 1 {
			t.Fatalf("run %d ended by itself: %v\n%s", i, err, errText.String())
		}
		cancel()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out, errText bytes.Buffer
	last := exec.CommandContext(ctx, program, args...)
	last.Stdout, last.Stderr = &out, &errText
	if err := last.Run(); err != nil && last.ProcessState.ExitCode() != 1 {
		t.Fatalf("the last run: %v\n%s", err, errText.String())
	}
	ends := decodeEnds(t, out.String())
	for _, url := range urls {
		if len(ends[url]) != 1 {
			t.Errorf("%s ended %d times in the last run, want once", url, len(ends[url]))
		}
	}
	got := checkLedger(t, dir, 0)
	if n := got[datelinev1.Stage_STAGE_FETCH].all; n != int64(len(urls)) {
		t.Errorf("%d URLs were admitted and fetched, want %d", n, len(urls))
	}
	checkStoredOnce(t, dir, ends)
	again := 0
	for _, path := range paths {
		again += max(0, asked[path]-1)
	}
	t.Logf("%d pages on %d hosts, %d kills: %d pages were fetched again", len(paths), len(origins), kills, again)
	if most := kills * len(origins); again > most {
		t.Errorf("%d pages were fetched again, want at most one in flight for each host and kill (%d)", again, most)
	}
}

// checkStoredOnce asserts that the store has the articles of the ends, each
// once and in one revision where one URL led to it.
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

// killPages returns what to serve, and under which paths.
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
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Story %[1]s</title><article><h1>The story of %[1]s</h1>%[2]s</article>", r.URL.Path,
			strings.Repeat("<p>Nobody on the island remembers who first told the story of "+r.URL.Path+", but all agree that it began with a boat and a borrowed lamp.</p>", 5))
	}), paths
}

// listen serves on several loopback addresses, so that the pace of each host
// does not make one long queue.
func listen(t testing.TB, handler http.Handler) []string {
	t.Helper()
	var origins []string
	for i := range hosts {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", 2+i))
		if err != nil { // only Linux has them all
			if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
		}
		server := httptest.NewUnstartedServer(handler)
		server.Listener.Close()
		server.Listener = listener
		server.Start()
		t.Cleanup(server.Close)
		origins = append(origins, server.URL)
	}
	return origins
}
