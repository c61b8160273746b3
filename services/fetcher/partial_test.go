package fetcher_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
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
