package subscriptions_test

import (
	"slices"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// claim claims subscriptions for a minute, and returns the ids of those that were free.
func claim(t *testing.T, all *subscriptions.Subscriptions, owner string, at time.Time, ids ...string) []string {
	t.Helper()
	claimed, err := all.Claim(t.Context(), append(ids, "unknown"), owner, at, at.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range claimed {
		got = append(got, one.ID)
	}
	slices.Sort(got)
	return got
}

// TestClaims lets one process deliver to a subscription at a time.
func TestClaims(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		both := []string{add(t, all, "a"), add(t, all, "b")}
		slices.Sort(both)
		first, second := both[0], both[1]
		idle := add(t, all, "idle")
		advanceAll(t, all, "article", 1, both...)
		want := func(what, owner string, at time.Time, want ...string) {
			t.Helper()
			if got := claim(t, all, owner, at, first, second, idle); !slices.Equal(got, want) {
				t.Errorf("%s: %s has claimed %v, want %v", what, owner, got, want)
			}
		}
		if got := claim(t, all, "a", now, first); !slices.Equal(got, []string{first}) {
			t.Errorf("claimed %v", got)
		}
		for owner, want := range map[string]bool{"a": true, "b": false} {
			if is, err := all.IsClaimed(t.Context(), first, owner); err != nil || is != want {
				t.Errorf("%s has the claim: %t, %v", owner, is, err)
			}
		}
		want("the rest", "b", now.Add(time.Second), second)
		if err := all.Release(t.Context(), both, "b"); err != nil {
			t.Fatal(err)
		}
		want("after a release", "c", now.Add(time.Second), second)
		if err := all.ReleaseAll(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		want("after a release of all", "b", now.Add(time.Second), second)
		if err := all.Renew(t.Context(), both, "a", now.Add(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		want("after one claim has ended", "d", now.Add(100*time.Second), second)
		want("after a renewed claim has ended", "d", now.Add(121*time.Second), first)
		if due, err := all.DueSubscriptions(t.Context(), now.Add(time.Hour), 10); err != nil || len(due) != 2 ||
			due[0].To != "https://hooks.example.com/a" && due[0].To != "https://hooks.example.com/b" {
			t.Errorf("due are %+v, %v; want a and b", due, err)
		}
	})
}

// TestReportsAreStoredTogether ends some turns, and leaves others their claim.
func TestReportsAreStoredTogether(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		ids := map[string]string{}
		var every []string
		for _, name := range []string{"done", "ends", "goes on", "lost", "retries"} {
			ids[name] = add(t, all, map[string]string{"goes on": "on"}[name]+name[:2])
			every = append(every, ids[name])
		}
		advanceAll(t, all, "x", 1, every...)
		advanceAll(t, all, "y", 1, ids["goes on"], ids["ends"])
		advanceAll(t, all, "x", 2, ids["retries"])
		claim(t, all, "me", now, every...)
		if err := all.Release(t.Context(), []string{ids["lost"]}, "me"); err != nil {
			t.Fatal(err)
		}
		claim(t, all, "other", now, ids["lost"])
		reports := map[string]subscriptions.Report{}
		later := now.Add(time.Hour)
		for name, id := range ids {
			due, err := all.Due(t.Context(), id, now, 1)
			if err != nil || len(due) != 1 {
				t.Fatalf("%s: %v, %v", name, due, err)
			}
			d := due[0]
			d.State, d.Attempts, d.Status, d.FirstAttempt, d.EndTime = subscriptions.Delivered, 1, 200, now, now
			report := subscriptions.Report{State: subscriptions.Active, Ends: name == "ends"}
			if name == "retries" { // the second revision waits for the first
				d.State, d.EndTime, d.Due, d.Detail = subscriptions.Pending, time.Time{}, later, "refused"
				report.Reason, report.Failures, report.FailingSince = "refused", 1, now
			}
			report.Deliveries = []subscriptions.Delivery{d}
			reports[id] = report
		}
		reports["removed"] = subscriptions.Report{State: subscriptions.Active}
		claimed, err := all.RecordAll(t.Context(), "me", reports, now)
		if err != nil || len(claimed) != 1 || !claimed[ids["goes on"]] {
			t.Errorf("the claims %v remain, %v; want only the one with another delivery", claimed, err)
		}
		for _, one := range list(t, all) {
			switch delivered := one.ID != ids["retries"]; {
			case delivered && (one.Delivered != 1 || !one.DeliveryTime.Equal(now) || one.Failures != 0):
				t.Errorf("%s has %+v, want a delivery", one.Name, one)
			case !delivered && (one.Delivered != 0 || one.Pending != 2 || one.Reason != "refused" || one.Failures != 1 ||
				!one.FailingSince.Equal(now)):
				t.Errorf("%s has %+v, want a failure", one.Name, one)
			}
		}
		due, err := all.DueSubscriptions(t.Context(), now, 10)
		if err != nil || len(due) != 1 || due[0].ID != ids["ends"] {
			t.Errorf("due are %v, %v; want only the one whose turn was ended", due, err)
		}
		if got := claim(t, all, "next", later, ids["retries"]); len(got) != 1 {
			t.Error("the subscription is not due when its delivery is")
		}
		// The results of a process whose claim has expired count once.
		if _, err := all.RecordAll(t.Context(), "me", reports, now); err != nil {
			t.Fatal(err)
		}
		for _, one := range list(t, all) {
			if one.Delivered > 1 || one.Pending < 0 {
				t.Errorf("%s has %+v after the same report a second time", one.Name, one)
			}
		}
	})
}
