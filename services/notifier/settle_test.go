package notifier

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/targets"
)

func TestSettle(t *testing.T) {
	config := DefaultConfig()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	of := func(o targets.Outcome) attempt { return attempt{outcome: o} }
	ok := of(targets.Outcome{Result: targets.Delivered, Status: 204})
	refused := of(targets.Outcome{Status: 500, Detail: "500: no room"})
	down := of(targets.Outcome{Detail: "trial error"})
	erased := attempt{skipped: errErased}
	gone := of(targets.Outcome{Result: targets.Gone, Status: 410, Detail: "answered 410"})
	later := of(targets.Outcome{Status: 429, Detail: "429", RetryAfter: 2 * time.Hour})
	never := of(targets.Outcome{Status: 503, Detail: "503", RetryAfter: 1000 * time.Hour})
	unfit := of(targets.Outcome{Result: targets.Failed, Detail: "too large"})
	old := refused
	old.delivery.FirstAttempt = now.Add(-73 * time.Hour)
	type s = subscriptions.Subscription
	failing := s{Failures: 4, FailingSince: now.Add(-time.Hour), Reason: "before"}
	many := s{Failures: 70, FailingSince: now}
	long := s{Failures: 90, FailingSince: now.Add(-73 * time.Hour)}
	for name, c := range map[string]struct {
		before   s
		attempts []attempt
		// states are those of the deliveries, and pause is about how long the subscription waits.
		states, state, reason string
		failures              int
		pause                 time.Duration
		recovered             bool
	}{
		"success":             {s{}, []attempt{ok, ok}, "delivered, delivered", "active", "", 0, 0, false},
		"nothing to do":       {failing, nil, "", "active", "before", 4, 0, false},
		"first failure":       {s{}, []attempt{refused}, "pending", "active", "500: no room", 1, 5 * time.Second, false},
		"no answer":           {s{}, []attempt{down}, "pending", "active", "trial error", 1, 5 * time.Second, false},
		"fifth failure":       {failing, []attempt{down}, "pending", "active", "trial", 5, 80 * time.Second, false},
		"one of two":          {s{}, []attempt{refused, ok}, "pending, delivered", "active", "", 0, 0, false},
		"recovery":            {failing, []attempt{ok}, "delivered", "active", "", 0, 0, true},
		"soon recovered":      {s{Failures: 1, FailingSince: now}, []attempt{ok}, "delivered", "active", "", 0, 0, false},
		"erased":              {failing, []attempt{erased}, "skipped", "active", "before", 4, 0, false},
		"gone":                {s{}, []attempt{gone, ok}, "pending, delivered", "suspended", "410", 0, 0, false},
		"retry after":         {s{}, []attempt{later}, "pending", "active", "429", 1, 2 * time.Hour, false},
		"success, then later": {s{}, []attempt{ok, later}, "delivered, pending", "active", "", 0, 2 * time.Hour, false},
		"retry after forever": {s{}, []attempt{never}, "pending", "active", "503", 1, 24 * time.Hour, false},
		"longest pause":       {many, []attempt{down}, "pending", "active", "", 71, time.Hour, false},
		"down for days":       {long, []attempt{down}, "pending", "suspended", "72h", 91, time.Hour, false},
		"up after days":       {long, []attempt{ok}, "delivered", "active", "", 0, 0, true},
		"one never accepted":  {s{}, []attempt{old, ok}, "failed, delivered", "active", "", 0, 0, false},
		"never accepted":      {failing, []attempt{unfit}, "failed", "active", "before", 4, 0, false},
		"clock set back": {
			s{Failures: 4, FailingSince: now.Add(1000 * time.Hour)}, []attempt{down}, "pending", "active", "trial", 5,
			80 * time.Second, false,
		},
		"old, but all fail": {failing, []attempt{old}, "pending", "active", "500", 5, 80 * time.Second, false},
	} {
		for i := range c.attempts {
			c.attempts[i].delivery.State = subscriptions.Pending
		}
		got := settle(config, c.before, c.attempts, now)
		var states []string
		for _, d := range got.Deliveries {
			states = append(states, d.State)
			if waits := d.State == subscriptions.Pending; waits && !d.Due.After(now) || !waits && !d.EndTime.Equal(now) {
				t.Errorf("%s: delivery %+v has no time", name, d)
			}
		}
		pause := time.Duration(0)
		if !got.PauseEnd.IsZero() {
			pause = got.PauseEnd.Sub(now)
		}
		if all := strings.Join(states, ", "); all != c.states || got.State != c.state || got.Failures != c.failures ||
			!strings.Contains(got.Reason, c.reason) || got.Recovered != c.recovered || pause < c.pause || pause > c.pause*5/4 ||
			(got.Failures == 0) != got.FailingSince.IsZero() {
			t.Errorf("%s: got %s, pause %s, %+v", name, all, pause, got)
		}
	}
}
