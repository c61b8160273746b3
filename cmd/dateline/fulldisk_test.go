package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/disktest"
)

const (
	diskPages   = 60 // the number of pages of TestFullDisk
	pagesBefore = 20 // the number of pages that are served before the disk is full
)

// TestFullDisk fills the disk of the data folder while pages are ingested, makes room and
// starts again. Every page must be ingested.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := disktest.Mount(t, "80m")
	data, ballast := filepath.Join(dir, "data"), filepath.Join(dir, "ballast")
	server := httptest.NewServer(fillingSite(t, ballast))
	defer server.Close()
	var urls []string
	for i := range diskPages {
		urls = append(urls, fmt.Sprintf("%s/lamp/%d", server.URL, i))
	}
	list := urlFile(t, urls)
	args := slices.Concat([]string{"ingest", "--json", "--data", data, "--data-min-free", fmt.Sprint(16 << 20), list},
		loopback, []string{"--fetcher-delay=50ms"})
	code, _, errText := dateline(t, args...)
	if code != 1 || !strings.Contains(errText, "make room") {
		t.Fatalf("with a full disk: exit code %d: %s", code, errText)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	code, ends := ingest(t, data, "--data-min-free=0", list)
	if code != 0 || len(ends) != len(urls) {
		t.Errorf("with free space: exit code %d, %d URLs ended, want %d", code, len(ends), len(urls))
	}
	checkLedger(t, data, 0)
}

// fillingSite serves articles, and fills the disk with a file once it has served some.
func fillingSite(t *testing.T, ballast string) http.Handler {
	requests := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests++; {
		case requests == pagesBefore:
			if err := os.WriteFile(ballast, make([]byte, 70<<20), 0o600); err != nil {
				t.Log("writing the ballast:", err)
			}
		case requests > pagesBefore && requests < diskPages:
			// The free space is checked every second. The work must not end earlier.
			time.Sleep(200 * time.Millisecond)
		}
		text := strings.Repeat("<p>The keeper of lamp "+r.URL.Path+" wrote down every ship that passed, and the book is now "+
			"in the museum of the town.</p>", 6)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Lamp %[1]s</title>"+
			"<article><h1>The lamp of %[1]s</h1>%[2]s</article>", r.URL.Path, text)
	})
}
