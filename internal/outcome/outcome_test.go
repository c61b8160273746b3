package outcome_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// stages are the names in the table, in its order.
func stages() []string {
	var names []string
	for number := range len(datelinev1.Stage_name) {
		if stage := datelinev1.Stage(number); stage != datelinev1.Stage_STAGE_UNSPECIFIED {
			names = append(names, subject.StageName(stage))
		}
	}
	return append(names, outcome.LedgerStage)
}

func TestTableIsSortedAndComplete(t *testing.T) {
	order := stages()
	rank := func(e outcome.Entry) int {
		if e.Verdict == datelinev1.Verdict_VERDICT_UNSPECIFIED {
			return len(datelinev1.Verdict_name)
		}
		return int(e.Verdict)
	}
	compare := func(a, b outcome.Entry) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Stage), slices.Index(order, b.Stage)),
			cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Reason, b.Reason))
	}
	entries := outcome.Table()
	for i, e := range entries {
		if !slices.Contains(order, e.Stage) {
			t.Errorf("%s %s: unknown stage", e.Stage, e.Reason)
		}
		if i > 0 && compare(entries[i-1], e) >= 0 {
			t.Errorf("%s %v %s is out of order or listed twice", e.Stage, e.Verdict, e.Reason)
		}
		if !strings.HasSuffix(e.Meaning, ".") {
			t.Errorf("%s %s: the meaning %q is not a sentence", e.Stage, e.Reason, e.Meaning)
		}
		if e.Cause != "" && !slices.Contains(outcome.Causes(), e.Cause) {
			t.Errorf("%s %s: unknown cause %q", e.Stage, e.Reason, e.Cause)
		}
		if strings.ContainsAny(string(e.Reason), ". *>") || e.Reason == "" {
			t.Errorf("%s: the reason %q is not a token of a subject", e.Stage, e.Reason)
		}
	}
}

func TestEveryStageHasTheReasonsOfTheLoop(t *testing.T) {
	for _, stage := range stages() {
		if stage == subject.StageName(datelinev1.Stage_STAGE_INGEST) ||
			stage == subject.StageName(datelinev1.Stage_STAGE_REPLAY) {
			continue // a command, which stops at what the loop would retry
		}
		entries := outcome.OfStage(stage)
		for _, reason := range []outcome.Reason{
			outcome.Panic, outcome.Poison, outcome.TooLarge, outcome.Unmarked, outcome.Unavailable,
		} {
			if !slices.ContainsFunc(entries, func(e outcome.Entry) bool { return e.Reason == reason }) {
				t.Errorf("stage %s has no entry for %s", stage, reason)
			}
		}
	}
}

func TestCauseOf(t *testing.T) {
	const (
		intake    = datelinev1.Stage_STAGE_INTAKE
		fetch     = datelinev1.Stage_STAGE_FETCH
		extract   = datelinev1.Stage_STAGE_EXTRACT
		index     = datelinev1.Stage_STAGE_INDEX
		produced  = datelinev1.Verdict_VERDICT_PRODUCED
		duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
		unchanged = datelinev1.Verdict_VERDICT_UNCHANGED
		rejected  = datelinev1.Verdict_VERDICT_REJECTED
		dead      = datelinev1.Verdict_VERDICT_DEAD
	)
	for _, test := range []struct {
		stage   datelinev1.Stage
		verdict datelinev1.Verdict
		reason  outcome.Reason
		want    outcome.Cause
	}{
		{intake, produced, "", ""},
		{intake, duplicate, outcome.Seen, outcome.CauseDuplicates},
		{intake, dead, outcome.BadURL, ""},
		{fetch, produced, "", ""},
		{fetch, produced, outcome.Truncated, ""},
		{fetch, unchanged, outcome.NotModified, outcome.CauseDuplicates},
		{fetch, rejected, outcome.Forbidden, outcome.CauseBlocked},
		{fetch, rejected, outcome.RobotsDenied, outcome.CauseRobots},
		{fetch, rejected, outcome.NotFound, outcome.CauseGone},
		{fetch, rejected, outcome.NotHTML, outcome.CauseDrifted},
		{fetch, dead, outcome.DNS, outcome.CauseUnreachable},
		{fetch, dead, "of_another_version", outcome.CauseUnreachable},
		{extract, rejected, outcome.Blocked, outcome.CauseBlocked},
		{extract, rejected, outcome.NotFound, outcome.CauseGone},
		{extract, rejected, outcome.ErrorPage, outcome.CauseUnreachable},
		{extract, rejected, outcome.NoArticle, outcome.CauseDrifted},
		{extract, rejected, "of_another_version", outcome.CauseDrifted},
		{index, produced, outcome.New, ""},
		{index, produced, outcome.Changed, outcome.CauseDuplicates},
		{index, unchanged, outcome.Unchanged, outcome.CauseDuplicates},
		{index, rejected, outcome.Erased, ""},
		{index, rejected, outcome.ErasedCopy, ""},
	} {
		if got := outcome.CauseOf(test.stage, test.verdict, test.reason); got != test.want {
			t.Errorf("%v %v %q: got cause %q, want %q", test.stage, test.verdict, test.reason, got, test.want)
		}
	}
}

func TestFetchIDTellsURLsOfARequestApart(t *testing.T) {
	parse := func(text string) weburl.URL {
		url, err := weburl.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
	a, b := parse("https://example.com/a"), parse("https://example.com/b")
	got := outcome.FetchID("batch", a)
	if want := "batch." + a.ID()[:12]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got == outcome.FetchID("batch", b) {
		t.Errorf("two URLs of a request have the same id %q", got)
	}
}
