package library

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// tally summarizes outcomes by cause, and for each cause by reason.
type tally struct {
	byCause map[outcome.Cause]int64
	reasons map[outcome.Cause]map[string]int64
	// ended counts the inputs that have a cause or produced something new,
	// admitted those that intake let through, and fetched those that the
	// fetcher has finished.
	ended, admitted, fetched int64
}

func newTally(counts []store.Count) tally {
	t := tally{byCause: map[outcome.Cause]int64{}, reasons: map[outcome.Cause]map[string]int64{}}
	for _, c := range counts {
		if c.Reason == string(outcome.Listing) {
			continue // polls of endpoints are not requests for articles
		}
		produced := c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED
		switch cause := outcome.CauseOf(c.Stage, c.Verdict, outcome.Reason(c.Reason)); {
		case cause != "":
			t.byCause[cause] += c.Count
			t.ended += c.Count
			if t.reasons[cause] == nil {
				t.reasons[cause] = map[string]int64{}
			}
			t.reasons[cause][c.Reason] += c.Count
		case c.Stage == datelinev1.Stage_STAGE_INDEX && produced:
			t.ended += c.Count
		case c.Stage == datelinev1.Stage_STAGE_INTAKE && produced && c.Reason != string(outcome.Split):
			t.admitted += c.Count
		}
		if c.Stage == datelinev1.Stage_STAGE_FETCH {
			t.fetched += c.Count
		}
	}
	return t
}

func (t tally) share(cause outcome.Cause) float64 {
	if t.ended == 0 {
		return 0
	}
	return float64(t.byCause[cause]) / float64(t.ended)
}

// maxReasons is the maximum number of reasons named in the evidence.
const maxReasons = 3

// topReasons lists the most common reasons of a cause with their counts.
func (t tally) topReasons(cause outcome.Cause) string {
	reasons := t.reasons[cause]
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(maxReasons, len(names))] {
		parts = append(parts, fmt.Sprintf("%s %d", name, reasons[name]))
	}
	return strings.Join(parts, ", ")
}

// fewRequests is the share of the usual number of requests below which a
// silence is attributed to the lack of requests.
const fewRequests = 0.1

// silence is what is known about a source that is silent.
type silence struct {
	since time.Time
	// now counts the outcomes of the silence, and before those of the period that
	// precedes it. hours and hoursBefore are the lengths of the two periods.
	now, before        tally
	hours, hoursBefore float64
	// queued is the number of the source's URLs in the frontier.
	queued int64
}

// diagnose returns the cause of a silence and the evidence for it.
func (s silence) diagnose() (cause outcome.Cause, evidence string) {
	cause, evidence, ok := s.fewOutcomes()
	if ok {
		return cause, evidence
	}
	cause = s.grownMost()
	return cause, fmt.Sprintf("%s %d of the %d requests that ended since %s (%s), "+
		"and %d of %d in the four weeks before",
		evidenceOf[cause], s.now.byCause[cause], s.now.ended, s.start(), s.now.topReasons(cause),
		s.before.byCause[cause], s.before.ended)
}

// fewOutcomes diagnoses a silence with few outcomes: there were few requests, or
// most are still in the pipeline, or they ended elsewhere. Otherwise ok is false.
func (s silence) fewOutcomes() (cause outcome.Cause, evidence string, ok bool) {
	now, since := s.now, s.start()
	requests := max(now.admitted, now.ended) + s.queued
	usual := 0.0
	if s.hoursBefore > 0 {
		usual = float64(s.before.ended) / s.hoursBefore * s.hours
	}
	switch elsewhere := now.admitted - now.fetched; {
	case float64(requests) < fewRequests*usual || requests == 0:
		evidence = fmt.Sprintf("%s since %s; %.3g are usual in that time", plural(requests, "request"), since, usual)
		return outcome.CauseNothingPublished, evidence, true
	case s.queued > now.ended:
		evidence = fmt.Sprintf("%d URLs are queued in the frontier, and %d requests have ended since %s",
			s.queued, now.ended, since)
		return outcome.CauseWaiting, evidence, true
	case now.ended == 0 && now.fetched > 0:
		evidence = fmt.Sprintf("%d pages were fetched since %s and are still being processed", now.fetched, since)
		return outcome.CauseWaiting, evidence, true
	case elsewhere > now.ended:
		evidence = fmt.Sprintf("%d of the %d URLs requested since %s were not fetched from this host: "+
			"they lead to another", elsewhere, now.admitted, since)
		return outcome.CauseGone, evidence, true
	}
	return "", "", false
}

// grownMost returns the cause whose share of the outcomes has grown most, or the
// most common one if that cause does not occur.
func (s silence) grownMost() outcome.Cause {
	cause := slices.MaxFunc(outcome.Causes(), func(a, b outcome.Cause) int {
		return cmp.Compare(s.now.share(a)-s.before.share(a), s.now.share(b)-s.before.share(b))
	})
	if s.now.byCause[cause] > 0 {
		return cause
	}
	return slices.MaxFunc(outcome.Causes(), func(a, b outcome.Cause) int {
		return cmp.Compare(s.now.byCause[a], s.now.byCause[b])
	})
}

// plural returns a count with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// start formats the time at which the silence began.
func (s silence) start() string { return minute(s.since) }

// evidenceOf holds the start of the sentence that describes the evidence.
var evidenceOf = map[outcome.Cause]string{
	outcome.CauseBlocked: "the site refused", outcome.CauseRobots: "robots.txt did not allow",
	outcome.CauseUnreachable: "the site gave no usable response to", outcome.CauseGone: "no page was found for",
	outcome.CauseDrifted: "no article was extracted for", outcome.CauseDuplicates: "nothing new resulted from",
}
