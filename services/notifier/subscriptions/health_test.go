package subscriptions_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

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
		due := match(t, all, one.ID, now.Add(-time.Hour), "a", "b", "c", "d", "e")
		for i := range due {
			due[i].Attempts, due[i].Status, due[i].State, due[i].EndTime = 1, 200, subscriptions.Delivered, now
		}
		due[0].EndTime = now.Add(-30 * time.Minute) // the shortest delay is not the last one
		due[1].Attempts = 3
		due[3].State, due[3].Attempts, due[3].Status = subscriptions.Failed, 4, 500
		due[4].State, due[4].Attempts = subscriptions.Skipped, 0
		record(t, all, one.ID, subscriptions.Report{Deliveries: due, State: subscriptions.Active})
		h, err := all.Health(t.Context(), one.ID)
		if err != nil || h.SuccessRate == nil || h.MedianDelay == nil || *h.SuccessRate != 3.0/9 || *h.MedianDelay != 58*60 {
			t.Errorf("the health is %+v, %v; want 3 of 9 attempts and 58 minutes", h, err)
		}
		if _, err := all.Replay(t.Context(), "none", now, now); !errors.Is(err, subscriptions.ErrNotFound) {
			t.Errorf("replaying for a subscription that is missing: %v, want ErrNotFound", err)
		}
		if n, err := all.Replay(t.Context(), "s", now, now); err != nil ||
			n != (subscriptions.Replayed{}) {
			t.Errorf("replaying nothing: %+v, %v", n, err)
		}
		// b, c and d are since this time; e was erased.
		if n, err := all.Replay(t.Context(), "s", now.Add(-59*time.Minute), now); err != nil ||
			n != (subscriptions.Replayed{Deliveries: 3}) {
			t.Errorf("replaying: %+v, %v; want 3", n, err)
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

// TestRecovered has the deliveries of a target that works again become due, and those of another one stay.
func TestRecovered(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		ids := []string{add(t, all, "works"), add(t, all, "fails")}
		for _, id := range ids {
			due := match(t, all, id, now, "a", "b")
			for i := range due {
				due[i].Due = now.Add(time.Hour)
			}
			record(t, all, id, subscriptions.Report{Deliveries: due, State: subscriptions.Active})
		}
		record(t, all, ids[0], subscriptions.Report{State: subscriptions.Active, Recovered: true})
		record(t, all, ids[1], subscriptions.Report{State: subscriptions.Active})
		for i, want := range []int{2, 0} {
			if due, err := all.Due(t.Context(), ids[i], now, 10); err != nil || len(due) != want {
				t.Errorf("%d deliveries of subscription %d are due, %v; want %d", len(due), i, err, want)
			}
		}
	})
}

func TestParallel(t *testing.T) {
	for concurrency, want := range map[int]int{0: 4, 1: 1, 7: 7} {
		if got := (subscriptions.Spec{Concurrency: concurrency}).Parallel(); got != want {
			t.Errorf("a concurrency of %d allows %d requests at a time, want %d", concurrency, got, want)
		}
	}
}

// TestLongReplay repeats more deliveries than one call does.
func TestLongReplay(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		id := add(t, all, "s")
		var matches []subscriptions.Match
		for i := range subscriptions.MaxReplay + 2 {
			matches = append(matches, matchOf(id, strconv.Itoa(i), 1, now.Add(time.Duration(i)*time.Minute)))
		}
		advance(t, all, matches...)
		log, err := all.Log(t.Context(), "s", 0, len(matches))
		if err != nil || len(log) != len(matches) {
			t.Fatalf("%d deliveries, %v; want %d", len(log), err, len(matches))
		}
		for i := range log {
			log[i].State, log[i].EndTime = subscriptions.Delivered, now
		}
		for some := range slices.Chunk(log, 500) { // a transaction must end within its time on a busy machine, too
			record(t, all, id, subscriptions.Report{Deliveries: some, State: subscriptions.Active})
		}
		first, err := all.Replay(t.Context(), "s", now, now)
		if err != nil || first.Deliveries != subscriptions.MaxReplay || !first.More ||
			!first.NextSince.Equal(matches[subscriptions.MaxReplay-1].EventTime) {
			t.Fatalf("the first part: %+v, %v", first, err)
		}
		rest, err := all.Replay(t.Context(), "s", first.NextSince, now)
		if err != nil || rest != (subscriptions.Replayed{Deliveries: 2}) {
			t.Errorf("the second part: %+v, %v; want 2", rest, err)
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
