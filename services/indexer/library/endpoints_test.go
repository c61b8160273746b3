package library

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// TestRefine explains silences by the endpoints of discovery.
func TestRefine(t *testing.T) {
	since := time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)
	before, after := since.Add(-time.Hour), since.Add(5*time.Hour)
	feed := sources.Endpoint{
		Purpose: datelinev1.Purpose_PURPOSE_FEED, State: sources.Active, Articles: 40, NewTime: before,
	}
	home := sources.Endpoint{
		Purpose: datelinev1.Purpose_PURPOSE_LINKS, State: sources.Active, Hint: sources.HintHome, NewTime: after, Articles: 3,
	}
	with := func(e sources.Endpoint, state, reason string) sources.Endpoint {
		e.State, e.Reason = state, reason
		return e
	}
	barren := home
	barren.Articles, barren.NewTime = 0, time.Time{}
	gone := with(feed, sources.Retired, "gone: the server answered 410")
	moving := feed
	moving.NewTime = after
	const none, dup = outcome.CauseNothingPublished, outcome.CauseDuplicates
	for name, test := range map[string]struct {
		cause     outcome.Cause
		endpoints []sources.Endpoint
		want      outcome.Cause
		evidence  string
	}{
		"no discovery": {none, nil, none, "before"},
		"all endpoints gone": {none, []sources.Endpoint{gone, gone, with(feed, sources.Active, "timeout: 30 s"), barren},
			outcome.CauseEndpointsGone, "none of the 3 endpoints that brought articles works (gone 2, timeout 1)"},
		"endpoints denied": {none, []sources.Endpoint{with(feed, sources.Active, "robots_denied: line 3"), barren},
			outcome.CauseRobots, "robots.txt denies all that brought articles: 1 endpoint"},
		"feed frozen": {outcome.CauseDrifted, []sources.Endpoint{feed, home}, outcome.CauseFeedFrozen,
			"nothing new since 2026-03-30 11:00 UTC, but the home page has at 2026-03-30 17:00 UTC; before"},
		"blocked, and the feed frozen": {outcome.CauseBlocked, []sources.Endpoint{feed, home}, outcome.CauseBlocked,
			"before; discovery reads 2 endpoints, and found an article at 2026-03-30 17:00 UTC"},
		"found but denied by robots": {outcome.CauseRobots, []sources.Endpoint{moving}, outcome.CauseRobots,
			"before; discovery reads 1 endpoint, and found an article at 2026-03-30 17:00 UTC"},
		"found but only known": {dup, []sources.Endpoint{moving, home}, dup,
			"before; discovery reads 2 endpoints, and found an article at 2026-03-30 17:00 UTC"},
		"quiet": {none, []sources.Endpoint{feed, gone, barren}, none,
			"before; discovery reads 2 endpoints, which list nothing new"},
	} {
		cause, evidence := silence{since: since}.refine(test.cause, "before", test.endpoints)
		if cause != test.want || !strings.Contains(evidence, test.evidence) {
			t.Errorf("%s: %s, because %s; want %s, because %s", name, cause, evidence, test.want, test.evidence)
		}
	}
}
