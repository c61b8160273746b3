package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// lostPages is the number of pages before and after NATS loses its store.
const lostPages = 180

// TestNATSLosesItsStore empties the store of NATS while a pipeline keeps running and a
// fetch is in progress. The streams are declared again, and use the same sequence numbers
// for other messages. Each URL that is published afterwards must be fetched and stored
// once. On a busy machine a request may time out; its repetition is an attempt that the
// outcome counts.
func TestNATSLosesItsStore(t *testing.T) {
	t.Parallel()
	site := newGate()
	origins := listen(t, site)
	dir, addr := t.TempDir(), natstest.FreeAddr(t)
	start := func() *natsembed.Server {
		server, err := natsembed.Start(natsembed.Config{
			Dir: filepath.Join(dir, "nats"), Addr: addr, Relaxed: true, MaxStoreBytes: 64 << 30,
		})
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := start()
	defer func() { server.Stop() }()
	cfg := gatedConfig(t)
	cfg.NATS.URL = "nats://" + addr
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	publishAll(t, p, urlsOf(origins, "before"))
	natstest.Eventually(t, "all URLs in the frontier", func() bool {
		return waitingURLs(t, p) == lostPages
	})
	select { // a request is in progress, and the site does not answer
	case <-site.arrived:
	case <-natstest.Context(t).Done():
		t.Fatal("no request")
	}

	server.Stop()
	if err := os.RemoveAll(filepath.Join(dir, "nats")); err != nil {
		t.Fatal(err)
	}
	server = start()
	natstest.Eventually(t, "the streams are declared again", func() bool {
		_, err := p.Bus.JS.Consumer(t.Context(), subject.StreamOutcomes, subject.ConsumerLedger)
		return err == nil
	})
	urls := urlsOf(origins, "after")
	publishAll(t, p, urls)
	natstest.Eventually(t, "all new URLs in the frontier", func() bool { return waitingURLs(t, p) == lostPages })
	close(site.opened)
	natstest.Eventually(t, "an empty frontier", func() bool { return waitingURLs(t, p) == 0 })
	settle(t, p)

	fetched, attempts := map[string]int{}, map[string]int{} // outcomes of fetch and their attempts, by URL
	for _, msg := range natstest.Messages(t, p.Bus.JS, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		if o.GetStage() == datelinev1.Stage_STAGE_FETCH {
			fetched[o.GetUrl()]++
			attempts[o.GetUrl()] += int(o.GetAttempt())
		}
	}
	checkProgress(t, p.Bus, p.Store)
	p.stop()
	revisions := storedArticles(t, openStore(t, cfg.Data.Dir))
	for _, url := range urls {
		_, rest, _ := strings.Cut(url, "/harbour")
		path := "/harbour" + rest
		if n := site.requests[path]; n < 1 || n > attempts[url] || fetched[url] != 1 || revisions[url] != 1 {
			t.Errorf("%s: %d requests, %d outcomes of fetch with %d attempts, and %d revisions, want one outcome and "+
				"revision, and at most a request for each attempt",
				url, site.requests[path], fetched[url], attempts[url], revisions[url])
		}
	}
}

func urlsOf(origins []string, name string) []string {
	var urls []string
	for i := range lostPages {
		urls = append(urls, fmt.Sprintf("%s/harbour/%s/%d", origins[i%len(origins)], name, i))
	}
	return urls
}

func publishAll(t *testing.T, p *running, urls []string) {
	t.Helper()
	if _, err := p.Bus.JS.Publish(natstest.Context(t), subject.URLs, []byte(strings.Join(urls, "\n"))); err != nil {
		t.Fatal(err)
	}
}

// waitingURLs returns the number of URLs in the frontier, or -1 while it cannot be read.
func waitingURLs(t *testing.T, p *running) int {
	t.Helper()
	stream, err := p.Bus.JS.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		return -1
	}
	return int(stream.CachedInfo().State.Msgs)
}
