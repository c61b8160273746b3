//go:build !race

package main

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// runID matches the id of a run.
var runID = regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4}`)

// TestReplayingWithAFailingStep has each statement and each request to NATS fail in turn while a record is replaced,
// and while it is restored. A command that ends with 0 must have published the record once.
func TestReplayingWithAFailingStep(t *testing.T) {
	t.Parallel()
	d := newFailing(t)
	url := d.fill(t)
	before := uint64(0)
	last := func() *jetstream.StreamInfo {
		stream, err := d.js.Stream(t.Context(), subject.StreamArticles)
		must(t, err)
		return stream.CachedInfo()
	}
	alter := func() []string {
		alterRecord(t, d.store, url, func(a *datelinev1.Article) { a.Title = "Another title" })
		before = last().State.LastSeq
		return nil
	}
	published := func([]string) string { return fmt.Sprint(last().State.LastSeq - before) }
	apply := []string{"replay", "--apply", "--json"}
	d.check(t, step{args: apply, prepare: alter, effect: published, isPartial: func(_, got result) bool {
		return got.code != 0 && strings.Contains(got.out, `"status":"failed"`)
	}})

	d.check(t, step{args: []string{"replay", "undo"}, prepare: func() []string {
		d.index(t) // what an earlier command has published
		alter()
		r := d.run(t, step{args: apply}, nil)
		if r.code != 0 {
			t.Fatal(r.errs)
		}
		d.index(t)
		before = last().State.LastSeq
		return []string{runID.FindString(r.out)}
	}, effect: published})
}

// index stores the articles that wait for the indexer.
func (d *failing) index(t *testing.T) {
	t.Helper()
	consumer, err := d.js.Consumer(t.Context(), subject.StreamArticles, subject.ConsumerIndex)
	must(t, err)
	for waiting := consumer.CachedInfo().NumPending; waiting > 0; waiting-- {
		msg, err := consumer.Next()
		must(t, err)
		a := &datelinev1.Article{}
		must(t, proto.Unmarshal(msg.Data(), a))
		_, err = d.store.Put(t.Context(), []*datelinev1.Article{a})
		must(t, err)
		must(t, msg.DoubleAck(natstest.Context(t)))
	}
}

// TestStatusWithAFailingStep has each statement and each request to NATS of the web page fail in turn while the status
// of the deployment is read from it.
func TestStatusWithAFailingStep(t *testing.T) {
	t.Parallel()
	d := newFailing(t)
	d.fillStore(t)
	d.fillStreams(t)
	_, js := natstest.Connect(t, d.requests)
	reads := library.New(storetest.Open(t, d.statements.URL), js)
	server := httptest.NewServer(web.Handler(web.Config{}, web.Dependencies{
		Library: reads, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	d.check(t, step{args: []string{"status", "--client-web", server.URL, "--interval", "100ms", "--json"}})
}
