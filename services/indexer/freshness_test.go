package indexer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
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
)

// BenchmarkFreshness measures the time from publishing an article until it can
// be found, that is, until its transaction is committed, and until its revision
// event is received. The server syncs every message to disk. Each round first
// measures the maximum rate with a flood of articles and then publishes at half
// that rate.
func BenchmarkFreshness(b *testing.B) {
	const rounds, each = 4, 1500
	var flooded time.Duration
	var found, heard []time.Duration
	for b.Loop() {
		server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), MaxStoreBytes: 64 << 30})
		if err != nil {
			b.Fatal(err)
		}
		nc, js := natstest.Connect(b, server)
		natstest.Reconcile(b, js, topology.Limits{})
		opened, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "articles.db"))
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
		for round := range rounds {
			start := time.Now()
			feed(b, js, 2*round*each, each, 0)
			for range each {
				<-events
			}
			took := time.Since(start)
			flooded += took

			published := make(chan map[string]time.Time, 1)
			go func() { published <- feed(b, js, (2*round+1)*each, each, each/took.Seconds()/2) }()
			at := map[string]time.Time{}
			for range each {
				msg := <-events
				now := time.Now()
				event := &datelinev1.RevisionEvent{}
				if err := proto.Unmarshal(msg.Data, event); err != nil {
					b.Fatal(err)
				}
				at[event.GetArticleId()] = now
			}
			for id, began := range <-published {
				found = append(found, s.at(id).Sub(began))
				heard = append(heard, at[id].Sub(began))
			}
		}
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil && !errors.Is(err, context.Canceled) {
			b.Fatal(err)
		}
		nc.Close()
		server.Stop()
	}
	b.ReportMetric(float64(b.N*rounds*each)/flooded.Seconds(), "articles/s-at-most")
	for unit, took := range map[string][]time.Duration{"found": found, "heard": heard} {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-"+unit+"-median")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-"+unit+"-99th")
		b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "ms-"+unit+"-most")
	}
}

// timedStore records when articles become searchable.
type timedStore struct {
	store.Store
	mutex  sync.Mutex
	stored map[string]time.Time
}

func (s *timedStore) Put(ctx context.Context, articles []*datelinev1.Article) ([]store.PutResult, error) {
	results, err := s.Store.Put(ctx, articles)
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
