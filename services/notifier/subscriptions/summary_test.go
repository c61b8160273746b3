package subscriptions_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestSummary has an idle, an overdue, a failing and a suspended subscription, and one that another process delivers.
func TestSummary(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		if got, err := all.Summarize(t.Context(), now); err != nil || !got.OverdueSince.IsZero() ||
			!got.FailingSince.IsZero() {
			t.Errorf("without subscriptions: %+v, %v", got, err)
		}
		ids := map[string]string{}
		for _, name := range []string{"claimed", "failing", "idle", "other", "overdue", "suspended"} {
			ids[name] = add(t, all, name)
		}
		advanceAll(t, all, "a", 1, ids["claimed"], ids["failing"], ids["overdue"], ids["suspended"], ids["other"])
		until := now.Add(time.Hour)
		if _, err := all.Claim(t.Context(), []string{ids["claimed"]}, "other", now, until); err != nil {
			t.Fatal(err)
		}
		for name, state := range map[string]string{
			"failing": subscriptions.Active, "suspended": subscriptions.Suspended, "other": subscriptions.Suspended,
		} {
			report := subscriptions.Report{State: state, Failures: 1, FailingSince: now.Add(-time.Minute), PauseEnd: until}
			record(t, all, ids[name], report)
		}
		got, err := all.Summarize(t.Context(), now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]int64{subscriptions.Active: 3, subscriptions.Failing: 1, subscriptions.Suspended: 2}
		if !maps.Equal(got.States, states) || got.Pending != 5 || !got.FailingSince.Equal(now.Add(-time.Minute)) ||
			!got.OverdueSince.Equal(now) || got.Delivered != 0 {
			t.Errorf("the summary is %+v", got)
		}
	})
}

// TestFailedDeliveriesAreResent makes those pending again that were given up, and no others.
func TestFailedDeliveriesAreResent(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		if _, err := all.ResendFailed(t.Context(), "s", now); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("without a subscription: %v, want ErrNotFound", err)
		}
		id := add(t, all, "s")
		due := match(t, all, id, now, "a", "b", "c")
		due[0].State, due[1].State, due[2].State = subscriptions.Failed, subscriptions.Failed, subscriptions.Delivered
		due[0].EndTime, due[1].EndTime, due[2].EndTime = now.Add(-time.Hour), now, now
		record(t, all, id, subscriptions.Report{State: subscriptions.Active, Deliveries: due})
		if n, err := all.CountEnded(t.Context(), now.Add(-time.Minute)); err != nil || n != 2 {
			t.Errorf("%d deliveries have ended in the last minute, %v; want 2", n, err)
		}
		if n, err := all.ResendFailed(t.Context(), "s", now); err != nil || n != 2 {
			t.Errorf("resent %d, %v; want 2", n, err)
		}
		got, err := all.Summarize(t.Context(), now)
		if err != nil || got.Delivered != 1 || got.Failed != 2 || got.Pending != 2 {
			t.Errorf("the summary is %+v, %v", got, err)
		}
		if one := list(t, all)[0]; one.Pending != 2 {
			t.Errorf("%d deliveries wait, want 2", one.Pending)
		}
		if due, err := all.DueSubscriptions(t.Context(), now, 10); err != nil || len(due) != 1 {
			t.Errorf("%d subscriptions are due, %v; want 1", len(due), err)
		}
	})
}
