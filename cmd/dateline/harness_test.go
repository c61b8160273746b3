package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// loopback are flags for fetching from servers of the test itself, without delays.
var loopback = []string{
	"--fetcher-allow-private", "--fetcher-delay=1ms", "--fetcher-delay-factor=0",
	"--fetcher-max-attempts=2", "--fetcher-retry-delay=10ms",
}

// dateline runs a command line and returns its exit code and output.
func dateline(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Run(natstest.Context(t), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	if text := out.String() + err.String(); strings.Contains(text, "%!") {
		t.Errorf("dateline %q: the output has a format that does not fit its arguments:\n%s", args, text)
	}
	return code, out.String(), err.String()
}

// end is a line of "ingest --json".
type end struct {
	URL, Verdict, Stage, Detail string
	Reason                      outcome.Reason
	Seen                        bool
	Article                     *struct {
		ID           string `json:"id"`
		CanonicalURL string `json:"canonical_url"`
		Title        string `json:"title"`
		Text         string `json:"text"`
	}
}

// ingest runs "ingest --json" and returns the ends by URL.
func ingest(t *testing.T, dir string, args ...string) (int, map[string][]end) {
	t.Helper()
	args = slices.Concat([]string{"ingest", "--json", "--data", dir}, loopback, args)
	code, out, errText := dateline(t, args...)
	if code == 2 || errText != "" && code != 0 && out == "" {
		t.Fatalf("ingest: exit code %d: %s", code, errText)
	}
	return code, decodeEnds(t, out)
}

func decodeEnds(t *testing.T, out string) map[string][]end {
	t.Helper()
	ends := map[string][]end{}
	decoder := json.NewDecoder(strings.NewReader(out))
	for decoder.More() {
		var e end
		if err := decoder.Decode(&e); err != nil {
			t.Fatalf("decoding a line of ingest --json: %v", err)
		}
		ends[e.URL] = append(ends[e.URL], e)
	}
	return ends
}

// urlFile returns the path of a file that lists URLs.
func urlFile(t *testing.T, urls []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "urls.txt")
	if err := os.WriteFile(path, []byte(strings.Join(urls, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testConfig returns a configuration that listens on no address.
func testConfig(dir string) pipeline.Config {
	cfg := pipeline.DefaultConfig()
	cfg.Data.Dir, cfg.Data.NATSAddr, cfg.Data.MinFree = dir, "", 0
	cfg.Admin.Addr, cfg.HTTP.Addr = "", ""
	return cfg
}

// allowLoopback lets the fetcher fetch from servers of the test itself, without delays.
func allowLoopback(cfg *pipeline.Config) {
	cfg.Fetcher.AllowPrivate, cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = true, time.Millisecond, 0
	cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay = 2, 10*time.Millisecond
}

// streamState returns the state of a stream.
func streamState(t *testing.T, bus *pipeline.Bus, name string) jetstream.StreamState {
	t.Helper()
	stream, err := bus.JS.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State
}

// harbourPage returns a page with an article about a harbour.
func harbourPage(name string) string {
	return "<!doctype html><html lang=en><title>Harbour</title><article><h1>Harbour reopens</h1>" +
		"<p>The harbour of " + name + " opened again on Monday after three weeks of repairs to its northern wall, " +
		"the harbour master said.</p>" +
		"<p>Eleven boats left within the first hour, and the fish market expects to sell again on Thursday, as it did " +
		"before the storm.</p></article>"
}

// running is a pipeline that a test runs in its own process.
type running struct {
	*pipeline.Pipeline
	stop func() // ends the pipeline and waits for it; may be called again
}

// runPipeline runs a pipeline until the test ends or stops it. If it has an API, it waits until the API accepts
// connections.
func runPipeline(tb testing.TB, cfg pipeline.Config, log *slog.Logger) *running {
	tb.Helper()
	p, err := pipeline.Open(tb.Context(), cfg, log)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, p.Close()); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(stop)
	if cfg.HTTP.Addr != "" {
		natstest.Eventually(tb, "the API accepts connections", func() bool {
			conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", cfg.HTTP.Addr)
			return err == nil && conn.Close() == nil
		})
	}
	return &running{Pipeline: p, stop: stop}
}

// settle waits until nothing but URLs waits, and the ledger has every outcome.
func settle(t *testing.T, p *running) {
	t.Helper()
	for _, c := range []struct{ stream, consumer string }{
		{subject.StreamURLs, subject.ConsumerIntake}, {subject.StreamPages, subject.ConsumerExtract},
		{subject.StreamArticles, subject.ConsumerIndex}, {subject.StreamOutcomes, subject.ConsumerLedger},
	} {
		consumer, err := p.Bus.JS.Consumer(t.Context(), c.stream, c.consumer)
		if err != nil {
			t.Fatal(err)
		}
		natstest.Eventually(t, c.consumer+" is idle", func() bool {
			info, err := consumer.Info(t.Context())
			return err == nil && info.NumPending == 0 && info.NumAckPending == 0
		})
	}
}

func openStore(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), testConfig(dir).StoreURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// counts contains the numbers of outcomes of a stage.
type counts struct{ all, produced int64 }

// checkLedger checks that each stage has as many outcomes as inputs, and that no URLs
// are left on the streams. It returns the counts by stage. pages is the number of saved
// pages that were ingested.
func checkLedger(t *testing.T, dir string, pages int64) map[datelinev1.Stage]counts {
	t.Helper()
	return checkLedgerOf(t, openStore(t, dir), dir, pages)
}

// checkLedgerOf is checkLedger for a store that is not in the data folder.
func checkLedgerOf(t *testing.T, s store.Store, dir string, pages int64) map[datelinev1.Stage]counts {
	t.Helper()
	tally, err := s.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[datelinev1.Stage]counts{}
	var split, continued int64
	for _, line := range tally {
		c := got[line.Stage]
		c.all += line.Count
		if line.Verdict == datelinev1.Verdict_VERDICT_PRODUCED {
			c.produced += line.Count
		}
		if line.Stage == datelinev1.Stage_STAGE_INTAKE && line.Reason == string(outcome.Split) {
			split += line.Count
		}
		if line.Reason == string(outcome.Continued) {
			continued += line.Count
		}
		got[line.Stage] = c
		t.Logf("%-8s %-10s %-20s %d",
			subject.StageName(line.Stage), subject.VerdictName(line.Verdict), line.Reason, line.Count)
	}
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	published := streamState(t, bus, subject.StreamURLs).LastSeq
	equal := func(what string, got, want int64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	intake, fetch := got[datelinev1.Stage_STAGE_INTAKE], got[datelinev1.Stage_STAGE_FETCH]
	extract, index := got[datelinev1.Stage_STAGE_EXTRACT], got[datelinev1.Stage_STAGE_INDEX]
	equal("outcomes of intake, compared with published messages", intake.all, int64(published))
	equal("outcomes of fetch, compared with accepted URLs", fetch.all, intake.produced-split)
	equal("outcomes of extract, compared with pages", extract.all,
		fetch.produced+got[datelinev1.Stage_STAGE_INGEST].produced+pages)
	equal("outcomes of index, compared with articles", index.all,
		extract.produced-continued+got[datelinev1.Stage_STAGE_REPLAY].produced)
	equal("messages left in URLS", int64(streamState(t, bus, subject.StreamURLs).Msgs), 0)
	equal("messages left in FRONTIER", int64(streamState(t, bus, subject.StreamFrontier).Msgs), 0)
	return got
}
