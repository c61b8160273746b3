package discoverer

import (
	"fmt"
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

// TestPollAfterALostResponse polls an endpoint whose response is lost. The next request has no conditions: the site
// would answer that nothing has changed since the lost response.
func TestPollAfterALostResponse(t *testing.T) {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := newPolled(t, "/feed.xml", datelinev1.Purpose_PURPOSE_FEED)
	p.endpoint.State = sources.Active
	all := sources.Of(s)
	if err := all.Add(t.Context(), p.source, []sources.Endpoint{p.endpoint}); err != nil {
		t.Fatal(err)
	}
	d, err := New(t.Context(), DefaultConfig(), Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.bodies.Close)
	clock := noon
	d.now = func() time.Time { return clock }
	for i, want := range []bool{false, true, false} {
		d.pollSome(t.Context(), 1)
		messages := natstest.Messages(t, js, subject.StreamURLs)
		request := &datelinev1.FetchRequest{}
		if len(messages) != i+1 {
			t.Fatalf("%d requests, want %d", len(messages), i+1)
		}
		if err := proto.Unmarshal(messages[i].Data, request); err != nil {
			t.Fatal(err)
		}
		if request.GetForce() != want {
			t.Errorf("request %d is unconditional: %t, want %t", i+1, request.GetForce(), want)
		}
		if clock = clock.Add(d.config.PollTimeout); i == 0 {
			continue // the response is lost
		}
		settled, err := all.Endpoint(t.Context(), p.endpoint.ID)
		if err != nil {
			t.Fatal(err)
		}
		settled.Settled, settled.NextPoll = settled.Poll, clock
		if _, err := all.Settle(t.Context(), settled, sources.Reading{}); err != nil {
			t.Fatal(err)
		}
	}
}
