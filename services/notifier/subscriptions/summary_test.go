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
		for _, name := range []string{"claimed", "failing", "idle", "overdue", "suspended"} {
			if err := all.Put(t.Context(), subscriptions.Spec{Name: name, To: "https://hooks.example.com/in"}, nil,
				now); err != nil {
				t.Fatal(err)
			}
		}
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var matches []subscriptions.Match
		for _, one := range list(t, all) {
			ids[one.Name] = one.ID
			if one.Name != "idle" {
				matches = append(matches, subscriptions.Match{
					SubscriptionID: one.ID, ArticleID: "a", Revision: 1, Event: subscriptions.New, EventTime: now,
				})
			}
		}
		to := subscriptions.Progress{Created: now, Sequence: 1, Version: from.Version}
		if _, _, err := all.Advance(t.Context(), from, to, matches, nil, 10, now); err != nil {
			t.Fatal(err)
		}
		until := now.Add(time.Hour)
		if _, err := all.Claim(t.Context(), []string{ids["claimed"]}, "other", now, until); err != nil {
			t.Fatal(err)
		}
		for name, state := range map[string]string{"failing": subscriptions.Active, "suspended": subscriptions.Suspended} {
			report := subscriptions.Report{State: state, Failures: 1, FailingSince: now.Add(-time.Minute), PauseEnd: until}
			if err := all.Record(t.Context(), ids[name], report, now); err != nil {
				t.Fatal(err)
			}
		}
		got, err := all.Summarize(t.Context(), now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]int64{subscriptions.Active: 3, subscriptions.Failing: 1, subscriptions.Suspended: 1}
		if !maps.Equal(got.States, states) || got.Pending != 4 || !got.FailingSince.Equal(now.Add(-time.Minute)) ||
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
		if err := all.Put(t.Context(), subscriptions.Spec{Name: "s", To: "https://hooks.example.com/in"}, nil,
			now); err != nil {
			t.Fatal(err)
		}
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id := list(t, all)[0].ID
		var matches []subscriptions.Match
		for _, article := range []string{"a", "b", "c"} {
			matches = append(matches, subscriptions.Match{
				SubscriptionID: id, ArticleID: article, Revision: 1, Event: subscriptions.New, EventTime: now,
			})
		}
		to := subscriptions.Progress{Created: now, Sequence: 1, Version: from.Version}
		if _, _, err := all.Advance(t.Context(), from, to, matches, nil, 10, now); err != nil {
			t.Fatal(err)
		}
		due, err := all.Due(t.Context(), id, now, 10)
		if err != nil || len(due) != 3 {
			t.Fatalf("%d deliveries are due, %v; want 3", len(due), err)
		}
		due[0].State, due[1].State, due[2].State = subscriptions.Failed, subscriptions.Failed, subscriptions.Delivered
		due[0].EndTime, due[1].EndTime, due[2].EndTime = now.Add(-time.Hour), now, now
		report := subscriptions.Report{State: subscriptions.Active, Deliveries: due}
		if err := all.Record(t.Context(), id, report, now); err != nil {
			t.Fatal(err)
		}
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
