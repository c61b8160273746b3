package subscriptions_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// match stores a new revision of each of some articles as matches of a subscription, and returns its deliveries, the
// earliest first.
func match(
	t *testing.T, all *subscriptions.Subscriptions, name string, at time.Time, articles ...string,
) []subscriptions.Delivery {
	t.Helper()
	one, err := all.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	from, err := all.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to := from
	to.Created, to.Sequence = now, from.Sequence+1
	var matches []subscriptions.Match
	for i, article := range articles {
		matches = append(matches, subscriptions.Match{
			SubscriptionID: one.ID, ArticleID: article, Revision: 1, Event: subscriptions.New, Hash: "h",
			EventTime: at.Add(time.Duration(i) * time.Minute),
		})
	}
	if _, _, err := all.Advance(t.Context(), from, to, matches, nil, 1000, now); err != nil {
		t.Fatal(err)
	}
	due, err := all.Due(t.Context(), one.ID, now, 1000)
	if err != nil || len(due) != len(articles) {
		t.Fatalf("%d deliveries are due, %v; want %d", len(due), err, len(articles))
	}
	return due
}

// TestHealth computes how well deliveries went, and repeats those since a time.
func TestHealth(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		spec := subscriptions.Spec{Name: "s", To: "https://hooks.example.com/in"}
		if err := all.Add(t.Context(), spec, nil, now); err != nil {
			t.Fatal(err)
		}
		if err := all.Add(t.Context(), spec, nil, now); !errors.Is(err, subscriptions.ErrExists) {
			t.Errorf("adding again: %v, want ErrExists", err)
		}
		one, err := all.Get(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		if h, err := all.Health(t.Context(), one.ID); err != nil || h.SuccessRate != nil || h.MedianDelay != nil {
			t.Errorf("without deliveries, the health is %+v, %v", h, err)
		}
		due := match(t, all, "s", now.Add(-time.Hour), "a", "b", "c", "d", "e")
		for i := range due {
			due[i].Attempts, due[i].Status, due[i].State, due[i].EndTime = 1, 200, subscriptions.Delivered, now
		}
		due[1].Attempts = 3
		due[3].State, due[3].Attempts, due[3].Status = subscriptions.Failed, 4, 500
		due[4].State, due[4].Attempts = subscriptions.Skipped, 0
		report := subscriptions.Report{Deliveries: due, State: subscriptions.Active}
		if err := all.Record(t.Context(), one.ID, report, now); err != nil {
			t.Fatal(err)
		}
		h, err := all.Health(t.Context(), one.ID)
		if err != nil || h.SuccessRate == nil || h.MedianDelay == nil || *h.SuccessRate != 3.0/9 || *h.MedianDelay != 59*60 {
			t.Errorf("the health is %+v, %v; want 3 of 9 attempts and 59 minutes", h, err)
		}
		if _, err := all.Replay(t.Context(), "none", now, now); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("replaying for a subscription that is missing: %v, want ErrNotFound", err)
		}
		if n, err := all.Replay(t.Context(), "s", now, now); err != nil || n != 0 {
			t.Errorf("replaying nothing: %d, %v", n, err)
		}
		// b, c and d are since this time; e was erased.
		if n, err := all.Replay(t.Context(), "s", now.Add(-59*time.Minute), now); err != nil || n != 3 {
			t.Errorf("replaying: %d, %v; want 3", n, err)
		}
		again, err := all.Due(t.Context(), one.ID, now, 1000)
		if err != nil || len(again) != 3 || again[0].ArticleID != "b" || again[0].Attempts != 0 {
			t.Errorf("%+v are due, %v; want b, c and d", again, err)
		}
		if one, err = all.Get(t.Context(), "s"); err != nil || one.Pending != 3 {
			t.Errorf("%d wait, %v; want 3", one.Pending, err)
		}
		if due, err := all.DueSubscriptions(t.Context(), now, 10); err != nil || len(due) != 1 {
			t.Errorf("%d subscriptions are due, %v; want 1", len(due), err)
		}
	})
}

// TestWithoutAnswer removes bodies of answers, and nothing else.
func TestWithoutAnswer(t *testing.T) {
	for _, context := range []string{"%s", "all requests have failed for 72h, the last one: %s"} {
		want := fmt.Sprintf(context, subscriptions.Answered(500))
		if got := subscriptions.WithoutAnswer(want + ": a stack\ntrace"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	const other = "sending to hooks.example.com: connection refused"
	if got := subscriptions.WithoutAnswer(other); got != other {
		t.Errorf("%q, want %q", got, other)
	}
}
