package notifier

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

// TestGivingUpAtItsBounds has deliveries and subscriptions that have failed for just as long as allowed, or a little
// less.
func TestGivingUpAtItsBounds(t *testing.T) {
	config := DefaultConfig()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	long, less := now.Add(-config.GiveUp), now.Add(-config.GiveUp+1)
	failed := func(first time.Time, attempts int) attempt {
		return attempt{
			delivery: subscriptions.Delivery{State: subscriptions.Pending, FirstAttempt: first, Attempts: attempts},
			outcome:  targets.Outcome{Status: 500, Detail: "500"},
		}
	}
	accepted := attempt{
		delivery: subscriptions.Delivery{State: subscriptions.Pending, Attempts: 7},
		outcome:  targets.Outcome{Result: targets.Delivered, Status: 204},
	}
	for name, c := range map[string]struct {
		before    subscriptions.Subscription
		attempts  []attempt
		state     string // of the subscription
		first     string // state of the first delivery
		recovered bool
	}{
		"a delivery that fails for long": {
			attempts: []attempt{failed(long, 3), accepted}, state: "active", first: "failed",
		},
		"a delivery that fails for less": {
			attempts: []attempt{failed(less, 3), accepted}, state: "active", first: "pending",
		},
		"a target that fails for long": {
			before:   subscriptions.Subscription{Failures: 9, FailingSince: long},
			attempts: []attempt{failed(now, 3)}, state: "suspended", first: "pending",
		},
		"a target that fails for less": {
			before:   subscriptions.Subscription{Failures: 9, FailingSince: less},
			attempts: []attempt{failed(now, 3)}, state: "active", first: "pending",
		},
		"no attempt after long": {
			before: subscriptions.Subscription{Failures: 9, FailingSince: long}, state: "active",
		},
		"an outage": {
			before:   subscriptions.Subscription{Failures: failuresOfOutage, FailingSince: less},
			attempts: []attempt{accepted}, state: "active", first: "delivered", recovered: true,
		},
		"less than an outage": {
			before:   subscriptions.Subscription{Failures: failuresOfOutage - 1, FailingSince: less},
			attempts: []attempt{accepted}, state: "active", first: "delivered",
		},
	} {
		got := settle(config, c.before, c.attempts, now)
		first := ""
		if len(got.Deliveries) > 0 {
			first = got.Deliveries[0].State
			want := c.attempts[0]
			if d := got.Deliveries[0]; d.Attempts != want.delivery.Attempts+1 || d.Status != want.outcome.Status ||
				d.Detail != want.outcome.Detail {
				t.Errorf("%s: the delivery is %+v", name, d)
			}
		}
		if got.State != c.state || first != c.first || got.Recovered != c.recovered {
			t.Errorf("%s: %+v, want %+v", name, got, c)
		}
	}
	ahead := settleOne(config, failed(now.Add(time.Hour), 0), now) // the clock was set back
	if !ahead.FirstAttempt.Equal(now) {
		t.Errorf("the first attempt was at %v, want %v", ahead.FirstAttempt, now)
	}
	if got := settleOne(config, failed(less, 1), now).FirstAttempt; !got.Equal(less) {
		t.Errorf("the first attempt was at %v, want %v as before", got, less)
	}
	asked := failed(less, 1)
	asked.outcome.RetryAfter = time.Hour
	if got := settleOne(config, asked, now).Due; !got.Equal(now.Add(time.Hour)) {
		t.Errorf("the delivery is due at %v, want %v", got, now.Add(time.Hour))
	}
	asked.outcome.RetryAfter = maxRetryAfter + 1
	if got := settleOne(config, asked, now).Due; !got.Equal(now.Add(maxRetryAfter)) {
		t.Errorf("the delivery is due at %v, want %v", got, now.Add(maxRetryAfter))
	}
}

// TestPlacesOfTurns reserves places up to the limits of a host and of all.
func TestPlacesOfTurns(t *testing.T) {
	n := &Notifier{config: Config{Targets: 3, PerHost: 2}, turns: map[string]int{}}
	var got []bool
	for _, host := range []string{"a", "a", "a", "b", "b", "c"} {
		got = append(got, n.reserve(host))
	}
	if want := []bool{true, true, false, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("reserved %v, want %v", got, want)
	}
	if n.unreserve("a"); !n.reserve("c") || n.reserve("a") {
		t.Error("a place that is free again is not taken once")
	}
	for _, host := range []string{"a", "b", "c"} {
		n.unreserve(host)
	}
	if len(n.turns) > 0 {
		t.Errorf("without turns, the places %v are taken", n.turns)
	}
	for to, want := range map[string]string{
		"https://Hooks.example.com/in": "hooks.example.com", "https://a.example:8443/x": "a.example:8443",
		"ntfy://ntfy.example/topic": "ntfy.example", "nats:deliveries.x": "nats", "mailto:a@example.com": "mail",
		"files:harbour": "files",
	} {
		if got := hostOf(to); got != want {
			t.Errorf("%s is on the host %q, want %q", to, got, want)
		}
	}
}

