package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// simulatedWeb is a set of sites that are reached without a network.
type simulatedWeb struct {
	sites  []*simulatedSite
	byHost map[string]*simulatedSite
}

// simulatedSite is a site that behaves in one particular way. It is also the
// net.Listener of its server.
type simulatedSite struct {
	host, habit string
	crawlDelay  time.Duration // of its robots.txt
	server      *http.Server
	connections chan net.Conn
	closed      chan struct{}

	mu       sync.Mutex
	received int // number of requests
	busy     int // requests in progress
	ended    time.Time
	until    time.Time // end of a Retry-After
	// afterPage reports whether the last request was for a page.
	afterPage bool
	early     int           // number of requests that came too early
	least     time.Duration // shortest time between two requests
	confused  int           // number of conditional requests with other validators than the page has
}

// siteHandler answers a request to a site.
type siteHandler func(s *simulatedSite, w http.ResponseWriter, r *http.Request)

// add adds a site. The handler also answers for robots.txt if robots is nil.
func (w *simulatedWeb) add(habit string, robots *string, handle siteHandler) *simulatedSite {
	s := &simulatedSite{
		host: fmt.Sprintf("10.0.0.%d", len(w.sites)+1), habit: habit, least: time.Hour,
		connections: make(chan net.Conn), closed: make(chan struct{}),
	}
	handler := func(out http.ResponseWriter, r *http.Request) {
		isRobots := r.URL.Path == "/robots.txt"
		s.begin(!isRobots)
		defer s.end()
		if isRobots && robots != nil {
			fmt.Fprint(out, *robots)
			return
		}
		handle(s, out, r)
	}
	s.server = &http.Server{Handler: http.HandlerFunc(handler), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = s.server.Serve(s) }() // until close
	w.sites = append(w.sites, s)
	w.byHost[s.host] = s
	return s
}

// serveNews writes a page.
func serveNews(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<!doctype html><p>"+strings.Repeat("news ", 200))
}

// respondAfter returns a handler that serves a page after a delay.
func respondAfter(delay time.Duration) siteHandler {
	return func(_ *simulatedSite, w http.ResponseWriter, r *http.Request) {
		sleep(r, delay)
		serveNews(w)
	}
}

// sleep waits for a time, or until the request is cancelled.
func sleep(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func newSimulatedWeb() *simulatedWeb {
	w := &simulatedWeb{byHost: map[string]*simulatedSite{}}
	start := time.Now()
	allowAll, denyAll, slowDown := "", "User-agent: *\nDisallow: /\n", "User-agent: *\nCrawl-delay: 55\n"
	w.add("healthy", &allowAll, respondAfter(time.Second))
	w.add("slow", &allowAll, respondAfter(15*time.Second))
	w.add("silent", &allowAll, func(_ *simulatedSite, _ http.ResponseWriter, r *http.Request) { sleep(r, time.Hour) })
	w.add("drips", &allowAll, drip)
	w.add("breaks off", &allowAll, breakOff)
	w.add("hangs up", &allowAll, hangUp)
	w.add("endless", &allowAll, endless)
	w.add("down for hours", &allowAll, func(_ *simulatedSite, out http.ResponseWriter, _ *http.Request) {
		if time.Since(start)%(2*time.Hour) < 70*time.Minute {
			out.WriteHeader(http.StatusBadGateway)
			return
		}
		serveNews(out)
	})
	w.add("sends Retry-After", &allowAll, retryAfter)
	w.add("redirects forever", &allowAll, func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		http.Redirect(out, r, r.URL.Path+"x", http.StatusFound)
	})
	w.add("never changes", &allowAll, unchangedPage)
	w.add("disallows everything", &denyAll, respondAfter(0))
	w.add("crawl delay", &slowDown, respondAfter(0)).crawlDelay = 55 * time.Second
	w.add("robots.txt unavailable", nil, func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" && time.Since(start)%(3*time.Hour) < time.Hour {
			out.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		serveNews(out)
	})
	return w
}

// drip sends a body slowly.
func drip(_ *simulatedSite, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	for range 1000 {
		if _, err := io.WriteString(w, "<p>"); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		sleep(r, 5*time.Second)
	}
}

// breakOff closes the connection in the middle of the body.
func breakOff(_ *simulatedSite, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "5000")
	serveNews(w)
	w.(http.Flusher).Flush() // otherwise it may look like an idle connection that died
	panic(http.ErrAbortHandler)
}

// hangUp closes the connection in the middle of the response's header.
func hangUp(_ *simulatedSite, w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Ty")
	_ = conn.Close()
}

func endless(_ *simulatedSite, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	for {
		if _, err := io.WriteString(w, strings.Repeat("endless ", 1000)); err != nil {
			return
		}
	}
}

// retryAfter answers every tenth request with 429.
func retryAfter(s *simulatedSite, w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received%10 == 0 {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
		s.until = time.Now().Add(600 * time.Second)
		return
	}
	serveNews(w)
}

// unchangedPage counts the conditional requests that do not name the validators of the page.
func unchangedPage(s *simulatedSite, w http.ResponseWriter, r *http.Request) {
	const tag, modified = `"always"`, "Sun, 01 Mar 2026 11:00:00 GMT"
	w.Header().Set("ETag", tag)
	w.Header().Set("Last-Modified", modified)
	known, since := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
	switch {
	case known == "" && since == "":
		serveNews(w)
	case known == tag && since == modified:
		w.WriteHeader(http.StatusNotModified)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.confused++
		serveNews(w)
	}
}

// begin records the start of a request, and counts it if it comes too early: within
// the fetcher's delay, within the Crawl-delay after another page, or before the end
// of a Retry-After.
func (s *simulatedSite) begin(page bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	s.busy++
	pause := simDelay
	if page && s.afterPage {
		pause = max(pause, s.crawlDelay)
	}
	s.afterPage = page
	if gap := time.Since(s.ended); s.received > 1 {
		s.least = min(s.least, gap)
		if s.busy > 1 || gap < pause || time.Now().Before(s.until) {
			s.early++
		}
	}
}

func (s *simulatedSite) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.ended = time.Now()
}

// Accept implements net.Listener.
func (s *simulatedSite) Accept() (net.Conn, error) {
	select {
	case c := <-s.connections:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *simulatedSite) Close() error { return nil }

// Addr implements net.Listener.
func (s *simulatedSite) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects to a site.
func (w *simulatedWeb) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := strings.Cut(address, ":")
	s := w.byHost[host]
	if s == nil {
		return nil, errors.New("no such site")
	}
	client, server := net.Pipe()
	select {
	case s.connections <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// requests returns the number of requests to all sites.
func (w *simulatedWeb) requests() (n int) {
	for _, s := range w.sites {
		n += s.received
	}
	return n
}

func (w *simulatedWeb) close() {
	for _, s := range w.sites {
		close(s.closed)
		s.server.Close()
	}
}
