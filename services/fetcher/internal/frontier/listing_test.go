package frontier

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestUntilListing checks that listings take a bounded share of the time, and that one that failed is soon repeated: a
// request that ran into its timeout is not a long listing.
func TestUntilListing(t *testing.T) {
	for _, c := range []struct {
		took     time.Duration
		complete bool
		want     time.Duration
	}{
		{0, true, rescan},
		{rescan / rescanShare, true, rescan},
		{rescan/rescanShare + time.Millisecond, true, rescan + rescanShare*time.Millisecond},
		{maxRescan / rescanShare, true, maxRescan},
		{time.Hour, true, maxRescan},
		{0, false, rescan},
		{time.Hour, false, rescan},
	} {
		if got := untilListing(c.took, c.complete); got != c.want {
			t.Errorf("after %s, complete: %t: %s, want %s", c.took, c.complete, got, c.want)
		}
	}
}

// TestFailedListing has each request of a listing of three partitions fail. The listing is then not complete.
func TestFailedListing(t *testing.T) {
	server, _ := newServer(t)
	requests, js := natstest.Fail(t, server)
	f, err := New(t.Context(), js.Conn(), js, Config{
		Replica: "a", MaxInFlight: 1, Visitor: &recorder{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.leases.held = map[int]lease{1: {}, 2: {}, 3: {}}
	failures := 0
	requests.Each(t, func(ctx context.Context) error {
		if !f.list(ctx, true) {
			failures++
			return errors.New("not complete")
		}
		return nil
	}, func() {})
	if failures != 4 { // the state of the stream, and the hosts of each partition
		t.Errorf("%d requests fail a listing, want 4", failures)
	}
}

// TestMissedNotice has a host whose only known URL waits for an hour, and a second URL whose notice is missed. The next
// listing finds it. A listing that finds nothing new lets the host sleep.
func TestMissedNotice(t *testing.T) {
	server, js := newServer(t)
	nc, _ := natstest.Connect(t, server)
	const later, now = "https://site.example/later", "https://site.example/now"
	f, err := New(t.Context(), nc, js, Config{
		Replica: "a", MaxInFlight: 1, MaxRetryWait: time.Hour, Visitor: &recorder{}, Log: slog.New(slog.DiscardHandler),
		Now: time.Now, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, js, later, time.Now().Add(time.Hour))
	name, err := subjectOf(&datelinev1.FrontierEntry{Url: later})
	if err != nil {
		t.Fatal(err)
	}
	partition, _ := partitionOf(name)
	f.leases.held = map[int]lease{partition: {}}
	// next returns the URL that is visited after a listing, if any.
	next := func() string {
		t.Helper()
		if !f.list(t.Context(), false) {
			t.Fatal("the listing is not complete")
		}
		h, _ := f.take()
		if h == nil {
			return ""
		}
		entry, err := f.pick(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		f.giveBack(h, h.wakes(), true)
		if entry == nil {
			return "none"
		}
		return entry.GetUrl()
	}
	for i, want := range []string{"none", "", ""} {
		if got := next(); got != want {
			t.Errorf("listing %d leads to %q, want %q", i+1, got, want)
		}
	}
	put(t, js, now, time.Time{}) // no subscription exists
	if got := next(); got != now {
		t.Errorf("the listing leads to %q, want the URL whose notice was missed", got)
	}
}