// TestLeasesOfTurns has a turn whose claim has ended, and one that ends before its claim.
func TestLeasesOfTurns(t *testing.T) {
	n := &Notifier{leases: map[string]*time.Timer{}}
	ended, end := n.lease(t.Context(), "a", time.Now().Add(-time.Second))
	<-ended.Done()
	goesOn, endOther := n.lease(t.Context(), "b", time.Now().Add(time.Hour))
	if goesOn.Err() != nil || len(n.leases) != 2 {
		t.Errorf("%v; %d leases", goesOn.Err(), len(n.leases))
	}
	end()
	endOther()
	if goesOn.Err() == nil || len(n.leases) != 0 {
		t.Errorf("after the turns, %v; %d leases", goesOn.Err(), len(n.leases))
	}
}

// TestGroupsOfReports takes reports until a group has enough deliveries.
func TestGroupsOfReports(t *testing.T) {
	r := &results{}
	for i, size := range []int{maxGroup - 1, 1, 3, maxGroup, 0, 2} {
		r.waiting = append(r.waiting, &result{
			id: fmt.Sprint(i), report: subscriptions.Report{Deliveries: make([]subscriptions.Delivery, size)},
		})
	}
	for _, want := range []string{"01", "23", "45", ""} {
		ids := ""
		for _, one := range r.take() {
			ids += one.id
		}
		if ids != want {
			t.Errorf("the group has the reports %q, want %q", ids, want)
		}
	}
}

// TestRests has the notifier rest only while many articles are stored, and nothing is late.
func TestRests(t *testing.T) {
	p := newPace(subscriptions.Of(storetest.Open(t, storetest.SQLite(t))))
	look := func(before time.Duration, last uint64) bool {
		p.looked, p.busy = time.Now().Add(-before), time.Time{}
		p.stored(last)
		return p.isBusy()
	}
	if p.stored(1000); p.isBusy() || p.last != 1000 {
		t.Errorf("the first look makes it busy, or is forgotten: %d", p.last)
	}
	if look(time.Second, 1010) {
		t.Error("it is busy with 10 articles in a second")
	}
	if look(time.Second, 1000) {
		t.Error("it is busy although the stream has lost messages")
	}
	if !look(time.Second, 1100) {
		t.Error("it is not busy with 100 articles in a second")
	}
	if look(0, 5000); p.last != 1100 {
		t.Error("it looks twice at the same time")
	}
	busy := func(unmatched, undelivered time.Duration) bool {
		p.busy = time.Now().Add(time.Hour)
		p.lateMatches(unmatched)
		p.lateDeliveries(undelivered)
		return p.isBusy()
	}
	for late, want := range map[[2]time.Duration]bool{
		{}: true, {maxLag, 0}: true, {0, maxLag}: true, {maxLag + 1, 0}: false, {0, maxLag + 1}: false,
	} {
		if got := busy(late[0], late[1]); got != want {
			t.Errorf("late by %v: rests %t, want %t", late, got, want)
		}
	}
	busy(0, 0)
	const rest = 30 * time.Millisecond
	for name, do := range map[string]func(func()){
		"write": func(called func()) {
			p.free = time.Now().Add(rest)
			_ = p.write(t.Context(), func() error { called(); return nil })
			if time.Until(p.free) > maxGap {
				t.Errorf("the next write begins in %s", time.Until(p.free))
			}
		},
		"computation": func(called func()) {
			p.idle = time.Now().Add(rest)
			p.compute(t.Context(), called)
			if time.Until(p.idle) > maxGap {
				t.Errorf("the next computation begins in %s", time.Until(p.idle))
			}
		},
		"waiting": func(called func()) {
			p.free = time.Now().Add(rest)
			p.await(t.Context())
			called()
		},
	} {
		start, calls := time.Now(), 0
		do(func() {
			if calls++; time.Since(start) < rest {
				t.Errorf("the %s does not rest", name)
			}
		})
		if calls != 1 {
			t.Errorf("the %s was called %d times", name, calls)
		}
	}
	// Nothing rests once the program stops.
	stopping, stop := context.WithCancel(t.Context())
	stop()
	p.free, p.idle = time.Now().Add(time.Hour), time.Now().Add(time.Hour)
	failure := context.DeadlineExceeded
	if err := p.write(stopping, func() error { return failure }); err != failure { //nolint:errorlint // the same error
		t.Errorf("the write returns %v, want %v", err, failure)
	}
	p.free = time.Now().Add(time.Hour)
	p.await(stopping)
	p.compute(stopping, func() {})
	if time.Until(p.idle) > maxGap {
		t.Errorf("the next computation begins in %s, want at most %s", time.Until(p.idle), maxGap)
	}
}
