package fetcher_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// web is a site that records its requests.
type web struct {
	*httptest.Server
	mu       sync.Mutex
	received []request
}

type request struct {
	path string
	time time.Time
}

// newWeb serves a handler on its own port, which makes it a host of its own, until
// the test ends.
func newWeb(t *testing.T, handle http.HandlerFunc) *web {
	t.Helper()
	w := &web{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.mu.Lock()
		w.received = append(w.received, request{in.URL.Path, time.Now()})
		w.mu.Unlock()
		handle(out, in)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *web) requests() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]request(nil), w.received...)
}

// count returns the number of requests for a path.
func (w *web) count(path string) int {
	n := 0
	for _, r := range w.requests() {
		if r.path == path {
			n++
		}
	}
	return n
}

// html writes a page.
func html(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><html><body>"+body+"</body></html>")
}

// page is a handler that allows everything and answers every path with a page.
func page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	html(w, "<p>"+r.URL.Path)
}

// respond returns a handler that allows everything and answers every page with a
// status.
func respond(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(status)
	}
}

// gaps returns the times between the starts of consecutive requests.
func (w *web) gaps() []time.Duration {
	requests := w.requests()
	var out []time.Duration
	for i := range requests[1:] {
		out = append(out, requests[i+1].time.Sub(requests[i].time))
	}
	return out
}

// troubleSite serves a site on which every path ends differently.
func troubleSite(t *testing.T, elsewhere string) *web {
	t.Helper()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/robots.txt":
			fmt.Fprint(w, "User-agent: testnews\nDisallow: /private\n")
		case strings.HasPrefix(path, "/good"):
			html(w, path)
		case path == "/gone":
			w.WriteHeader(http.StatusGone)
		case path == "/login":
			w.WriteHeader(http.StatusForbidden)
		case path == "/teapot":
			w.WriteHeader(http.StatusTeapot)
		case path == "/silent":
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case path == "/stalls":
			html(w, "a beginning")
			w.(http.Flusher).Flush()
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case path == "/busy":
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case path == "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case path == "/picture":
			w.Header().Set("Content-Type", "image/png")
			fmt.Fprint(w, "\x89PNG\r\n\x1a\n")
		case path == "/large":
			html(w, filler(300_000))
		case path == "/moved":
			http.Redirect(w, r, "/good/moved", http.StatusMovedPermanently)
		case path == "/away":
			http.Redirect(w, r, elsewhere+"/good/away", http.StatusFound)
		case path == "/loop":
			http.Redirect(w, r, "/loop2", http.StatusFound)
		case path == "/loop2":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case path == "/mail":
			w.Header().Set("Location", "mailto:editor@example.com")
			w.WriteHeader(http.StatusFound)
		case path == "/hangup":
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				connection.Close()
			}
		default:
			http.NotFound(w, r)
		}
	})
}

// closedPort returns a URL on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	return "http://" + natstest.FreeAddr(t)
}

// filler returns text of about n bytes.
func filler(n int) string { return string(bytes.Repeat([]byte("a b c d "), n/8)) }
