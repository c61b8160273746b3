package discoverer

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestKilledBetweenClaimAndPublish has a replica claim polls and publish some of them before it is
// killed. Another one publishes all of them again once the lease has ended, and not one is polled
// twice.
func TestKilledBetweenClaimAndPublish(t *testing.T) {
	_, js := natstest.Start(t)
	db, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	now := time.Now()
	replica := func() *Discoverer {
		t.Helper()
		d, err := New(t.Context(), DefaultConfig(), Dependencies{
			JS: js, Store: db, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.bodies.Close)
		d.now = func() time.Time { return now }
		return d
	}
	killed, next := replica(), replica()
	home, err := weburl.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, nil, now)
	first, err := sources.First(source)
	if err == nil {
		err = killed.sources.Add(t.Context(), source, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := killed.claim(t.Context(), pollBatch)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("%d endpoints were claimed, %v", len(claimed), err)
	}
	if err := killed.request(t.Context(), claimed[0]); err != nil {
		t.Fatal(err)
	}
	if most := 30 * time.Second; pollLease+pollInterval > most {
		t.Errorf("another replica takes over after %s, want at most %s", pollLease+pollInterval, most)
	}
	for range 2 { // the second time, nothing is due
		now = now.Add(pollLease)
		if err := next.pollDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	polled := map[string]int{}
	for _, msg := range natstest.Messages(t, js, subject.StreamURLs) {
		request := &datelinev1.FetchRequest{}
		if err := proto.Unmarshal(msg.Data, request); err != nil {
			t.Fatal(err)
		}
		polled[request.GetUrl()]++
	}
	for _, e := range claimed {
		if polled[e.URL] != 1 {
			t.Errorf("%s was polled %d times, want once", e.URL, polled[e.URL])
		}
	}
}
