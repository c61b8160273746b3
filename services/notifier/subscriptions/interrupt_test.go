package subscriptions_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// of opens a store and returns its subscriptions. The statements are the same in both kinds of store.
func of(t *testing.T) *subscriptions.Subscriptions {
	t.Helper()
	return subscriptions.Of(storetest.Open(t, storetest.SQLite(t)))
}

// TestInterruptedReads interrupts each read at each of its steps: it must fail or return the whole answer.
func TestInterruptedReads(t *testing.T) {
	all := of(t)
	delivered := giveUp(t, all)
	s, err := all.Get(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	waiting := match(t, all, add(t, all, "waiting"), now, "e", "f")
	pending := waiting[0].SubscriptionID
	claimed, err := all.Claim(t.Context(), []string{pending}, "me", now, now) // which ends at once
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed: %v, %v; want one", claimed, err)
	}
	given, err := all.GivenUp(t.Context(), 0, 10)
	if err != nil || len(given) != 3 {
		t.Fatalf("given up: %v, %v; want three", given, err)
	}
	ctxtest.Reads(t, 1, map[string]func(context.Context) (any, error){
		"due subscriptions": func(ctx context.Context) (any, error) { return all.DueSubscriptions(ctx, now, 10) },
		"claimed":           func(ctx context.Context) (any, error) { return all.IsClaimed(ctx, pending, "me") },
		"due":               func(ctx context.Context) (any, error) { return all.Due(ctx, pending, now, 10) },
		"first": func(ctx context.Context) (any, error) {
			return all.IsFirst(ctx, waiting[1], []string{pending})
		},
		"log":            func(ctx context.Context) (any, error) { return all.Log(ctx, "s", 0, 10) },
		"delivery":       func(ctx context.Context) (any, error) { return all.Delivery(ctx, s, delivered) },
		"given up":       func(ctx context.Context) (any, error) { return all.GivenUp(ctx, 0, 10) },
		"one given up":   func(ctx context.Context) (any, error) { return all.FindGivenUp(ctx, given[0].ID) },
		"count given up": func(ctx context.Context) (any, error) { return all.CountGivenUp(ctx) },
		"health":         func(ctx context.Context) (any, error) { return all.Health(ctx, s.ID) },
		"progress":       func(ctx context.Context) (any, error) { return all.Progress(ctx) },
		"list":           func(ctx context.Context) (any, error) { return all.List(ctx, "", 10) },
		"get":            func(ctx context.Context) (any, error) { return all.Get(ctx, "s") },
		"changed":        func(ctx context.Context) (any, error) { return all.Changed(ctx, 0) },
		"count":          func(ctx context.Context) (any, error) { return all.Count(ctx) },
		"ids":            func(ctx context.Context) (any, error) { return all.IDs(ctx) },
		"summary":        func(ctx context.Context) (any, error) { return all.Summarize(ctx, now) },
		"count ended":    func(ctx context.Context) (any, error) { return all.CountEnded(ctx, now.Add(-time.Hour)) },
		"complete": func(ctx context.Context) (any, error) {
			return all.Complete(ctx, subscriptions.Spec{Name: "s"})
		},
	})
}

// TestInterruptedWrites interrupts each write at each of its steps. A write that reports no error is stored,
// and one that reports an error can be repeated.
func TestInterruptedWrites(t *testing.T) {
	all := of(t)
	id := add(t, all, "s")
	interrupt := func(name string, write func(ctx context.Context) error, stored func() bool) {
		t.Run(name, func(t *testing.T) {
			ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
				err := write(ctx)
				if stored() {
					return nil // a commit can succeed although its context ends meanwhile
				}
				if err == nil {
					t.Error("nothing is stored, without an error")
				}
				return err
			})
		})
	}
	get := func(name string) subscriptions.Subscription {
		one, err := all.Get(t.Context(), name)
		if err != nil {
			t.Error(err)
		}
		return one
	}
	due := func() []subscriptions.Delivery {
		deliveries, err := all.Due(t.Context(), id, now, 10)
		if err != nil {
			t.Error(err)
		}
		return deliveries
	}
	interrupt("put", func(ctx context.Context) error {
		return all.Put(ctx, subscriptions.Spec{Name: "s", To: "https://hooks.example.com/changed"}, nil, now)
	}, func() bool { return get("s").To == "https://hooks.example.com/changed" })
	interrupt("advance", func(ctx context.Context) error {
		from, err := all.Progress(ctx)
		if err != nil {
			return err
		}
		to := from
		to.Created, to.Sequence = now, 7
		matches := []subscriptions.Match{matchOf(id, "a", 1, now), matchOf(id, "b", 1, now)}
		_, _, err = all.Advance(ctx, from, to, subscriptions.Batch{Matches: matches}, 20_000, now)
		return err
	}, func() bool {
		progress, err := all.Progress(t.Context())
		return err == nil && progress.Sequence == 7 && len(due()) == 2
	})
	interrupt("bound", func(ctx context.Context) error {
		return all.BoundAddTimes(ctx, now.Add(-time.Minute), now.Add(-time.Hour))
	},
		func() bool { return !get("s").AddTime.After(now.Add(-time.Hour)) })
	interrupt("claim", func(ctx context.Context) error {
		_, err := all.Claim(ctx, []string{id}, "me", now, now.Add(time.Minute))
		return err
	}, func() bool { mine, err := all.IsClaimed(t.Context(), id, "me"); return mine && err == nil })
	interrupt("renew", func(ctx context.Context) error { return all.Renew(ctx, []string{id}, "me", now.Add(time.Hour)) },
		func() bool { mine, err := all.IsClaimed(t.Context(), id, "me"); return mine && err == nil })
	interrupt("release", func(ctx context.Context) error { return all.Release(ctx, []string{id}, "me") },
		func() bool { mine, err := all.IsClaimed(t.Context(), id, "me"); return !mine && err == nil })
	failed := due()
	for i := range failed {
		failed[i].State, failed[i].Status, failed[i].Detail, failed[i].EndTime = subscriptions.Failed, 400, "refused", now
	}
	interrupt("record", func(ctx context.Context) error {
		report := subscriptions.Report{State: subscriptions.Suspended, Reason: "gone", Deliveries: failed}
		return all.Record(ctx, id, report, now)
	}, func() bool {
		one := get("s")
		return one.State == subscriptions.Suspended && one.Reason == "gone" && len(due()) == 0
	})
	interrupt("resume", func(ctx context.Context) error { return all.Resume(ctx, "s", now) },
		func() bool { return get("s").State == subscriptions.Active })
	interrupt("drop", func(ctx context.Context) error { return all.DropGivenUp(ctx, failed[1].ID, now) },
		func() bool { n, err := all.CountGivenUp(t.Context()); return n == 1 && err == nil })
	interrupt("forget", func(ctx context.Context) error {
		_, err := all.Forget(ctx, now.Add(time.Hour), 10)
		return err
	}, func() bool { n, err := all.CountEnded(t.Context(), now.Add(-time.Hour)); return n <= 2 && err == nil })
	interrupt("remove", func(ctx context.Context) error { return all.Remove(ctx, "s") },
		func() bool { n, err := all.Count(t.Context()); return n == 0 && err == nil })
}
