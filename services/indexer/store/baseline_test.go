package store_test

import (
	"fmt"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testBaselinesAreBounded(t *testing.T, b backend) {
	s := b.open(t)
	const hosts = 1100
	for from := 0; from < hosts; from += 100 {
		var batch []*datelinev1.Outcome
		for i := range 100 {
			batch = append(batch, news(fmt.Sprintf("host-%04d.test", from+i), noon, 1)...)
		}
		record(t, s, batch...)
	}
	if steps := rollUp(t, s, noon.Add(2*time.Hour)); steps != 3 {
		t.Errorf("rolling up %d hosts took %d transactions, want 3", hosts, steps)
	}
	wantStates(t, s, noon, store.SourceStates{Learning: hosts})
	late := func(days int) time.Time {
		at := noon.Add(time.Duration(days) * 24 * time.Hour)
		record(t, s, news("late.test", at, 1)...)
		rollUp(t, s, at.Add(2*time.Hour))
		return at
	}
	wantStates(t, s, late(41), store.SourceStates{Learning: hosts + 1})
	if hours, err := s.Hours(t.Context(), "", noon.Add(-time.Hour)); err != nil || len(hours) != 1 {
		t.Errorf("hourly counts after 41 days: %v, %v; want only the latest", hours, err)
	}
	wantStates(t, s, late(91), store.SourceStates{Learning: 1})
}

// testBaselinesOfOlderStore checks that the whole ledger of a store without
// baselines is rolled up, including hours older than those that are kept later.
func testBaselinesOfOlderStore(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	end := fourWeeks(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range b.downgrade {
		b.execute(t, dsn, statement)
	}
	newer := reopen(t, dsn)
	rollUp(t, newer, end.Add(60*24*time.Hour))
	often := oneSource(t, newer, "often.test", end.Add(60*24*time.Hour))
	if often.Baseline == nil || often.Silence == nil ||
		often.Baseline.Last-often.Baseline.First != 4*baseline.Week-1 {
		t.Errorf("the source of the older store is %+v, want it silent with a baseline of four weeks", often)
	}
}

// BenchmarkRollUp rolls up many hosts that publish once an hour, and reports the
// time for each host and hour.
func BenchmarkRollUp(b *testing.B) {
	const hosts, hours = 5_000, 24
	dsn := sqliteFile(b)
	s := reopen(b, dsn)
	for b.Loop() {
		b.StopTimer()
		for hour := range hours {
			at := noon.Add(time.Duration(hour) * 7 * time.Hour)
			var batch []*datelinev1.Outcome
			for i := range hosts {
				batch = append(batch, news(fmt.Sprintf("host-%d.example", i), at, 1)...)
			}
			record(b, s, batch...)
		}
		b.StartTimer()
		for more := true; more; {
			var err error
			if more, err = s.RollUp(b.Context(), noon.Add(8*24*time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/hosts/hours/float64(b.N), "µs/host-hour")
}
