package library

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Cause is why a source is silent: a closed set, fit for a metric's label.
type Cause string

// The causes.
const (
	// CauseBlocked: the site refuses the crawler (401, 403, 429, 451, or pages
	// that say so).
	CauseBlocked Cause = "blocked"
	// CauseRobots: robots.txt forbids what it used to allow, or cannot be had.
	CauseRobots Cause = "robots"
	// CauseUnreachable: the site gives no usable answer.
	CauseUnreachable Cause = "unreachable"
	// CauseGone: the pages that are asked for are not there (404, 410).
	CauseGone Cause = "gone"
	// CauseDrifted: pages come, and no articles out of them.
	CauseDrifted Cause = "drifted"
	// CauseDuplicates: all that is asked for is known already.
	CauseDuplicates Cause = "duplicates"
	// CauseWaiting: what was asked for has not been fetched yet.
	CauseWaiting Cause = "waiting"
	// CauseNothingPublished: next to nothing was asked for.
	CauseNothingPublished Cause = "nothing_published"
)

// Causes lists the causes.
func Causes() []Cause {
	return []Cause{CauseBlocked, CauseRobots, CauseUnreachable, CauseGone, CauseDrifted, CauseDuplicates, CauseWaiting, CauseNothingPublished}
}

// causes are what the reasons of the fetcher and the extractor say of a site;
// causeOf has those that are not here.
var causes = map[string]Cause{
	"forbidden": CauseBlocked, "too_many_requests": CauseBlocked, "blocked": CauseBlocked, "host_resting": CauseBlocked,
	"robots_denied": CauseRobots, "robots_unreachable": CauseRobots,
	"not_found": CauseGone, "bad_status": CauseGone, "bad_redirect": CauseGone, "too_many_redirects": CauseGone,
	"not_html": CauseDrifted,
}

// causeOf says what the end of an input speaks for; an empty cause where the
// input went on to the next stage, or brought something new.
func causeOf(c store.Count) Cause {
	switch c.Verdict {
	case datelinev1.Verdict_VERDICT_DUPLICATE, datelinev1.Verdict_VERDICT_UNCHANGED:
		return CauseDuplicates
	case datelinev1.Verdict_VERDICT_PRODUCED:
		if c.Stage == datelinev1.Stage_STAGE_INDEX && c.Reason != store.New.String() {
			return CauseDuplicates // a new revision of a known article
		}
		return ""
	}
	switch known := causes[c.Reason]; {
	case known != "":
		return known
	case c.Stage == datelinev1.Stage_STAGE_FETCH:
		return CauseUnreachable
	case c.Stage == datelinev1.Stage_STAGE_EXTRACT:
		return CauseDrifted
	}
	return ""
}

// tally is how inputs ended: by cause, and for each by reason.
type tally struct {
	byCause map[Cause]int64
	reasons map[Cause]map[string]int64
	// ended are those with a cause or with something new; asked are those that
	// intake let through, fetched those that the fetcher has ended with.
	ended, asked, fetched int64
}

func tallied(counts []store.Count) tally {
	t := tally{byCause: map[Cause]int64{}, reasons: map[Cause]map[string]int64{}}
	for _, c := range counts {
		cause := causeOf(c)
		switch {
		case cause != "":
			t.byCause[cause] += c.Count
			t.ended += c.Count
			if t.reasons[cause] == nil {
				t.reasons[cause] = map[string]int64{}
			}
			t.reasons[cause][c.Reason] += c.Count
		case c.Stage == datelinev1.Stage_STAGE_INDEX && c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED:
			t.ended += c.Count
		case c.Stage == datelinev1.Stage_STAGE_INTAKE && c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED && c.Reason != "split":
			t.asked += c.Count
		}
		if c.Stage == datelinev1.Stage_STAGE_FETCH {
			t.fetched += c.Count
		}
	}
	return t
}

func (t tally) share(cause Cause) float64 {
	if t.ended == 0 {
		return 0
	}
	return float64(t.byCause[cause]) / float64(t.ended)
}

// named lists the commonest reasons of a cause with their counts.
func (t tally) named(cause Cause) string {
	reasons := t.reasons[cause]
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(3, len(names))] {
		parts = append(parts, fmt.Sprintf("%s %d", name, reasons[name]))
	}
	return strings.Join(parts, ", ")
}

// fewAsked is the share of the usual requests below which a silence is for want
// of them.
const fewAsked = 0.1

// diagnose says why a source is silent, and what speaks for it: that way of
// ending whose share has grown most. hours are how long the silence has lasted
// and how long the time before it was that its counts are of; waiting is how
// many URLs of the source the frontier holds.
func diagnose(s *store.Silence, hours, hoursBefore float64, waiting int64) (Cause, string) {
	now, before := tallied(s.Outcomes), tallied(s.Before)
	since := s.Since.UTC().Format("2006-01-02 15:04 UTC")
	requests := max(now.asked, now.ended) + waiting
	usual := 0.0
	if hoursBefore > 0 {
		usual = float64(before.ended) / hoursBefore * hours
	}
	switch {
	case requests == 0:
		return CauseNothingPublished, fmt.Sprintf("nothing of it was requested since %s, where %.3g requests in that time were usual", since, usual)
	case float64(requests) < fewAsked*usual:
		return CauseNothingPublished, fmt.Sprintf("%d of it were requested since %s, where %.3g in that time were usual", requests, since, usual)
	case waiting > now.ended:
		return CauseWaiting, fmt.Sprintf("%d of its URLs wait in the frontier, and %d ended since %s", waiting, now.ended, since)
	case now.ended == 0 && now.fetched > 0:
		return CauseWaiting, fmt.Sprintf("%d of its pages were fetched since %s, and wait in the pipeline", now.fetched, since)
	case now.asked-now.fetched > now.ended:
		return CauseGone, fmt.Sprintf("%d of the %d URLs requested since %s were not fetched from it: they lead to another host", now.asked-now.fetched, now.asked, since)
	}
	cause := slices.MaxFunc(Causes(), func(a, b Cause) int {
		return cmp.Compare(now.share(a)-before.share(a), now.share(b)-before.share(b))
	})
	if now.byCause[cause] == 0 { // all is as before
		cause = slices.MaxFunc(Causes(), func(a, b Cause) int { return cmp.Compare(now.byCause[a], now.byCause[b]) })
	}
	return cause, fmt.Sprintf("%s: %d of the %d requests that ended since %s (%s), and %d of %d in the four weeks before",
		ways[cause], now.byCause[cause], now.ended, since, now.named(cause), before.byCause[cause], before.ended)
}

var ways = map[Cause]string{
	CauseBlocked: "the site refused", CauseRobots: "robots.txt did not allow", CauseUnreachable: "the site gave no usable answer to",
	CauseGone: "there was no such page for", CauseDrifted: "the page yielded no article for", CauseDuplicates: "nothing new came of",
}
