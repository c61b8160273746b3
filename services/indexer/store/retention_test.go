package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// expire deletes outcomes until nothing is left to do, and returns their number.
func expire(tb testing.TB, s store.Store, before, deadBefore time.Time) (total int64) {
	tb.Helper()
	for more := true; more; {
		removed, again, err := s.ExpireOutcomes(tb.Context(), before, deadBefore)
		if err != nil {
			tb.Fatal(err)
		}
		total, more = total+removed, again
	}
	return total
}

// totals returns what the ledger counts, in a form to compare.
func totals(t *testing.T, s store.Store) string {
	t.Helper()
	counts, err := s.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hours, err := s.Hours(t.Context(), "", after(-1000))
	if err != nil {
		t.Fatal(err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(counts, hours, stats.Outcomes)
}

// wantTotals checks that the ledger counts as before, and how many of the outcomes it counts
// have been deleted.
func wantTotals(t *testing.T, s store.Store, before string, expired int64) {
	t.Helper()
	if got := totals(t, s); got != before {
		t.Errorf("the ledger counts %s, want %s as before", got, before)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Expired != expired {
		t.Errorf("stats %+v, %v; want %d expired outcomes", stats, err, expired)
	}
}

func wantSince(t *testing.T, s store.Store, want time.Time) {
	t.Helper()
	if since, err := s.OutcomesSince(t.Context()); err != nil || !since.Equal(want) {
		t.Errorf("the ledger has outcomes since %v, %v; want %v", since, err, want)
	}
}

func testExpiry(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	var all []*datelinev1.Outcome
	for i := range 12 {
		all = append(all, outcome(datelinev1.Stage_STAGE_FETCH, numbered("a", i), after(i)),
			outcome(datelinev1.Stage_STAGE_EXTRACT, numbered("a", i), after(i)))
	}
	record(t, s, all...)
	before := totals(t, s)
	wantSince(t, s, time.Time{})
	if n := expire(t, s, after(-5), after(-5)); n != 0 {
		t.Errorf("%d outcomes deleted from before the first", n)
	}
	if n := expire(t, s, after(5), after(5)); n != 10 {
		t.Errorf("%d outcomes deleted, want 10", n)
	}
	wantSince(t, s, after(5))
	wantTotals(t, s, before, 10)
	wantOutcomes(t, outcomesOf(t, s, all[8].GetUrl()))
	wantOutcomes(t, outcomesOf(t, s, all[10].GetUrl()), all[10], all[11])
	// Messages that are delivered again change nothing, before and after they expire.
	record(t, s, all...)
	wantTotals(t, s, before, 10)
	// A shorter time of retention takes effect at once, and a longer one from then on.
	if n := expire(t, s, after(3), after(3)); n != 0 {
		t.Errorf("%d outcomes deleted, want none", n)
	}
	wantSince(t, s, after(5))
	if n := expire(t, s, after(9), after(9)); n != 8 {
		t.Errorf("%d outcomes deleted, want 8", n)
	}
	record(t, s, all...)
	wantTotals(t, s, before, 18)
	wantTotals(t, reopen(t, dsn), before, 18)
}

func testExpiryOfDead(t *testing.T, b backend) {
	s := b.open(t)
	dead := func(name string, hours int) *datelinev1.Outcome {
		o := outcome(datelinev1.Stage_STAGE_FETCH, name, after(hours))
		o.Verdict, o.Reason = datelinev1.Verdict_VERDICT_DEAD, "dns"
		return o
	}
	record(t, s, outcome(datelinev1.Stage_STAGE_FETCH, "a", after(0)), dead("b", 1), dead("c", 2), dead("d", 20))
	before := totals(t, s)
	if n := expire(t, s, after(10), time.Time{}); n != 1 {
		t.Errorf("%d outcomes deleted, want only the one that is not dead", n)
	}
	wantTotals(t, s, before, 1)
	// The dead letter of b is requeued. Its input has one outcome still.
	revived := outcome(datelinev1.Stage_STAGE_FETCH, "b", after(12))
	record(t, s, revived)
	want := []store.Count{
		{Stage: datelinev1.Stage_STAGE_FETCH, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Count: 2},
		{Stage: datelinev1.Stage_STAGE_FETCH, Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: "dns", Count: 2},
	}
	if counts, err := s.Tally(t.Context()); err != nil || !slices.Equal(counts, want) {
		t.Errorf("tally %v, %v; want %v", counts, err, want)
	}
	before = totals(t, s)
	if n := expire(t, s, after(10), after(2)); n != 0 {
		t.Errorf("%d outcomes deleted, want none", n)
	}
	if n := expire(t, s, after(10), after(30)); n != 1 {
		t.Errorf("%d outcomes deleted, want the dead one from before the time of expiry", n)
	}
	wantTotals(t, s, before, 2)
	wantOutcomes(t, outcomesOf(t, s, revived.GetUrl()), revived)
}

func testExpirySteps(t *testing.T, b backend) {
	const batch, inputs = 500, 1234
	s := b.open(t)
	var all []*datelinev1.Outcome
	for i := range inputs {
		all = append(all, outcome(datelinev1.Stage_STAGE_FETCH, numbered("a", i), noon.Add(time.Duration(i)*time.Second)))
	}
	record(t, s, all...)
	before := totals(t, s)
	var steps []int64
	for more := true; more; {
		removed, again, err := s.ExpireOutcomes(t.Context(), after(1), after(1))
		if err != nil {
			t.Fatal(err)
		}
		steps, more = append(steps, removed), again
		wantTotals(t, s, before, sum(steps))
	}
	// The first step only sets the time of expiry.
	if want := []int64{0, batch, batch, inputs - 2*batch}; !slices.Equal(steps, want) {
		t.Errorf("steps of %v outcomes, want %v", steps, want)
	}
}

func sum(numbers []int64) (total int64) {
	for _, n := range numbers {
		total += n
	}
	return total
}

func testUsage(t *testing.T, b backend) {
	const inputs = 5000
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	empty, err := s.Usage(t.Context())
	if err != nil || empty.Outcomes != 0 || !empty.OldestOutcome.IsZero() {
		t.Errorf("usage of an empty store: %+v, %v", empty, err)
	}
	var all []*datelinev1.Outcome
	for i := range inputs {
		at := noon.Add(time.Duration(i) * time.Second)
		o := outcome(datelinev1.Stage_STAGE_FETCH, numbered("a-story-with-a-usual-name", i), at)
		o.InputId = fmt.Sprintf("%064x", i*7919)
		all = append(all, o)
	}
	record(t, s, all...)
	put(t, s, article("a", "A", "x", noon))
	put(t, s, article("a", "B", "x", after(1)))
	b.execute(t, dsn, "ANALYZE") // counts the rows of PostgreSQL
	u, err := s.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if u.Outcomes != inputs || u.Articles != 1 || u.Revisions != 2 || !u.OldestOutcome.Equal(noon) {
		t.Errorf("usage %+v, want %d outcomes since %v, 1 article and 2 revisions", u, inputs, noon)
	}
	size, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if u.Bytes != size.Bytes || u.OutcomeBytes < inputs*400 || u.OutcomeBytes > inputs*2000 || u.OutcomeBytes > u.Bytes {
		t.Errorf("%d of %d bytes are outcomes, want 400 to 2000 bytes for each", u.OutcomeBytes, u.Bytes)
	}
	expire(t, s, noon.Add(1000*time.Second), noon.Add(1000*time.Second))
	if u, err := s.Usage(t.Context()); err != nil || !u.OldestOutcome.Equal(noon.Add(1000*time.Second)) {
		t.Errorf("usage %+v, %v; want the oldest outcome at %v", u, err, noon.Add(1000*time.Second))
	}
}
