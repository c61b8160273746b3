package store_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// ends makes n outcomes of a host in the hour after a time.
func ends(host string, at time.Time, n int, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string) []*datelinev1.Outcome {
	all := make([]*datelinev1.Outcome, n)
	for i := range all {
		all[i] = &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Host: host, Url: "https://" + host + "/",
			InputId: fmt.Sprint(host, at.Unix(), stage, verdict, reason, i), Time: timestamppb.New(at.Add(time.Duration(i) * time.Second)),
		}
	}
	return all
}

// news are n new articles of a host in the hour after a time.
func news(host string, at time.Time, n int) []*datelinev1.Outcome {
	return ends(host, at, n, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new")
}

func rollUp(t *testing.T, s store.Store, now time.Time) (steps int) {
	t.Helper()
	for ; ; steps++ {
		more, err := s.RollUp(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return steps
		}
	}
}

func oneSource(t *testing.T, s store.Store, host string, at time.Time) store.Source {
	t.Helper()
	found, err := s.Sources(t.Context(), store.SourceQuery{Since: at.Add(-24 * time.Hour), At: at, Host: host, Limit: 10})
	if err != nil || len(found) != 1 {
		t.Fatalf("the source %s: %v, %v", host, found, err)
	}
	return found[0]
}

func wantStates(t *testing.T, s store.Store, at time.Time, want store.SourceStates) {
	t.Helper()
	if got, err := s.SourceStates(t.Context(), at); err != nil || got != want {
		t.Errorf("states at %v: %+v, %v; want %+v", at, got, err, want)
	}
}

// fourWeeks stores two sources until a Monday's noon: one that publishes twice
// an hour and one that publishes once a day.
func fourWeeks(t *testing.T, s store.Store) (end time.Time) {
	t.Helper()
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for week := range 4 {
		var batch []*datelinev1.Outcome
		for hour := range baseline.Week {
			at := begin.Add(time.Duration(week*baseline.Week+hour) * time.Hour)
			batch = append(batch, news("often.test", at, 2)...)
			batch = append(batch, ends("often.test", at, 1, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, "")...)
			if at.Hour() == 9 {
				batch = append(batch, news("daily.test", at, 1)...)
			}
		}
		record(t, s, batch...)
	}
	return begin.Add(4 * baseline.Week * time.Hour)
}

func testBaselines(t *testing.T, b backend) {
	s := b.open(t)
	if more, err := s.RollUp(t.Context(), noon); more || err != nil {
		t.Errorf("an empty store has more to roll up: %v, %v", more, err)
	}
	end := fourWeeks(t, s)
	// The last hour has ended, but only just.
	if steps := rollUp(t, s, end.Add(time.Minute)); steps != 4*baseline.Week-1 {
		t.Errorf("%d steps, want one for each hour but the last", steps)
	}
	if steps := rollUp(t, s, end.Add(6*time.Minute)); steps != 1 {
		t.Errorf("%d steps for the last hour", steps)
	}
	wantStates(t, s, end, store.SourceStates{Publishing: 2})
	often := oneSource(t, s, "often.test", end)
	if got := often.Baseline.Expected(often.Baseline.Last+1, often.Baseline.Last+1+24); math.Abs(got-48) > 1 || often.Silence != nil {
		t.Errorf("%.1f articles a day are expected, want 48; silence %v", got, often.Silence)
	}
	if got := oneSource(t, s, "daily.test", end).Baseline.Usual(); got[9] < 3*got[21] {
		t.Errorf("expected at nine on Monday: %.3f; at nine in the evening: %.3f", got[9], got[21])
	}
	// A few articles are no baseline.
	record(t, s, news("young.test", end, 3)...)
	rollUp(t, s, end.Add(2*time.Hour))
	wantStates(t, s, end.Add(2*time.Hour), store.SourceStates{Learning: 1, Publishing: 2})
	if young := oneSource(t, s, "young.test", end.Add(1000*time.Hour)); young.Silence != nil || young.Baseline == nil {
		t.Errorf("a source of which little is known: %+v", young)
	}
}

func testSilence(t *testing.T, b backend) {
	s := b.open(t)
	end := fourWeeks(t, s)
	rollUp(t, s, end.Add(time.Hour))
	for i := range 10 {
		at := end.Add(time.Duration(i) * time.Hour)
		record(t, s, ends("often.test", at, 3, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED, "forbidden")...)
	}
	now := end.Add(12 * time.Hour)
	rollUp(t, s, now)
	wantStates(t, s, now, store.SourceStates{Publishing: 1, Silent: 1})
	silent, err := s.Sources(t.Context(), store.SourceQuery{Since: end, At: now, Silent: true, Limit: 10})
	if err != nil || len(silent) != 1 || silent[0].Host != "often.test" || silent[0].Silence == nil {
		t.Fatalf("silent are %+v, %v", silent, err)
	}
	silence := silent[0].Silence
	if !silence.Since.Equal(end) || silence.From.Before(end.Add(2*time.Hour)) || silence.From.After(end.Add(11*time.Hour)) {
		t.Errorf("silent since %v, declared from %v; want since %v, and some hours later", silence.Since, silence.From, end)
	}
	if want := "[{STAGE_FETCH VERDICT_REJECTED forbidden 30}]"; fmt.Sprint(silence.Outcomes) != want {
		t.Errorf("since then %v, want %s", silence.Outcomes, want)
	}
	// Of four weeks before the last hour, that hour among them.
	if want := "[{STAGE_FETCH VERDICT_PRODUCED  672} {STAGE_INDEX VERDICT_PRODUCED new 1344}]"; fmt.Sprint(silence.Before) != want {
		t.Errorf("before %v, want %s", silence.Before, want)
	}
	if found, err := s.Sources(t.Context(), store.SourceQuery{At: now, Silent: true, After: "often.test", Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("after it come %v, %v", found, err)
	}
	wantStates(t, s, silence.From.Add(-time.Minute), store.SourceStates{Publishing: 2})
	wantStates(t, s, silence.From, store.SourceStates{Publishing: 1, Silent: 1})

	// It is heard of again, before its hour is rolled up.
	record(t, s, news("often.test", now, 1)...)
	wantStates(t, s, now.Add(time.Minute), store.SourceStates{Publishing: 2})
	if again := oneSource(t, s, "often.test", now.Add(time.Minute)); again.Silence != nil {
		t.Errorf("still silent: %+v", again.Silence)
	}
}

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
		t.Errorf("%d hosts of one hour take %d transactions, want 3", hosts, steps)
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
		t.Errorf("41 days later these hours are kept: %v, %v; want the latest alone", hours, err)
	}
	wantStates(t, s, late(91), store.SourceStates{Learning: 1})
}

// testBaselinesOfOlderStore: the ledger of a store from before there were
// baselines is rolled up whole, also what is older than is kept from then on.
func testBaselinesOfOlderStore(t *testing.T, b backend) {
	dsn := b.fresh(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	end := fourWeeks(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range b.undo {
		b.execute(t, dsn, statement)
	}
	newer := reopen(t, dsn)
	rollUp(t, newer, end.Add(60*24*time.Hour))
	often := oneSource(t, newer, "often.test", end.Add(60*24*time.Hour))
	if often.Baseline == nil || often.Silence == nil || often.Baseline.Last-often.Baseline.First != 4*baseline.Week-1 {
		t.Errorf("the source of the older store: %+v", often)
	}
}

// BenchmarkRollUp brings the baselines of many hosts up to date that publish
// once an hour, and tells what each takes in the store.
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
