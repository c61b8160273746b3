package web

import (
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestConditionOfASource judges sources by the outcomes of the last 24 hours.
func TestConditionOfASource(t *testing.T) {
	t.Parallel()
	count := func(verdict datelinev1.Verdict, reason string, n int64) store.Count {
		return store.Count{Stage: datelinev1.Stage_STAGE_EXTRACT, Verdict: verdict, Reason: reason, Count: n}
	}
	const produced, rejected = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_REJECTED
	const dead = datelinev1.Verdict_VERDICT_DEAD
	for name, test := range map[string]struct {
		outcomes []store.Count
		want     string
	}{
		"all succeed": {[]store.Count{count(produced, "", 38)}, "healthy: "},
		"some do not": {
			[]store.Count{count(produced, "", 38), count(rejected, "no_article", 2)},
			"healthy: 38 of 40 succeeded in the last 24 hours, most common reason of the others: no_article",
		},
		"most fail": {
			[]store.Count{count(produced, "", 1), count(dead, "timeout", 2)}, "failing: most common reason: timeout",
		},
		"none succeed": {[]store.Count{count(rejected, "no_article", 2)}, "refused: most common reason: no_article"},
		"nothing":      {nil, "quiet: no requests in the last 24 hours"},
	} {
		row := condition(library.SourceHealth{Source: store.Source{Outcomes: test.outcomes}})
		if got := row.Condition + ": " + row.Why; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
