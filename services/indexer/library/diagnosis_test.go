package library

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	intake  = datelinev1.Stage_STAGE_INTAKE
	fetch   = datelinev1.Stage_STAGE_FETCH
	extract = datelinev1.Stage_STAGE_EXTRACT
	index   = datelinev1.Stage_STAGE_INDEX

	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
	unchanged = datelinev1.Verdict_VERDICT_UNCHANGED
	rejected  = datelinev1.Verdict_VERDICT_REJECTED
	dead      = datelinev1.Verdict_VERDICT_DEAD
)

func count(stage datelinev1.Stage, verdict datelinev1.Verdict, reason string, n int64) store.Count {
	return store.Count{Stage: stage, Verdict: verdict, Reason: reason, Count: n}
}

// usualOutcomes are those of four weeks: half of the pages are new articles, and
// a few requests fail.
var usualOutcomes = []store.Count{
	count(intake, produced, "", 1200), count(intake, duplicate, "seen", 60),
	count(fetch, produced, "", 1150), count(fetch, rejected, "not_found", 30), count(fetch, dead, "timeout", 20),
	count(extract, produced, "", 1100), count(extract, rejected, "no_article", 50),
	count(index, produced, "new", 600), count(index, unchanged, "unchanged", 500),
}

// admitted returns outcomes that include n requests admitted by intake.
func admitted(n int64, more ...store.Count) []store.Count {
	return append([]store.Count{count(intake, produced, "", n)}, more...)
}

// fetched returns outcomes that include n requests that were admitted and whose
// pages were fetched.
func fetched(n int64, more ...store.Count) []store.Count {
	return admitted(n, append([]store.Count{count(fetch, produced, "", n)}, more...)...)
}

type diagnosisTest struct {
	now      []store.Count
	before   []store.Count // usualOutcomes if nil
	queued   int64
	want     outcome.Cause
	evidence string
}

func TestDiagnose(t *testing.T) {
	for name, test := range map[string]diagnosisTest{
		"refused": {
			now: admitted(40, count(fetch, rejected, "forbidden", 33), count(fetch, dead, "too_many_requests", 5),
				count(fetch, rejected, "not_found", 2)),
			want: outcome.CauseBlocked,
			evidence: "the site refused 38 of the 40 requests that ended since 2026-03-30 12:00 UTC " +
				"(forbidden 33, too_many_requests 5), and 0 of 1260",
		},
		"block pages": {now: fetched(40, count(extract, rejected, "blocked", 40)),
			want: outcome.CauseBlocked, evidence: "(blocked 40)"},
		"robots": {now: admitted(40, count(fetch, rejected, "robots_denied", 40)),
			want: outcome.CauseRobots, evidence: "robots.txt did not allow 40 of the 40"},
		"no such host": {now: admitted(40, count(fetch, dead, "dns", 20), count(fetch, dead, "host_down", 20)),
			want: outcome.CauseUnreachable, evidence: "(dns 20, host_down 20)"},
		"server errors": {now: admitted(40, count(fetch, dead, "server_error", 40)),
			want: outcome.CauseUnreachable, evidence: "server_error 40"},
		"gone": {
			now:  admitted(40, count(fetch, rejected, "not_found", 40)),
			want: outcome.CauseGone,
			evidence: "40 of the 40 requests that ended since 2026-03-30 12:00 UTC (not_found 40), " +
				"and 30 of 1260 in the four weeks before",
		},
		"moved to another host": {
			now:  admitted(40, count(intake, duplicate, "seen", 3)),
			want: outcome.CauseGone,
			evidence: "40 of the 40 URLs requested since 2026-03-30 12:00 UTC were not fetched from this host: " +
				"they lead to another",
		},
		"redesigned": {
			now: fetched(40, count(extract, rejected, "no_article", 38), count(extract, produced, "", 2),
				count(index, unchanged, "unchanged", 2)),
			want: outcome.CauseDrifted, evidence: "no article was extracted for 38 of the 40"},
		"nothing new": {
			now: []store.Count{count(intake, produced, "", 20), count(intake, duplicate, "seen", 20),
				count(fetch, produced, "", 10), count(fetch, unchanged, "not_modified", 10),
				count(extract, produced, "", 10),
				count(index, unchanged, "unchanged", 9), count(index, produced, "changed", 1)},
			want: outcome.CauseDuplicates, evidence: "nothing new resulted from 40 of the 40"},
		// Most requests are for known URLs, as always. The change is that the others
		// are refused.
		"some refused": {
			now: admitted(30, count(intake, duplicate, "seen", 40), count(fetch, rejected, "forbidden", 30)),
			before: fetched(600, count(intake, duplicate, "seen", 600), count(extract, produced, "", 600),
				count(index, produced, "new", 600)),
			want: outcome.CauseBlocked, evidence: "30 of the 70"},
		"same outcomes as before": {
			now:    admitted(20, count(fetch, rejected, "not_found", 20)),
			before: admitted(200, count(fetch, rejected, "not_found", 200)),
			want:   outcome.CauseGone, evidence: "20 of the 20"},
		"queued": {now: admitted(40), queued: 40, want: outcome.CauseWaiting, evidence: "40 URLs are queued in the frontier"},
		"not extracted yet": {now: fetched(40), want: outcome.CauseWaiting,
			evidence: "40 pages were fetched since 2026-03-30 12:00 UTC and are still being processed"},
		"no requests": {want: outcome.CauseNothingPublished,
			evidence: "0 requests since 2026-03-30 12:00 UTC; 18.8 are usual in that time"},
		"hardly any requests": {now: admitted(1, count(fetch, rejected, "forbidden", 1)),
			want: outcome.CauseNothingPublished, evidence: "1 request since"},
	} {
		if test.before == nil {
			test.before = usualOutcomes
		}
		cause, evidence := silence{
			since: time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC), now: newTally(test.now),
			before: newTally(test.before),
			hours:  10, hoursBefore: hoursBefore, queued: test.queued,
		}.diagnose()
		if cause != test.want || !strings.Contains(evidence, test.evidence) {
			t.Errorf("%s: %s, because %s; want %s, because %s", name, cause, evidence, test.want, test.evidence)
		}
	}
}
