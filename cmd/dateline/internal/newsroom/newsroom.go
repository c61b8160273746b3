// Package newsroom serves five made-up newspapers, embedded in the binary, on
// loopback. The demo ingests them, so that a first run needs no internet access, and
// end-to-end tests use them as their fixture. Every place, person and paper is invented.
//
// Each paper represents a style of markup:
//
//	ledger     utility-class divs, no structured data, dates only as text
//	valmere    a classic article element with microdata; German, French, English
//	meridian   JSON-LD NewsArticle and OpenGraph; English, Spanish, Turkish, Japanese
//	gazette    tables and font tags in windows-1252 and windows-1251; addresses
//	           that differ only in a query parameter
//	wadi       right to left: Arabic, Persian and Central Kurdish, with paths in
//	           those scripts
package newsroom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Newsroom is a set of running servers, one per paper. It is safe for concurrent use.
type Newsroom struct {
	press   *press
	origins map[string]string // by paper
	closed  string            // origin of the paper that closed
	servers []*http.Server
	serving sync.WaitGroup
	unwatch func() bool
	close   func() error
}

// Start serves every paper, and one that has closed, each on a port of its own. On Linux,
// where all of 127.0.0.0/8 is loopback, each paper also has an address of its own
// (127.0.0.2, 127.0.0.3, …). Elsewhere all papers share 127.0.0.1.
//
// The servers stop when ctx ends or Close is called. Requests in progress are aborted.
func Start(ctx context.Context) (*Newsroom, error) {
	press, err := load()
	if err != nil {
		return nil, err
	}
	n := &Newsroom{press: press, origins: make(map[string]string)}
	n.close = sync.OnceValue(n.stop)
	listeners, err := listenAll(ctx, len(papers)+1)
	if err != nil {
		return nil, err
	}
	for i, p := range papers {
		n.origins[p.Name] = "http://" + listeners[i].Addr().String()
	}
	n.closed = "http://" + listeners[len(papers)].Addr().String()
	for i, listener := range listeners {
		handler := http.Handler(http.HandlerFunc(serveClosed))
		if i < len(papers) {
			handler = press.handler(papers[i], n.origins)
		}
		server := &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          log.New(io.Discard, "", 0), // some pages are broken on purpose
		}
		n.servers = append(n.servers, server)
		n.serving.Go(func() {
			_ = server.Serve(listener) // returns ErrServerClosed after Close
		})
	}
	n.unwatch = context.AfterFunc(ctx, func() { _ = n.close() })
	return n, nil
}

// listenAll listens for a number of papers.
func listenAll(ctx context.Context, papers int) ([]net.Listener, error) {
	var all []net.Listener
	for i := range papers {
		one, err := listen(ctx, i)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, fmt.Errorf("listening for the newsroom: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// listen listens on an ephemeral port of the i-th loopback address after 127.0.0.1, or
// of 127.0.0.1 itself if the system has no others.
func listen(ctx context.Context, i int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.%d:0", i+2))
	if err == nil {
		return l, nil
	}
	l, plainErr := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if plainErr != nil {
		return nil, errors.Join(err, plainErr)
	}
	return l, nil
}

// Close stops the servers and waits for them. It may be called more than once.
func (n *Newsroom) Close() error {
	n.unwatch()
	return n.close()
}

func (n *Newsroom) stop() error {
	var errs []error
	for _, s := range n.servers {
		errs = append(errs, s.Close())
	}
	n.serving.Wait()
	return errors.Join(errs...)
}

// URLs returns all URLs to ingest, including those of faulty pages. The papers take
// turns, so that the delay between requests to one host does not slow down the start.
func (n *Newsroom) URLs() []string {
	var urls []string
	for _, e := range n.Expectations() {
		urls = append(urls, e.URL)
	}
	return urls
}

// Expectations returns how each of URLs should end, in the same order.
func (n *Newsroom) Expectations() []Expectation {
	return n.press.expectations(n.origins)
}

// Feeds returns the address of each paper's RSS feed.
func (n *Newsroom) Feeds() []string {
	var feeds []string
	for _, p := range papers {
		feeds = append(feeds, n.origins[p.Name]+feedPath)
	}
	return feeds
}

// Origins returns the origin of each paper (scheme, address and port) by name.
func (n *Newsroom) Origins() map[string]string {
	origins := make(map[string]string)
	for name, origin := range n.origins {
		origins[name] = origin
	}
	return origins
}

// Handler returns a handler that serves one paper, for httptest. Its links to itself use
// the host of the request, and those to other papers http://PAPER.example. If there is no
// such paper, the error lists the papers.
func Handler(paper string) (http.Handler, error) {
	press, err := load()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(papers, func(p Paper) bool { return p.Name == paper })
	if i < 0 {
		return nil, fmt.Errorf("there is no paper %q: choose ledger, valmere, meridian, gazette or wadi", paper)
	}
	origins := make(map[string]string)
	for _, p := range papers {
		origins[p.Name] = "http://" + p.Name + ".example"
	}
	return press.handler(papers[i], origins), nil
}
