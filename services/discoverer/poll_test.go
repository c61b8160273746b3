package discoverer

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestRestartSpreadsPolls starts when all endpoints are overdue: some are polled at once, and the
// others are due within a second, one after the other.
func TestRestartSpreadsPolls(t *testing.T) {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	home, err := weburl.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	all := sources.Of(s)
	source := sources.New(home, nil, noon)
	var endpoints []sources.Endpoint
	for i := range 20 {
		url, err := weburl.Parse(fmt.Sprintf("https://example.com/%d.xml", i))
		if err != nil {
			t.Fatal(err)
		}
		e := sources.NewEndpoint(source.ID, url, datelinev1.Purpose_PURPOSE_FEED, "test")
		e.State = sources.Active
		endpoints = append(endpoints, e)
	}
	if err := all.Add(t.Context(), source, endpoints); err != nil {
		t.Fatal(err)
	}
	d, err := New(t.Context(), DefaultConfig(), Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.bodies.Close)
	d.now = func() time.Time { return noon }
	if err := d.pollDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := natstest.Count(t, js, subject.StreamURLs); n != overdueFirst {
		t.Errorf("%d endpoints are polled at once, want %d", n, overdueFirst)
	}
	stored, err := all.Endpoints(t.Context(), source.ID)
	if err != nil {
		t.Fatal(err)
	}
	times := map[time.Time]bool{}
	for _, e := range stored {
		if e.NextPoll.Equal(noon.Add(d.config.PollTimeout)) { // it was polled
			continue
		}
		times[e.NextPoll] = true
		if !e.NextPoll.After(noon) || e.NextPoll.After(noon.Add(time.Second)) {
			t.Errorf("%s is polled at %s", e.URL, e.NextPoll)
		}
	}
	if len(times) != len(endpoints)-overdueFirst {
		t.Errorf("%d endpoints are polled at %d times", len(endpoints)-overdueFirst, len(times))
	}
}
