package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// trimmed deletes the texts of revisions that were replaced before a time, and returns their number.
func trimmed(t *testing.T, s store.Store, before time.Time) (total int64) {
	t.Helper()
	for more := true; more; {
		removed, again, err := s.TrimRevisions(t.Context(), before, after(1000))
		if err != nil {
			t.Fatal(err)
		}
		total, more = total+removed, again
	}
	return total
}

// wantTexts checks which revisions of an article have a text, in the order of their fetches.
func wantTexts(t *testing.T, s store.Store, id string, want ...bool) {
	t.Helper()
	revisions, err := s.Revisions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for _, r := range revisions {
		has := r.Article.GetText() != ""
		got = append(got, has)
		if removed := r.TextRemoved; has != removed.IsZero() || !has && !removed.Equal(after(1000)) {
			t.Errorf("revision %d of %s has text %t, and its text was removed at %v", r.Number, id, has, removed)
		}
		if r.Article.GetTitle() == "" || r.Article.GetContentHash() == "" {
			t.Errorf("revision %d of %s has lost more than its text: %v", r.Number, id, r.Article)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the revisions of %s have texts: %v, want %v", id, got, want)
	}
}

func testTrim(t *testing.T, b backend) {
	s := b.open(t)
	put(t, s, article("one", "One", "only", after(0)))
	for i, hours := range []int{0, 10, 20} {
		put(t, s, article("three", fmt.Sprint("Three ", i), "text", after(hours)))
	}
	put(t, s, article("late", "Late 1", "text", after(0)), article("late", "Late 2", "text", after(20)))
	wantStatuses(t, put(t, s, article("late", "Late between", "text", after(5))), store.Outdated)
	if n := trimmed(t, s, after(0)); n != 0 {
		t.Errorf("%d texts deleted, want none", n)
	}
	// The first revision of "three" was replaced after ten hours, that of "late" after five.
	if n := trimmed(t, s, after(11)); n != 2 {
		t.Errorf("%d texts deleted, want 2", n)
	}
	wantTexts(t, s, "id-one", true)
	wantTexts(t, s, "id-three", false, true, true)
	wantTexts(t, s, "id-late", false, true, true)
	if n := trimmed(t, s, after(11)); n != 0 {
		t.Errorf("%d texts deleted again", n)
	}
	if n := trimmed(t, s, after(21)); n != 2 {
		t.Errorf("%d texts deleted, want 2", n)
	}
	wantTexts(t, s, "id-three", false, false, true)
	wantTexts(t, s, "id-late", false, false, true)
	wantRevisions(t, s, "id-three", "1 Three 0 0-0", "2 Three 1 10-10", "3 Three 2 20-20")
	// A redelivery, a search, a new revision and an erasure work as before.
	wantStatuses(t, put(t, s, article("three", "Three 0", "text", after(0))), store.Unchanged)
	wantTexts(t, s, "id-three", false, false, true)
	wantNames(t, "three", find(t, s, "three"), "three")
	wantStatuses(t, put(t, s, article("three", "Three 3", "text", after(30))), store.Changed)
	if n := trimmed(t, s, after(31)); n != 1 {
		t.Errorf("%d texts deleted, want 1", n)
	}
	wantTexts(t, s, "id-three", false, false, false, true)
	erased, err := s.Erase(t.Context(), "id-three")
	if err != nil || erased.Revisions != 4 {
		t.Errorf("erased %+v, %v; want 4 revisions", erased, err)
	}
}

// BenchmarkExpiry compares recording outcomes with recording them while as many expire.
// "ratio" is the time with expiry divided by that without.
func BenchmarkExpiry(b *testing.B) {
	const batch = 500
	for kind, newDSN := range map[string]func(testing.TB) string{
		"sqlite": sqliteBackend.newDSN, "postgres": postgresBackend.newDSN,
	} {
		b.Run(kind, func(b *testing.B) {
			plain, expiring := reopen(b, newDSN(b)), reopen(b, newDSN(b))
			made := 0
			next := func() (all []*datelinev1.Outcome) {
				for range batch {
					o := outcome(datelinev1.Stage_STAGE_FETCH, numbered("story", made), noon.Add(time.Duration(made)*time.Second))
					o.InputId = fmt.Sprintf("%016x", uint64(made)*0x9e3779b97f4a7c15) // in no order
					all, made = append(all, o), made+1
				}
				return all
			}
			const kept = 40 * batch
			for made < kept {
				all := next()
				record(b, plain, all...)
				record(b, expiring, all...)
			}
			var without, with time.Duration
			for b.Loop() {
				all := next()
				start := time.Now()
				record(b, plain, all...)
				without += time.Since(start)
				start = time.Now()
				record(b, expiring, all...)
				before := noon.Add(time.Duration(made-kept) * time.Second)
				expire(b, expiring, before, before)
				with += time.Since(start)
			}
			b.ReportMetric(float64(b.N*batch)/with.Seconds(), "outcomes/s")
			b.ReportMetric(with.Seconds()/without.Seconds(), "ratio")
		})
	}
}
