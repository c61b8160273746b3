package fetcher_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestBodyThatAlwaysEndsEarly has a site with wrong lengths and without last chunks.
func TestBodyThatAlwaysEndsEarly(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	nc, js := natstest.Start(t)
	var requests atomic.Int32
	site := serveRaw(t, func(request string) string {
		switch {
		case strings.HasPrefix(request, "GET /robots.txt"):
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		case strings.HasPrefix(request, "GET /length"):
			requests.Add(1)
			return ok + "Content-Length: 1000\r\n\r\n<p>the article"
		}
		requests.Add(1)
		return ok + "Transfer-Encoding: chunked\r\n\r\ne\r\n<p>the article\r\n"
	})
	paths := []string{"/length", "/chunk"}
	for _, path := range paths {
		publish(t, js, site+path)
		if body, err := fetchOne(t, site+path); err != nil || body != "<p>the article" {
			t.Errorf("%s without a pipeline: %q, %v", path, body, err)
		}
	}
	requests.Store(0)
	config := quickConfig()
	run(t, nc, js, config)
	for _, o := range waitForOutcomes(t, js, fetch, len(paths)) {
		if got := endingOf(o); got != (ending{produced, "truncated"}) || !strings.Contains(o.Detail, "2 attempts") {
			t.Errorf("%s ended as %v: %s", o.Url, got, o.Detail)
		}
	}
	if got, want := int(requests.Load()), len(paths)*config.MaxAttempts; got != want {
		t.Errorf("%d requests, want %d: each is retried before it is stored", got, want)
	}
	for _, p := range pages(t, js) {
		if !p.GetTruncated() {
			t.Errorf("the page of %s is not marked as truncated", p.GetRequestedUrl())
		}
	}
}

// TestTruncatedPageIsFetchedWhole cuts a page at the maximum size. The next request must
// not be conditional: "not modified" would leave the page cut for ever.
func TestTruncatedPageIsFetchedWhole(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	var requests, conditional atomic.Int32
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		requests.Add(1)
		if r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "" {
			conditional.Add(1)
		}
		w.Header().Set("ETag", `"long"`)
		w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 06:00:00 GMT")
		html(w, strings.Repeat("long ", 1000))
	})
	config := quickConfig()
	config.MaxBodyBytes = 1000
	run(t, nc, js, config)
	natstest.Eventually(t, "the page is fetched twice", func() bool {
		before := len(outcomes(t, js, intake))
		publish(t, js, site.URL+"/long")
		waitForOutcomes(t, js, intake, before+1)
		return requests.Load() >= 2
	})
	if conditional.Load() > 0 {
		t.Errorf("%d of %d requests for a page that was cut are conditional", conditional.Load(), requests.Load())
	}
	if got := endingOf(waitForOutcomes(t, js, fetch, 2)[1]); got != (ending{produced, "truncated"}) {
		t.Errorf("the page ended as %v", got)
	}
}
