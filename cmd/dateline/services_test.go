package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
)

// largeBody is a size in bytes that exceeds the maximum size of a message.
const largeBody = 8<<20 + 300<<10

// permissionsSite serves articles, one of which exceeds a message, and a page that
// fails.
func permissionsSite(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /news/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		writeStory(w, "The ferry of day "+r.PathValue("n"))
	})
	mux.HandleFunc("GET /news/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Encoding", "gzip")
		packed, err := gzip.NewWriterLevel(w, gzip.NoCompression) // the body must stay large
		if err != nil {
			t.Error(err)
			return
		}
		writeStory(packed, "The ferry of a big day")
		fmt.Fprintf(packed, "<!-- %s -->", strings.Repeat("x", largeBody))
		if err := packed.Close(); err != nil {
			t.Log("the large page was not read to its end:", err)
		}
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site
}

func writeStory(w io.Writer, title string) {
	text := strings.Repeat("<p>The ferry left the quay a quarter of an hour late, and nobody on board seemed to mind "+
		"the calm water or the long light.</p>", 5)
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>%s</title>`+
		`<meta property="article:published_time" content="2026-03-01T06:30:00Z"></head>`+
		`<body><article><h1>%[1]s</h1>%s</article>`, title, text)
}

// deployment is a set of services on a NATS server, each with its own user.
type deployment struct {
	srv      *server.Server
	nodes    []*server.Server          // if srv is one of several
	tls      func(user string) bus.TLS // nil: not encrypted
	site     *httptest.Server
	articles store.Store
	lib      *library.Library

	fetchNC, discoverNC, extractNC, archiveNC, indexNC, notifyNC *nats.Conn
	fetchJS, discoverJS, extractJS, archiveJS, indexJS, notifyJS jetstream.JetStream
}

// start runs the services, and returns a function that stops them.
func (d *deployment) start(t *testing.T) (stop func()) {
	t.Helper()
	nodes := d.nodes
	if nodes == nil {
		nodes = []*server.Server{d.srv, d.srv, d.srv}
	}
	connect := func(node *server.Server, user string) (*nats.Conn, jetstream.JetStream) {
		config := bus.Config{URL: urlFor(node, user)}
		if d.tls != nil {
			config.TLS = d.tls(user)
		}
		return connectWith(t, config, user)
	}
	d.fetchNC, d.fetchJS = connect(nodes[0], "fetcher")
	d.discoverNC, d.discoverJS = connect(nodes[1], "discoverer")
	d.extractNC, d.extractJS = connect(nodes[1], "extractor")
	d.archiveNC, d.archiveJS = connect(nodes[1], "archiver")
	d.indexNC, d.indexJS = connect(nodes[2], "indexer")
	d.notifyNC, d.notifyJS = connect(nodes[2], "notifier")
	d.lib = library.New(d.articles, d.indexJS)
	log := slog.New(slog.DiscardHandler)
	config := fetcher.DefaultConfig()
	config.AllowPrivate, config.Delay, config.DelayFactor = true, time.Millisecond, 0
	config.MaxAttempts, config.RetryDelay = 2, 10*time.Millisecond
	env := fetcher.Env{NC: d.fetchNC, JS: d.fetchJS, Registry: prometheus.NewRegistry(), Log: log}
	fetch, err := fetcher.New(t.Context(), env, config)
	if err != nil {
		t.Fatal(err)
	}
	discover, err := discoverer.New(t.Context(), discoverer.DefaultConfig(), discoverer.Dependencies{
		JS: d.discoverJS, Store: d.articles, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	extract, err := extractor.New(t.Context(), extractor.DefaultConfig(), extractor.Dependencies{
		JS: d.extractJS, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	index, err := indexer.New(t.Context(), indexer.DefaultConfig(), indexer.Dependencies{
		JS: d.indexJS, Store: d.articles, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	keep := archiver.DefaultConfig()
	keep.Dir, keep.MinFree = t.TempDir(), 0
	archive, err := archiver.New(t.Context(), keep, archiver.Dependencies{
		JS: d.archiveJS, Files: files.InFolder(keep.Dir), Store: d.articles, Registry: prometheus.NewRegistry(), Log: log,
		Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	notifying := notifier.DefaultConfig()
	notifying.AllowHosts = []string{"127.0.0.1"}
	notify, err := notifier.New(t.Context(), notifying, notifier.Dependencies{
		JS: d.notifyJS, Store: d.articles, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var stages errgroup.Group
	for _, stage := range []process.Runner{fetch, discover, extract, archive, index, notify} {
		stages.Go(func() error { return stage.Run(ctx) })
	}
	return func() {
		cancel()
		if err := errors.Join(stages.Wait(), archive.Close()); err != nil {
			t.Error(err)
		}
	}
}
