package frontier

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
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
