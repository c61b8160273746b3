package notifier

import (
	"sync"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestSubscriptionClaimedByAnother looks for due subscriptions while another process claims the only one. The place for
// its turn is free again afterwards, so that the subscription has its turn later.
func TestSubscriptionClaimedByAnother(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	s := storetest.Open(t, storetest.Postgres(t))
	r := newRoomOn(t, js, s)
	r.run()() // finds its place on the stream
	to := newTarget(t, nil)
	r.subscribe("ferry", "ferry", to.URL)
	r.put("a", "ferry")
	n := r.notifier
	if err := n.matchAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := s.SQL().Writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback() }()
	if _, err := other.ExecContext(t.Context(), `SELECT id FROM notify_subscriptions FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var turns sync.WaitGroup
	start := func() {
		t.Helper()
		if err := n.startTurns(t.Context(), t.Context(), &turns); err != nil {
			t.Error(err)
		}
		turns.Wait()
		if len(n.turns) > 0 {
			t.Errorf("without a turn, the places %v are taken", n.turns)
		}
	}
	start()
	if got := len(to.requests()); got != 0 {
		t.Errorf("%d requests, although another process has the subscription", got)
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	start()
	if got := len(to.requests()); got != 1 {
		t.Errorf("%d requests after the other process has ended, want 1", got)
	}
}
