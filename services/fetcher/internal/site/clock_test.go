package site

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// TestClockSetBack has a process whose clock is years ahead, and a process that starts
// after the clock was corrected. The second one waits no longer than a host may rest,
// and uses robots.txt no longer than a new one.
func TestClockSetBack(t *testing.T) {
	now := time.Now()
	clock := now.AddDate(10, 0, 0)
	first := open(t, func() time.Time { return clock })
	pauses := func() *Pauses {
		return &Pauses{
			kv: first.kv, usual: time.Second, maxRest: time.Minute, now: first.now, known: map[string]Pause{},
		}
	}
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, denies) })
	fetchRobots(t, first, url)
	breaker := Breaker{Failures: 1, Rest: first.maxRest, MaxRest: first.maxRest}
	if _, _, err := first.Failed(t.Context(), url, breaker); err != nil {
		t.Fatal(err)
	}
	if err := pauses().Rest(t.Context(), url, time.Minute); err != nil {
		t.Fatal(err)
	}
	clock = now
	second := &Sites{
		kv: first.kv, client: first.client, maxRest: first.maxRest, now: first.now, known: map[string]*Site{},
	}
	site, err := second.Get(t.Context(), url, clock)
	if err != nil {
		t.Fatal(err)
	}
	pause, err := pauses().Get(t.Context(), url, clock)
	if err != nil {
		t.Fatal(err)
	}
	for what, limit := range map[string]struct {
		got  time.Time
		want time.Duration
	}{
		"the site rests until":        {site.Until, first.maxRest},
		"the site has failed since":   {site.FailingSince, 0},
		"robots.txt was fetched at":   {site.Verdict.FetchedAt, 0},
		"robots.txt expires at":       {site.Verdict.Expires, robots.Lifetime},
		"the host pauses until":       {pause.Until, time.Minute},
		"the pause was last saved at": {pause.Stored, 0},
	} {
		if limit.got.IsZero() || !limit.got.Equal(now.Add(limit.want)) {
			t.Errorf("%s %s, want %s", what, limit.got, now.Add(limit.want))
		}
	}
}
