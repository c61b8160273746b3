package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	archives "github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// The live work of BenchmarkLatencyDuringReplay: a URL is published every liveEvery, liveURLs in
// each part, on each of liveSites in turn.
const (
	liveURLs  = 150
	liveSites = 10
	liveEvery = 100 * time.Millisecond
)

// BenchmarkLatencyDuringReplay measures how long it takes from publishing a URL until its article
// is stored, without a replay and while one runs in the same process: a dry run and one that
// stores every record, at the default rate and without a limit. It reports the median and the
// 95th percentile in milliseconds, and how many pages the replay has extracted per second.
func BenchmarkLatencyDuringReplay(b *testing.B) {
	cfg := testConfig(b.TempDir())
	allowLoopback(&cfg)
	cfg.Fetcher.PerAddress = false
	run := runPipeline(b, cfg, slog.New(slog.DiscardHandler))
	defer run.stop()
	l := &liveLoad{running: run, events: make(chan *nats.Msg, 1<<16), bodies: fixtures(b)}
	for range liveSites {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, harbourPage(r.URL.Path))
		}))
		defer site.Close()
		l.sites = append(l.sites, site.URL)
	}
	subscription, err := run.Bus.NC.ChanSubscribe(subject.AllRevisions, l.events)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = subscription.Unsubscribe() }()
	l.measure(b, liveSites) // robots.txt, connections
	took := map[string][]time.Duration{}
	pages, parts := 0, []struct {
		name   string
		writes bool
		rate   float64
	}{{"dry-run", false, 50}, {"apply", true, 50}, {"apply-unlimited", true, 0}}
	start := time.Now()
	for b.Loop() {
		took["alone"] = append(took["alone"], l.measure(b, liveURLs)...)
		for _, part := range parts {
			stop := l.replay(b, part.writes, part.rate)
			took[part.name] = append(took[part.name], l.measure(b, liveURLs)...)
			pages += stop()
		}
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "ms-"+name+"-median")
		b.ReportMetric(float64(all[len(all)*95/100].Milliseconds()), "ms-"+name+"-95th")
	}
	b.ReportMetric(float64(pages)/time.Since(start).Seconds(), "replayed/s")
}

// fixtures returns the pages of the extractor's tests.
func fixtures(b *testing.B) (bodies [][]byte) {
	b.Helper()
	files, err := filepath.Glob("../../services/extractor/article/testdata/*.html")
	if err != nil || len(files) == 0 {
		b.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// liveLoad publishes URLs to a pipeline, in which a replay may run.
type liveLoad struct {
	*running

	sites  []string
	next   int // number of the next URL
	bodies [][]byte
	events chan *nats.Msg
}

// measure publishes URLs, and returns how long each took until it was stored.
func (l *liveLoad) measure(b *testing.B, urls int) (took []time.Duration) {
	b.Helper()
	published := map[string]time.Time{}
	ticker := time.NewTicker(liveEvery)
	defer ticker.Stop()
	sent := 0
	for len(took) < urls {
		select {
		case <-ticker.C:
			if sent++; sent > urls {
				continue
			}
			url := fmt.Sprintf("%s/%d", l.sites[l.next%liveSites], l.next)
			l.next++
			published[url] = time.Now()
			if _, err := l.Bus.JS.Publish(b.Context(), subject.URLs, []byte(url)); err != nil {
				b.Fatal(err)
			}
		case msg := <-l.events:
			event := &datelinev1.RevisionEvent{}
			if err := proto.Unmarshal(msg.Data, event); err != nil {
				b.Fatal(err)
			}
			if at, ok := published[event.GetArticle().GetFinalUrl()]; ok {
				took = append(took, event.GetTime().AsTime().Sub(at))
			}
		case <-b.Context().Done():
			b.Fatalf("%d of %d URLs were stored", len(took), urls)
		}
	}
	return took
}

// endless reads as a web archive with a number of pages that has no end.
type endless struct {
	bodies [][]byte
	next   int
	rest   []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		name := fmt.Sprintf("%d-%d", e.next, time.Now().UnixNano())
		body := strings.Replace(string(e.bodies[e.next%len(e.bodies)]), "<p>", "<p>"+name+" ", 1)
		e.rest = warctest.Page(name, "https://archive.example/"+name, captured, []byte(body)).Gzip()
		e.next++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// replay starts a replay. stop ends it, and returns the number of pages that it has extracted.
func (l *liveLoad) replay(b *testing.B, writes bool, rate float64) (stop func() int) {
	b.Helper()
	extraction, err := extractor.NewExtraction(extractor.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	pages := 0
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&endless{bodies: l.bodies}), nil }
	config := replay.Config{
		Library: library.New(l.Store, l.Bus.JS), JS: l.Bus.JS, Extraction: extraction, MaxBytes: 64 << 20, Rate: rate,
		Workers:   max(1, runtime.GOMAXPROCS(0)/2),
		Selection: replay.Selection{Archives: []archives.Archive{{Name: "pages", Open: open}}},
		Log:       slog.New(slog.DiscardHandler), Now: time.Now,
		Report:     func(replay.Result) error { pages++; return nil },
		ReportFile: func(archives.Summary) error { return nil }, Progress: func(int64) {},
	}
	if writes {
		if config.Run, err = replay.RunsOf(l.Store).Start(b.Context(), config.Selection, 0, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- replay.Replay(ctx, config) }()
	return func() int {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.Errorf("the replay ended: %v", err)
		}
		return pages
	}
}
