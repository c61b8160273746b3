package library

import (
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// counts reads "stage verdict reason count" lines.
func counts(t *testing.T, lines ...any) []store.Count {
	t.Helper()
	var all []store.Count
	for i := 0; i < len(lines); i += 4 {
		all = append(all, store.Count{Stage: lines[i].(datelinev1.Stage), Verdict: lines[i+1].(datelinev1.Verdict), Reason: lines[i+2].(string), Count: int64(lines[i+3].(int))})
	}
	return all
}

const (
	intake, fetch, extract, index                     = datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX
	produced, duplicate, unchanged, rejected, deadEnd = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_DUPLICATE, datelinev1.Verdict_VERDICT_UNCHANGED, datelinev1.Verdict_VERDICT_REJECTED, datelinev1.Verdict_VERDICT_DEAD
)

func TestDiagnose(t *testing.T) {
	// In four weeks: twice a day half of what is asked for is new, a few fail.
	before := counts(t, intake, produced, "", 1200, intake, duplicate, "seen", 60, fetch, produced, "", 1150, fetch, rejected, "not_found", 30,
		fetch, deadEnd, "timeout", 20, extract, produced, "", 1100, extract, rejected, "no_article", 50, index, produced, "new", 600, index, unchanged, "unchanged", 500)
	for name, test := range map[string]struct {
		now      []store.Count
		before   []store.Count
		waiting  int64
		want     Cause
		evidence string
	}{
		"refused": {now: counts(t, intake, produced, "", 40, fetch, rejected, "forbidden", 33, fetch, deadEnd, "too_many_requests", 5, fetch, rejected, "not_found", 2),
			want: CauseBlocked, evidence: "the site refused: 38 of the 40 requests that ended since 2026-03-30 12:00 UTC (forbidden 33, too_many_requests 5), and 0 of 1260"},
		"pages that say so": {now: counts(t, intake, produced, "", 40, fetch, produced, "", 40, extract, rejected, "blocked", 40),
			want: CauseBlocked, evidence: "(blocked 40)"},
		"robots": {now: counts(t, intake, produced, "", 40, fetch, rejected, "robots_denied", 40),
			want: CauseRobots, evidence: "robots.txt did not allow: 40 of the 40"},
		"no name": {now: counts(t, intake, produced, "", 40, fetch, deadEnd, "dns", 20, fetch, deadEnd, "host_down", 20),
			want: CauseUnreachable, evidence: "(dns 20, host_down 20)"},
		"server errors": {now: counts(t, intake, produced, "", 40, fetch, deadEnd, "server_error", 40), want: CauseUnreachable, evidence: "server_error 40"},
		"gone":          {now: counts(t, intake, produced, "", 40, fetch, rejected, "not_found", 40), want: CauseGone, evidence: "40 of the 40 requests that ended since 2026-03-30 12:00 UTC (not_found 40), and 30 of 1260 in the four weeks before"},
		"moved": {now: counts(t, intake, produced, "", 40, intake, duplicate, "seen", 3),
			want: CauseGone, evidence: "40 of the 40 URLs requested since 2026-03-30 12:00 UTC were not fetched from it: they lead to another host"},
		"redesigned": {now: counts(t, intake, produced, "", 40, fetch, produced, "", 40, extract, rejected, "no_article", 38, extract, produced, "", 2, index, unchanged, "unchanged", 2),
			want: CauseDrifted, evidence: "the page yielded no article for: 38 of the 40"},
		"nothing new": {now: counts(t, intake, produced, "", 20, intake, duplicate, "seen", 20, fetch, produced, "", 10, fetch, unchanged, "not_modified", 10, extract, produced, "", 10, index, unchanged, "unchanged", 9, index, produced, "changed", 1),
			want: CauseDuplicates, evidence: "nothing new came of: 40 of the 40"},
		// Most are known already, as ever; what is new is that some are refused.
		"some refused": {now: counts(t, intake, duplicate, "seen", 30, intake, produced, "", 30, fetch, rejected, "forbidden", 30),
			before: counts(t, intake, duplicate, "seen", 600, intake, produced, "", 600, fetch, produced, "", 600, extract, produced, "", 600, index, produced, "new", 600),
			want:   CauseBlocked, evidence: "30 of the 60"},
		"as before, without news": {now: counts(t, intake, produced, "", 20, fetch, rejected, "not_found", 20), before: counts(t, intake, produced, "", 200, fetch, rejected, "not_found", 200),
			want: CauseGone, evidence: "20 of the 20"},
		"queued":       {now: counts(t, intake, produced, "", 40), waiting: 40, want: CauseWaiting, evidence: "40 of its URLs wait in the frontier"},
		"in the stage": {now: counts(t, intake, produced, "", 40, fetch, produced, "", 40), want: CauseWaiting, evidence: "40 of its pages were fetched"},
		"nobody asked": {want: CauseNothingPublished, evidence: "nothing of it was requested since 2026-03-30 12:00 UTC, where 18.8 requests in that time were usual"},
		"hardly anybody": {now: counts(t, intake, produced, "", 1, fetch, rejected, "forbidden", 1),
			want: CauseNothingPublished, evidence: "1 of it were requested since"},
	} {
		if test.before == nil {
			test.before = before
		}
		silence := &store.Silence{Since: time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC), Outcomes: test.now, Before: test.before}
		cause, evidence := diagnose(silence, 10, 28*24, test.waiting)
		if cause != test.want || !strings.Contains(evidence, test.evidence) {
			t.Errorf("%s: %s, because %s; want %s, because %s", name, cause, evidence, test.want, test.evidence)
		}
	}
}
