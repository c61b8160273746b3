package subscriptions_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestOneRevisionMatchesMany stores more matches of one revision than one statement takes, and stores them once.
func TestOneRevisionMatchesMany(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		const count = 450
		for i := range count {
			spec := subscriptions.Spec{Name: fmt.Sprintf("s%03d", i), To: "https://hooks.example.com/in"}
			if err := all.Put(t.Context(), spec, nil, now); err != nil {
				t.Fatal(err)
			}
		}
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		to := subscriptions.Progress{Created: now, Sequence: 7, Version: from.Version}
		var matches []subscriptions.Match
		for _, one := range list(t, all) {
			for revision := range 2 {
				matches = append(matches, subscriptions.Match{
					SubscriptionID: one.ID, ArticleID: "a", Revision: revision + 1, Event: subscriptions.New, Hash: "h",
					EventTime: now,
				})
			}
		}
		matches = append(matches, subscriptions.Match{SubscriptionID: "removed", ArticleID: "a", Revision: 1, EventTime: now})
		stored, missed, err := all.Advance(t.Context(), from, to, matches, nil, 10, now)
		if err != nil || stored != 2*count || missed != 0 {
			t.Fatalf("stored %d, missed %d, %v; want %d and 0", stored, missed, err, 2*count)
		}
		if _, _, err := all.Advance(t.Context(), from, to, matches, nil, 10, now); !errors.Is(err, subscriptions.ErrMoved) {
			t.Errorf("the same revision a second time: %v, want ErrMoved", err)
		}
		// An event that was published twice has another sequence number.
		next := to
		next.Sequence++
		if stored, missed, err = all.Advance(t.Context(), to, next, matches, nil, 10, now); err != nil || stored+missed != 0 {
			t.Errorf("an event that was published twice: stored %d, missed %d, %v; want 0", stored, missed, err)
		}
		erased := []subscriptions.Erasure{{ArticleID: "a", EventTime: now}, {ArticleID: "unknown", EventTime: now}}
		last := next
		last.Sequence++
		if stored, missed, err = all.Advance(t.Context(), next, last, nil, erased, 2, now); err != nil || stored != 0 ||
			missed != count {
			t.Errorf("an erasure without room: stored %d, missed %d, %v; want all missed", stored, missed, err)
		}
		for _, one := range list(t, all) {
			if one.Pending != 2 || one.Missed != 1 {
				t.Fatalf("%s has %d pending and %d missed, want 2 and 1", one.Name, one.Pending, one.Missed)
			}
		}
		due, err := all.DueSubscriptions(t.Context(), now, 1000)
		if err != nil || len(due) != count {
			t.Errorf("%d subscriptions are due, %v; want all", len(due), err)
		}
		if got, err := all.Progress(t.Context()); err != nil || got != last {
			t.Errorf("the progress is %+v, %v; want %+v", got, err, last)
		}
	})
}

// TestChangeBetweenMatches has a subscription that is added after the matches were computed.
func TestChangeBetweenMatches(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		spec := subscriptions.Spec{Name: "late", To: "https://hooks.example.com/in"}
		if err := all.Put(t.Context(), spec, nil, now); err != nil {
			t.Fatal(err)
		}
		to := subscriptions.Progress{Created: now, Sequence: 1}
		if _, _, err := all.Advance(t.Context(), from, to, nil, nil, 10, now); !errors.Is(err, subscriptions.ErrMoved) {
			t.Errorf("got %v, want ErrMoved", err)
		}
	})
}
