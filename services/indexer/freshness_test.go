package indexer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// BenchmarkFreshness measures the time from publishing an article until it can
// be found, that is, until its transaction is committed, and until its revision
// event is received. The server syncs every message to disk. Each round first
// measures the maximum rate with a flood of articles and then publishes at half
// that rate.
func BenchmarkFreshness(b *testing.B) {
	var f freshness
	for b.Loop() {
		f.run(b)
	}
	b.ReportMetric(float64(b.N*freshnessRounds*freshnessArticles)/f.flooded.Seconds(), "articles/s-max")
	for unit, took := range map[string][]time.Duration{"found": f.found, "heard": f.heard} {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-"+unit+"-median")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-"+unit+"-99th")
		b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "ms-"+unit+"-max")
	}
}

// freshnessRounds is the number of rounds in a run, and freshnessArticles the
// number of articles in each half of a round.
const (
	freshnessRounds   = 4
	freshnessArticles = 1500
)

// freshness collects measurements: the total duration of the floods, and for each
// article the times until it was found and until its event was heard.
type freshness struct {
	flooded      time.Duration
	found, heard []time.Duration
}

// run measures all rounds with one server and one store.
func (f *freshness) run(b *testing.B) {
	b.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), MaxStoreBytes: 64 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Stop()
	nc, js := natstest.Connect(b, server)
	defer nc.Close()
	natstest.Reconcile(b, js, topology.Limits{})
	opened, err := store.Open(b.Context(), storetest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	s := &timedStore{Store: opened, stored: map[string]time.Time{}}
	ix, err := indexer.New(b.Context(), indexer.DefaultConfig(), indexer.Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	events := make(chan *nats.Msg, 1<<16)
	if _, err := nc.ChanSubscribe(subject.AllRevisions, events); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- ix.Run(ctx) }()
	for round := range freshnessRounds {
		f.round(b, js, s, events, 2*round*freshnessArticles)
	}
	stop()
	if err := errors.Join(<-ended, s.Close()); err != nil && !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
}

// round publishes the articles from number first on.
func (f *freshness) round(b *testing.B, js jetstream.JetStream, s *timedStore, events <-chan *nats.Msg, first int) {
	b.Helper()
	start := time.Now()
	feed(b, js, first, freshnessArticles, 0)
	for range freshnessArticles {
		<-events
	}
	took := time.Since(start)
	f.flooded += took

	published := make(chan map[string]time.Time, 1)
	rate := freshnessArticles / took.Seconds() / 2
	go func() { published <- feed(b, js, first+freshnessArticles, freshnessArticles, rate) }()
	heard := map[string]time.Time{}
	for range freshnessArticles {
		msg := <-events
		now := time.Now()
		event := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			b.Fatal(err)
		}
		heard[event.GetArticleId()] = now
	}
	for id, began := range <-published {
		f.found = append(f.found, s.at(id).Sub(began))
		f.heard = append(f.heard, heard[id].Sub(began))
	}
}

// timedStore records when articles become searchable.
type timedStore struct {
	store.Store
	mutex  sync.Mutex
	stored map[string]time.Time
}

func (s *timedStore) Put(
	ctx context.Context, articles []*datelinev1.Article, from ...store.Span,
) ([]store.PutResult, error) {
	results, err := s.Store.Put(ctx, articles, from...)
	now := time.Now()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, result := range results {
		s.stored[result.ID] = now
	}
	return results, err
}

func (s *timedStore) at(id string) time.Time {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.stored[id]
}

// feed publishes articles evenly at a rate per second, or as fast as possible
// if rate is 0. It returns the time at which each was published.
func feed(b *testing.B, js jetstream.JetStream, first, n int, rate float64) map[string]time.Time {
	b.Helper()
	random := rand.New(rand.NewPCG(1, uint64(first)))
	began := make(map[string]time.Time, n)
	start := time.Now()
	for i := range n {
		var text strings.Builder
		for range 600 {
			fmt.Fprintf(&text, "w%x ", random.Uint32N(1<<random.Uint32N(16)))
		}
		a := record(fmt.Sprint("fresh", first+i), fmt.Sprint("Headline ", i),
			noon.Add(time.Duration(first+i)*time.Second))
		a.Text = text.String()
		msg, err := ledger.Message(subject.Articles("en", "com.example"), a.GetId(), a)
		if err != nil {
			b.Fatal(err)
		}
		if rate > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(float64(i) / rate * float64(time.Second)))))
		}
		began[a.GetId()] = time.Now()
		if _, err := js.PublishMsgAsync(msg); err != nil {
			b.Fatal(err)
		}
		if i%100 == 99 {
			<-js.PublishAsyncComplete()
		}
	}
	return began
}
