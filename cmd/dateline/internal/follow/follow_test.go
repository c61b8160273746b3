package follow

import (
	"context"
	"slices"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	intake  = datelinev1.Stage_STAGE_INTAKE
	fetch   = datelinev1.Stage_STAGE_FETCH
	extract = datelinev1.Stage_STAGE_EXTRACT
	index   = datelinev1.Stage_STAGE_INDEX
	archive = datelinev1.Stage_STAGE_ARCHIVE

	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	rejected  = datelinev1.Verdict_VERDICT_REJECTED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
	unchanged = datelinev1.Verdict_VERDICT_UNCHANGED
	dead      = datelinev1.Verdict_VERDICT_DEAD
)

// ledger is a ledger with outcomes of earlier requests.
type ledger struct {
	store.Ledger

	outcomes []*datelinev1.Outcome
}

func (l ledger) RequestOutcomes(_ context.Context, ids []string) ([]*datelinev1.Outcome, error) {
	var all []*datelinev1.Outcome
	for _, o := range l.outcomes {
		if slices.Contains(ids, o.GetRequestId()) {
			all = append(all, o)
		}
	}
	return all, nil
}

func of(request string, stage datelinev1.Stage, verdict datelinev1.Verdict, output string) *datelinev1.Outcome {
	return &datelinev1.Outcome{RequestId: request, Stage: stage, Verdict: verdict, OutputId: output}
}

// TestEnds checks with which outcome a request ends, and whether it has led to an article.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		name         string
		outcome      *datelinev1.Outcome
		ends, failed bool
	}{
		{"accepted", of("one", intake, produced, "one"), false, false},
		{"fetched", of("one", fetch, produced, "page"), false, false},
		{"extracted", of("one", extract, produced, "article"), false, false},
		{"archived", of("one", archive, produced, "capture"), false, false},
		{"not archived", of("one", archive, dead, ""), false, false},
		{"of another request", of("two", fetch, dead, ""), false, false},
		{"invalid", of("one", intake, dead, ""), true, true},
		{"not fetched", of("one", fetch, rejected, ""), true, true},
		{"not changed since it was fetched", of("one", fetch, unchanged, ""), true, true},
		{"no article", of("one", extract, rejected, ""), true, true},
		{"stored", of("one", index, produced, "article"), true, false},
		{"not changed since it was stored", of("one", index, unchanged, "article"), true, false},
		{"stored before", of("one", index, duplicate, "article"), true, false},
		{"not stored", of("one", index, rejected, ""), true, true},
		{"cannot be stored", of("one", index, dead, ""), true, true},
	} {
		f := &Follower{waiting: map[string][]End{}, earlier: map[string]bool{}}
		f.Add("one", "https://example.com/a")
		ends := f.take(test.outcome)
		if got := len(ends) == 1; got != test.ends || f.Waiting() != 1-len(ends) {
			t.Errorf("%s: %d ends, and %d requests wait, want an end: %t", test.name, len(ends), f.Waiting(), test.ends)
			continue
		}
		if test.ends && (ends[0].Failed() != test.failed || ends[0].Outcome != test.outcome || ends[0].Seen ||
			ends[0].URL != "https://example.com/a") {
			t.Errorf("%s: the end is %+v, want one that failed: %t", test.name, ends[0], test.failed)
		}
	}
}

// TestRequestEndsAsAnEarlierOne has requests for URLs that were requested before. They end as the earlier requests
// did, which the ledger may know already. That an earlier request was accepted is not its end.
func TestRequestEndsAsAnEarlierOne(t *testing.T) {
	known := ledger{outcomes: []*datelinev1.Outcome{
		of("old", intake, produced, "old"), of("old", fetch, produced, "page"), of("old", index, produced, "article"),
		of("accepted", intake, produced, "accepted"),
	}}
	f := &Follower{ledger: known, waiting: map[string][]End{}, earlier: map[string]bool{}}
	for request, earlier := range map[string]string{"one": "old", "two": "running", "three": "accepted"} {
		f.Add(request, "https://example.com/"+request)
		if ends := f.take(of(request, intake, duplicate, earlier)); len(ends) > 0 {
			t.Errorf("%s ends before the earlier request: %+v", request, ends)
		}
	}
	check := func(when string, ends []End, url string, want *datelinev1.Outcome) {
		t.Helper()
		if len(ends) != 1 || !ends[0].Seen || ends[0].URL != "https://example.com/"+url || ends[0].Outcome != want {
			t.Errorf("%s: the ends are %+v", when, ends)
		}
	}
	ends, err := f.queryLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check("from the ledger", ends, "one", known.outcomes[2])
	later := of("running", extract, rejected, "")
	check("later", f.take(later), "two", later)
	if f.Waiting() != 1 || len(f.earlier) != 1 {
		t.Errorf("%d requests wait, and %d earlier ones are asked for, want one of each", f.Waiting(), len(f.earlier))
	}
}

// TestDuplicateWithoutALedger has a user who may only listen: a request for a URL that was requested before ends at
// once.
func TestDuplicateWithoutALedger(t *testing.T) {
	f := &Follower{waiting: map[string][]End{}, earlier: map[string]bool{}}
	f.Add("one", "https://example.com/a")
	if ends := f.take(of("one", intake, duplicate, "old")); len(ends) != 1 || !ends[0].Failed() || f.Waiting() != 0 {
		t.Errorf("the ends are %+v", ends)
	}
}
