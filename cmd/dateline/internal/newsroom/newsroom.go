// Package newsroom is a made-up press of five papers, embedded in the binary
// and served on loopback. The demo ingests it, so that a first run needs no
// internet, and end-to-end tests use it as their fixture. Every place, person
// and paper in it is invented.
//
// Each paper stands for a tradition of markup:
//
//	ledger     utility-class divs, no structured data, dates only as text
//	valmere    a classic article element with microdata; German, French, English
//	meridian   JSON-LD NewsArticle and OpenGraph; English, Spanish, Turkish, Japanese
//	gazette    tables and font tags in windows-1252 and windows-1251, addresses
//	           told apart by a query parameter
//	wadi       right to left: Arabic, Persian and Central Kurdish, paths in
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

// Newsroom is the running press. It is safe for concurrent use.
type Newsroom struct {
	press   *press
	origins map[string]string // by paper
	servers []*http.Server
	serving sync.WaitGroup
	unwatch func() bool
	close   func() error
}

// Start serves every paper on a port of its own. Where the system lets it,
// each paper has an address of its own as well (127.0.0.2, 127.0.0.3, …), as
// all of Linux's 127.0.0.0/8 is loopback; elsewhere all share 127.0.0.1.
//
// The servers stop when ctx ends or Close is called; requests that are being
// answered then are cut off.
func Start(ctx context.Context) (*Newsroom, error) {
	press, err := load()
	if err != nil {
		return nil, err
	}
	n := &Newsroom{press: press, origins: make(map[string]string)}
	n.close = sync.OnceValue(n.stop)
	listeners := make([]net.Listener, len(papers))
	for i, p := range papers {
		listeners[i], err = listen(ctx, i)
		if err != nil {
			for _, l := range listeners[:i] {
				l.Close()
			}
			return nil, fmt.Errorf("listening for the paper %s: %w", p.Name, err)
		}
		n.origins[p.Name] = "http://" + listeners[i].Addr().String()
	}
	for i, p := range papers {
		server := &http.Server{
			Handler:           press.handler(p, n.origins),
			ReadHeaderTimeout: 10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          log.New(io.Discard, "", 0), // the broken pages are meant
		}
		n.servers = append(n.servers, server)
		n.serving.Go(func() {
			server.Serve(listeners[i]) // ends with ErrServerClosed, by Close
		})
	}
	n.unwatch = context.AfterFunc(ctx, func() { n.close() })
	return n, nil
}

// listen takes an ephemeral port on the i-th loopback address behind
// 127.0.0.1, or on 127.0.0.1 where there is no other.
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

// Close stops the servers and waits until they have ended. It may be called
// more than once.
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

// URLs lists everything that the demo ingests, the troublesome included, with
// the papers taking turns, so that no host's pace holds up the beginning.
func (n *Newsroom) URLs() []string {
	var urls []string
	for _, e := range n.Expectations() {
		urls = append(urls, e.URL)
	}
	return urls
}

// Expectations says for each of URLs, in the same order, what should come of
// it.
func (n *Newsroom) Expectations() []Expectation {
	return n.press.expectations(n.origins)
}

// Feeds lists the address of each paper's RSS feed.
func (n *Newsroom) Feeds() []string {
	var feeds []string
	for _, p := range papers {
		feeds = append(feeds, n.origins[p.Name]+feedPath)
	}
	return feeds
}

// Origins gives scheme, address and port of each paper by its name, without a
// slash at the end.
func (n *Newsroom) Origins() map[string]string {
	origins := make(map[string]string)
	for name, origin := range n.origins {
		origins[name] = origin
	}
	return origins
}

// Handler serves one paper, for httptest: its own links are on the host that a
// request names, and other papers are on http://<paper>.example. The error
// says when there is no such paper, and which there are.
func Handler(paper string) (http.Handler, error) {
	press, err := load()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(papers, func(p Paper) bool { return p.Name == paper })
	if i < 0 {
		return nil, fmt.Errorf("no paper %q: there are ledger, valmere, meridian, gazette and wadi", paper)
	}
	origins := make(map[string]string)
	for _, p := range papers {
		origins[p.Name] = "http://" + p.Name + ".example"
	}
	return press.handler(papers[i], origins), nil
}
