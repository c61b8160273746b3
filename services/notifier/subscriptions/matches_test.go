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
		stored, missed, err := all.Advance(t.Context(), from, to, subscriptions.Batch{Matches: matches}, 10, now)
		if err != nil || stored != 2*count || missed != 0 {
			t.Fatalf("stored %d, missed %d, %v; want %d and 0", stored, missed, err, 2*count)
		}
		batch := subscriptions.Batch{Matches: matches}
		if _, _, err := all.Advance(t.Context(), from, to, batch, 10, now); !errors.Is(err, subscriptions.ErrMoved) {
			t.Errorf("the same revision a second time: %v, want ErrMoved", err)
		}
		// An event that was published twice has another sequence number.
		next := to
		next.Sequence++
		if stored, missed, err = all.Advance(t.Context(), to, next, batch, 10, now); err != nil || stored+missed != 0 {
			t.Errorf("an event that was published twice: stored %d, missed %d, %v; want 0", stored, missed, err)
		}
		erased := []subscriptions.Erasure{{ArticleID: "a", EventTime: now}, {ArticleID: "unknown", EventTime: now}}
		last := next
		last.Sequence++
		batch = subscriptions.Batch{Erased: erased}
		if stored, missed, err = all.Advance(t.Context(), next, last, batch, 2, now); err != nil || stored != 0 ||
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

// TestChangeBetweenMatches adds, changes and removes subscriptions after the matches were computed. The matches of
// those that changed are computed again, and those of others are stored as they are.
func TestChangeBetweenMatches(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		same, changed, removed := add(t, all, "same"), add(t, all, "changed"), add(t, all, "removed")
		from, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		batch := subscriptions.Batch{}
		for _, id := range []string{same, changed, removed} {
			batch.Matches = append(batch.Matches, matchOf(id, "before", 1, now))
		}
		added := add(t, all, "added")
		spec := subscriptions.Spec{Name: "changed", To: "https://hooks.example.com/other"}
		if err := all.Put(t.Context(), spec, nil, now); err != nil {
			t.Fatal(err)
		}
		if err := all.Remove(t.Context(), "removed"); err != nil {
			t.Fatal(err)
		}
		to := from
		to.Created, to.Sequence = now, 1
		if _, _, err := all.Advance(t.Context(), from, to, batch, 10, now); !errors.Is(err, subscriptions.ErrMoved) {
			t.Errorf("without a way to match again: %v, want ErrMoved", err)
		}
		batch.Rematch = func(changes []subscriptions.Subscription) (matches []subscriptions.Match) {
			for _, one := range changes {
				matches = append(matches, matchOf(one.ID, "after", 1, now))
			}
			return matches
		}
		stored, missed, err := all.Advance(t.Context(), from, to, batch, 10, now)
		if stored != 3 || missed != 0 || err != nil {
			t.Errorf("%d stored and %d missed, %v; want 3 and 0", stored, missed, err)
		}
		for id, article := range map[string]string{same: "before", changed: "after", added: "after"} {
			due, err := all.Due(t.Context(), id, now, 10)
			if err != nil || len(due) != 1 || due[0].ArticleID != article {
				t.Errorf("deliveries of %s: %+v, %v; want one of article %q", id, due, err, article)
			}
		}
		if got, err := all.Progress(t.Context()); err != nil || got.Sequence != 1 || got.Version != from.Version+3 {
			t.Errorf("the progress is %+v, %v; want sequence 1 and version %d", got, err, from.Version+3)
		}
	})
}
