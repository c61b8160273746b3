package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testLedger(t *testing.T, b backend) {
	s := b.open(t)
	intake := outcome(datelinev1.Stage_STAGE_INTAKE, "a", after(0))
	fetch := outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1))
	dead := outcome(datelinev1.Stage_STAGE_FETCH, "b", after(2))
	dead.Verdict, dead.Reason, dead.Detail = datelinev1.Verdict_VERDICT_DEAD, "dns", "No such host."
	other := proto.CloneOf(fetch)
	other.Verdict, other.Reason = datelinev1.Verdict_VERDICT_DEAD, "timeout"

	record(t, s, fetch, intake, dead, other)
	record(t, s, other, intake)
	record(t, s)
	buried := outcome(datelinev1.Stage_STAGE_EXTRACT, "b", after(3))
	revived := outcome(datelinev1.Stage_STAGE_EXTRACT, "b", after(4))
	buried.Verdict, buried.Reason = datelinev1.Verdict_VERDICT_DEAD, "timeout"
	record(t, s, buried)
	record(t, s, revived)
	record(t, s, buried)
	both := outcome(datelinev1.Stage_STAGE_INDEX, "b", after(5))
	buriedToo := proto.CloneOf(both)
	buriedToo.Verdict, buriedToo.Time = datelinev1.Verdict_VERDICT_DEAD, buried.GetTime()
	record(t, s, buriedToo, both)
	wantOutcomes(t, outcomesOf(t, s, fetch.GetUrl()), intake, fetch)

	got, err := s.RequestOutcomes(t.Context(), []string{"request-b", "request-a", "request-unknown", ""})
	if err != nil {
		t.Fatal(err)
	}
	wantOutcomes(t, got, intake, fetch, dead, revived, both)
	if got, err := s.RequestOutcomes(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("outcomes of no requests: %v, %v; want none", got, err)
	}

	counts, err := s.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Count{
		{Stage: datelinev1.Stage_STAGE_INTAKE, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Count: 1},
		{Stage: datelinev1.Stage_STAGE_FETCH, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Count: 1},
		{Stage: datelinev1.Stage_STAGE_FETCH, Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: "dns", Count: 1},
		{Stage: datelinev1.Stage_STAGE_EXTRACT, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Count: 1},
		{Stage: datelinev1.Stage_STAGE_INDEX, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Count: 1},
	}
	if !slices.Equal(counts, want) {
		t.Errorf("tally %v, want %v", counts, want)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Outcomes != 5 {
		t.Errorf("stats %+v, %v; want 5 outcomes", stats, err)
	}
}

func testOutcomesOfURL(t *testing.T, b backend) {
	s := b.open(t)
	// A short link is requested. Later stages name the URL that it leads to.
	intake := outcome(datelinev1.Stage_STAGE_INTAKE, "a", after(0))
	fetch := outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1))
	intake.Url, fetch.Url = "https://sho.rt/1", "https://sho.rt/1"
	extract := outcome(datelinev1.Stage_STAGE_EXTRACT, "a", after(2))
	index := outcome(datelinev1.Stage_STAGE_INDEX, "a", after(3))
	unrelated := outcome(datelinev1.Stage_STAGE_FETCH, "z", after(1))
	noRequest := outcome(datelinev1.Stage_STAGE_INTAKE, "y", after(1))
	noRequest.RequestId = ""
	alsoNone := outcome(datelinev1.Stage_STAGE_INTAKE, "x", after(1))
	alsoNone.RequestId = ""
	record(t, s, index, fetch, unrelated, extract, intake, noRequest, alsoNone)
	for _, url := range []string{"https://sho.rt/1", "https://example.com/a"} {
		wantOutcomes(t, outcomesOf(t, s, url), intake, fetch, extract, index)
	}
	wantOutcomes(t, outcomesOf(t, s, noRequest.GetUrl()), noRequest)
	wantOutcomes(t, outcomesOf(t, s, "https://example.com/never"))

	// No outcome names the canonical URL, but the article connects it to one.
	a := article("own", "Own", "x", noon)
	a.RequestedUrl = unrelated.GetUrl()
	put(t, s, a)
	wantOutcomes(t, outcomesOf(t, s, a.GetCanonicalUrl()), unrelated)
}

func testOddOutcomes(t *testing.T, b backend) {
	s := b.open(t)
	nameless := &datelinev1.Outcome{Detail: "no id, no time"}
	alsoNameless := &datelinev1.Outcome{Detail: "another"}
	broken := outcome(datelinev1.Stage(77), "\x00broken\xff", noon)
	broken.Reason = "re\x00ason"
	long := outcome(datelinev1.Stage_STAGE_FETCH, strings.Repeat("long", 10000), noon)
	batch := []*datelinev1.Outcome{nil, nameless, alsoNameless, broken, long}
	record(t, s, batch...)
	record(t, s, batch...)
	if stats, err := s.Stats(t.Context()); err != nil || stats.Outcomes != 4 {
		t.Errorf("stats %+v, %v; want 4 outcomes", stats, err)
	}
	got := outcomesOf(t, s, broken.GetUrl())
	if len(got) != 1 || got[0].GetReason() != "reason" || got[0].GetStage() != 77 {
		t.Errorf("the outcome with invalid text is stored as %v", got)
	}
}

