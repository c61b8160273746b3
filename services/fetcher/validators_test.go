package fetcher_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestETagsAreSentBackUnchanged has a site that compares the ETags of conditional
// requests byte by byte, and answers 304 with another form of the ETag.
func TestETagsAreSentBackUnchanged(t *testing.T) {
	tags := []struct{ sent, confirmed string }{
		{`W/"weak"`, `"weak"`},
		{`"strong"`, `W/"strong"`},
		{`"suffix-gzip"`, `"suffix"`},
		{`"suffix;br"`, `W/"suffix"`},
		{`unquoted`, `"unquoted"`},
		{`w/"lower case"`, ``},
		{"\"Z\u00fcrich\"", "W/\"Z\u00fcrich\""},
		{"\"Z\xfcrich\"", "\"Z\xfcrich\""}, // not UTF-8
	}
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	site := serveRaw(t, func(request string) string {
		var page int
		if _, err := fmt.Sscanf(request, "GET /%d ", &page); err != nil {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		tag := tags[page]
		if strings.Contains(request, "\r\nIf-None-Match: "+tag.sent+"\r\n") {
			return "HTTP/1.1 304 Not Modified\r\nETag: " + tag.confirmed + "\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\nETag: " + tag.sent +
			"\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>the article"
	})
	run(t, nc, js, quickConfig())
	for page := range tags {
		publish(t, js, fmt.Sprintf("%s/%d", site, page))
	}
	waitForOutcomes(t, js, fetch, len(tags))
	for page, tag := range tags {
		url := fmt.Sprintf("%s/%d", site, page)
		if got := endingOf(fetchAgain(t, js, url)); got != notModified {
			t.Errorf("ETag %q, confirmed as %q: ended as %v, want %v", tag.sent, tag.confirmed, got, notModified)
		}
	}
}

// notModified is the ending of a page that has not changed.
var notModified = ending{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"}

// fetchAgain publishes a URL until its freshness window has ended, and returns the outcome of the fetch.
func fetchAgain(t *testing.T, js jetstream.JetStream, url string) *datelinev1.Outcome {
	t.Helper()
	fetched := len(outcomes(t, js, fetch))
	natstest.Eventually(t, "the freshness window ends", func() bool {
		before := len(outcomes(t, js, intake))
		publish(t, js, url)
		return waitForOutcomes(t, js, intake, before+1)[before].GetVerdict() == produced
	})
	return waitForOutcomes(t, js, fetch, fetched+1)[fetched]
}

// TestValidatorsAreThoseOfTheirURL has a page behind a redirect, and a page that is replaced by a redirect. The
// validators of a page are sent only to the URL that the page came from: another page may have the same ones.
func TestValidatorsAreThoseOfTheirURL(t *testing.T) {
	const tag, date = `"tag"`, "Sun, 01 Mar 2026 06:00:00 GMT"
	const sameTag, sameDate = "If-None-Match: " + tag, "If-Modified-Since: " + date
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	var mu sync.Mutex
	var requests []string
	var replaced atomic.Bool
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		known := ""
		for _, name := range []string{"If-None-Match", "If-Modified-Since"} {
			if value := r.Header.Get(name); value != "" {
				known += name + ": " + value
			}
		}
		if r.URL.Path != "/robots.txt" {
			mu.Lock()
			requests = append(requests, strings.TrimSpace(r.URL.Path+" "+known))
			mu.Unlock()
		}
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.URL.Path == "/short", r.URL.Path == "/old" && replaced.Load():
			http.Redirect(w, r, "/page", http.StatusFound)
		case r.URL.Path == "/page" && known == sameDate, r.URL.Path == "/old" && known == sameTag:
			w.WriteHeader(http.StatusNotModified)
		case r.URL.Path == "/old":
			w.Header().Set("ETag", tag)
			html(w, "<p>the old article")
		default:
			w.Header().Set("Last-Modified", date)
			html(w, "<p>the article")
		}
	})
	run(t, nc, js, quickConfig())
	for _, test := range []struct {
		path     string
		replaced bool
		want     ending
		requests []string
	}{
		{"/short", false, ending{produced, ""}, []string{"/short", "/page"}},
		{"/short", false, notModified, []string{"/short", "/page " + sameDate}},
		{"/old", false, ending{produced, ""}, []string{"/old"}},
		{"/old", false, notModified, []string{"/old " + sameTag}},
		{"/old", true, ending{produced, ""}, []string{"/old " + sameTag, "/page"}},
		{"/old", true, notModified, []string{"/old", "/page " + sameDate}},
	} {
		replaced.Store(test.replaced)
		if got := endingOf(fetchAgain(t, js, site.URL+test.path)); got != test.want {
			t.Errorf("%s ended as %v, want %v", test.path, got, test.want)
		}
		mu.Lock()
		if !slices.Equal(requests, test.requests) {
			t.Errorf("the requests for %s are %q, want %q", test.path, requests, test.requests)
		}
		requests = nil
		mu.Unlock()
	}
}
