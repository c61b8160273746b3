package subscriptions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestGivenUp lists the deliveries that were given up, requeues one and drops one.
func TestGivenUp(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		delivered := giveUp(t, all)
		page, err := all.GivenUp(t.Context(), 0, 2)
		if err != nil || len(page) != 2 || page[0].Subscription != "s" || page[0].ArticleID != "a" || page[0].Status != 400 {
			t.Fatalf("the first page: %+v, %v", page, err)
		}
		rest, err := all.GivenUp(t.Context(), page[1].ID, 2)
		if err != nil || len(rest) != 1 || rest[0].ArticleID != "c" {
			t.Errorf("the second page: %+v, %v", rest, err)
		}
		if n, err := all.CountGivenUp(t.Context()); err != nil || n != 3 {
			t.Errorf("%d were given up, %v; want 3", n, err)
		}
		got, ok := subscriptions.ParseNumber(page[0].Number)
		if one, err := all.FindGivenUp(t.Context(), got); !ok || err != nil || one.ArticleID != "a" {
			t.Errorf("number %s leads to %+v, %v", page[0].Number, one, err)
		}
		if err := all.RequeueGivenUp(t.Context(), page[0].ID, now.Add(time.Second)); err != nil {
			t.Error(err)
		}
		if err := all.DropGivenUp(t.Context(), page[1].ID, now.Add(time.Second)); err != nil {
			t.Error(err)
		}
		for _, one := range []int64{page[0].ID, page[1].ID, delivered, 99} {
			for _, change := range []error{
				all.RequeueGivenUp(t.Context(), one, now), all.DropGivenUp(t.Context(), one, now),
			} {
				if !errors.Is(change, subscriptions.ErrNotFound) {
					t.Errorf("changing delivery %d: %v, want ErrNotFound", one, change)
				}
			}
		}
		if n, err := all.CountGivenUp(t.Context()); err != nil || n != 1 {
			t.Errorf("%d are left, %v; want 1", n, err)
		}
		if one := list(t, all)[0]; one.Pending != 1 {
			t.Errorf("%d deliveries wait, want 1", one.Pending)
		}
		log, err := all.Log(t.Context(), "s", 0, 10)
		if err != nil || log[3].State != subscriptions.Pending || log[2].State != subscriptions.Skipped ||
			log[2].Detail != "dropped after it was given up: refused" {
			t.Errorf("the log is %+v, %v", log, err)
		}
	})
}

// giveUp adds a subscription with four deliveries, of which it has the first three given up. It returns the id of the
// other one.
func giveUp(t *testing.T, all *subscriptions.Subscriptions) (delivered int64) {
	t.Helper()
	id := add(t, all, "s")
	due := match(t, all, id, now, "a", "b", "c", "d")
	for i := range due[:3] {
		due[i].State, due[i].Status, due[i].Detail, due[i].EndTime = subscriptions.Failed, 400, "refused", now
	}
	due[3].State, due[3].EndTime = subscriptions.Delivered, now
	record(t, all, id, subscriptions.Report{State: subscriptions.Active, Deliveries: due})
	return due[3].ID
}

func TestNumbersOfDeliveries(t *testing.T) {
	for _, text := range []string{"", "n", "17", "n-1", "n+1", "nx", "n99999999999999999999", "N1"} {
		if id, ok := subscriptions.ParseNumber(text); ok {
			t.Errorf("%q is the number of delivery %d", text, id)
		}
	}
	if id, ok := subscriptions.ParseNumber("n17"); !ok || id != 17 {
		t.Errorf("n17 is %d, %t", id, ok)
	}
}