// unfinished returns the times since when inputs of a stage have no outcome.
func unfinished(t *testing.T, s store.Store, stage datelinev1.Stage, from, to time.Time) []time.Time {
	t.Helper()
	var times []time.Time
	for o, err := range s.Unfinished(t.Context(), stage, from, to) {
		if err != nil {
			t.Fatal(err)
		}
		ingested := stage == datelinev1.Stage_STAGE_EXTRACT && o.GetStage() == datelinev1.Stage_STAGE_INGEST
		if o.GetStage() != stage-1 && !ingested || o.GetUrl() == "" || o.GetRequestId() == "" {
			t.Errorf("an outcome that leads to no input of %v: %v", stage, o)
		}
		times = append(times, o.GetTime().AsTime())
	}
	return times
}

func testOutstanding(t *testing.T, b backend) {
	s := b.open(t)
	const fetch, extract = datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT
	expect := func(stage datelinev1.Stage, from, to time.Time, want store.Outstanding) {
		t.Helper()
		got, err := s.Outstanding(t.Context(), stage, from, to)
		if err != nil || got.Count != want.Count || !got.First.Equal(want.First) {
			t.Errorf("%v from %s to %s: %+v, %v; want %+v", stage, from, to, got, err, want)
		}
		times := unfinished(t, s, stage, from, to)
		sorted := slices.IsSortedFunc(times, time.Time.Compare)
		if len(times) != int(want.Count) || len(times) > 0 && !times[0].Equal(want.First) || !sorted {
			t.Errorf("%v from %s to %s: unfinished since %v, want %+v", stage, from, to, times, want)
		}
	}
	expect(fetch, after(0), after(9), store.Outstanding{})
	produced := func(name string, at int) *datelinev1.Outcome {
		o := outcome(datelinev1.Stage_STAGE_INTAKE, name, after(at))
		o.InputId = "message-" + name
		return o
	}
	split, rejected := produced("several", 1), produced("refused", 1)
	split.Reason, rejected.Verdict = "split", datelinev1.Verdict_VERDICT_REJECTED
	// One request has two URLs, of which one was fetched.
	twin := produced("twin", 4)
	twin.RequestId = "request-done"
	dead := outcome(fetch, "dead", after(9))
	dead.Verdict = datelinev1.Verdict_VERDICT_DEAD
	record(t, s, split, rejected, twin, produced("early", 2), produced("done", 3), produced("dead", 3),
		produced("late", 5), outcome(fetch, "done", after(8)), dead)
	expect(fetch, after(0), after(9), store.Outstanding{Count: 3, First: after(2)})
	expect(fetch, after(3), after(5), store.Outstanding{Count: 1, First: after(4)})
	// A dead outcome produces no input for the next stage.
	expect(extract, after(0), after(9), store.Outstanding{Count: 1, First: after(8)})
	record(t, s, outcome(extract, "done", after(9)))
	expect(extract, after(0), after(9), store.Outstanding{})
	ingested := outcome(datelinev1.Stage_STAGE_INGEST, "archived", after(7))
	record(t, s, ingested, outcome(datelinev1.Stage_STAGE_INGEST, "extracted", after(7)),
		outcome(extract, "extracted", after(8)))
	expect(extract, after(0), after(9), store.Outstanding{Count: 1, First: after(7)})
}

func testSize(t *testing.T, b backend) {
	s := b.open(t)
	before, err := s.Size(t.Context())
	if err != nil || before.Articles != 0 || before.Bytes <= 0 {
		t.Fatalf("size of an empty store: %+v, %v; want some bytes and no articles", before, err)
	}
	big := article("big", "Big", strings.Repeat("some words ", 20_000), noon)
	put(t, s, big, article("other", "Other", "x", noon))
	put(t, s, big)
	size, err := s.Size(t.Context())
	if err != nil || size.Articles != 2 || size.Bytes <= before.Bytes {
		t.Errorf("size with two articles: %+v, %v; was %+v", size, err, before)
	}
	if _, err := s.Erase(t.Context(), big.GetId()); err != nil {
		t.Fatal(err)
	}
	if size, err := s.Size(t.Context()); err != nil || size.Articles != 1 {
		t.Errorf("size after one was erased: %+v, %v; want one article", size, err)
	}
}
