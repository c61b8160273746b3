package subscriptions_test

import (
	"maps"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestSummary has an idle, an overdue, a failing and a suspended subscription, and one that another process delivers.
func TestSummary(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		if got, err := all.Summarize(t.Context(), now); err != nil || !got.OverdueSince.IsZero() || !got.FailingSince.IsZero() {
			t.Errorf("without subscriptions: %+v, %v", got, err)
		}
		ids := map[string]string{}
		for _, name := range []string{"claimed", "failing", "idle", "overdue", "suspended"} {
			if err := all.Put(t.Context(), subscriptions.Spec{Name: name, To: "https://hooks.example.com/in"}, nil, now); err != nil {
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
		if _, err := all.Claim(t.Context(), ids["claimed"], "other", now, until); err != nil {
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
			!got.OverdueSince.Equal(now) {
			t.Errorf("the summary is %+v", got)
		}
	})
}
