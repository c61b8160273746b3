package store_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// outcomes returns n outcomes of a host within the hour after a time.
func outcomes(
	host string, at time.Time, n int, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string,
) []*datelinev1.Outcome {
	all := make([]*datelinev1.Outcome, n)
	for i := range all {
		all[i] = &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Host: host, Url: "https://" + host + "/",
			InputId: fmt.Sprint(host, at.Unix(), stage, verdict, reason, i),
			Time:    timestamppb.New(at.Add(time.Duration(i) * time.Second)),
		}
	}
	return all
}

// news returns the outcomes of n new articles of a host within the hour after a
// time.
func news(host string, at time.Time, n int) []*datelinev1.Outcome {
	return outcomes(host, at, n, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new")
}

// fetches returns the outcomes of n fetches of a host within the hour after a time.
func fetches(host string, at time.Time, n int, verdict datelinev1.Verdict, reason string) []*datelinev1.Outcome {
	return outcomes(host, at, n, datelinev1.Stage_STAGE_FETCH, verdict, reason)
}

// rollUp calls RollUp until there is nothing more to do. It returns the number of
// calls after which there was more to do.
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
	query := store.SourceQuery{Since: at.Add(-24 * time.Hour), At: at, Host: host, Limit: 10}
	found, err := s.Sources(t.Context(), query)
	if err != nil || len(found) != 1 {
		t.Fatalf("reading the source %s: %v, %v; want one source", host, found, err)
	}
	return found[0]
}

func wantStates(t *testing.T, s store.Store, at time.Time, want store.SourceStates) {
	t.Helper()
	if got, err := s.SourceStates(t.Context(), at); err != nil || got != want {
		t.Errorf("source states at %v: %+v, %v; want %+v", at, got, err, want)
	}
}

// fourWeeks records four weeks of two sources, one that publishes twice an hour
// and one that publishes once a day. They end at noon of a Monday.
func fourWeeks(t *testing.T, s store.Store) (end time.Time) {
	t.Helper()
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for week := range 4 {
		var batch []*datelinev1.Outcome
		for hour := range baseline.Week {
			at := begin.Add(time.Duration(week*baseline.Week+hour) * time.Hour)
			batch = append(batch, news("often.test", at, 2)...)
			batch = append(batch, fetches("often.test", at, 1, datelinev1.Verdict_VERDICT_PRODUCED, "")...)
			if at.Hour() == 9 {
				batch = append(batch, news("daily.test", at, 1)...)
			}
		}
		record(t, s, batch...)
	}
	return begin.Add(4 * baseline.Week * time.Hour)
}

func testSources(t *testing.T, b backend) {
	s := b.open(t)
	a, c := article("a", "A", "x", after(1)), article("c", "C", "x", after(2))
	c.Host = "c.test"
	put(t, s, a, c)
	put(t, s, article("a", "A changed", "x", after(3)))
	wantStates(t, s, after(4), store.SourceStates{Learning: 2}) // before the first roll-up
	wantStates(t, s, after(24*91), store.SourceStates{})        // long after the last article
	dead := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(1))
	dead.Verdict, dead.Reason, dead.Host = datelinev1.Verdict_VERDICT_DEAD, "dns", "dead.test"
	early := outcome(datelinev1.Stage_STAGE_FETCH, "early", after(-30))
	fetched := outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1))
	record(t, s, fetched, outcome(datelinev1.Stage_STAGE_FETCH, "a2", after(1)), dead, early)
	record(t, s, fetched, dead)

	list := func(since time.Time, after string, limit int) string {
		t.Helper()
		sources, err := s.Sources(t.Context(), store.SourceQuery{Since: since, At: noon, After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, one := range sources {
			fmt.Fprintf(&b, "%s %d/%d", one.Host, one.Articles, one.Revisions)
			for _, at := range []time.Time{one.FirstSeen, one.LastSeen, one.LastNew} {
				if at.IsZero() {
					b.WriteString(" -")
				} else {
					fmt.Fprintf(&b, " %v", at.Sub(noon).Hours())
				}
			}
			for _, o := range one.Outcomes {
				fmt.Fprintf(&b, " %d%d%s:%d", o.Stage, o.Verdict, o.Reason, o.Count)
			}
			b.WriteString("; ")
		}
		return b.String()
	}
	const example, cTest = "example.com 1/2 1 3 1", "c.test 1/1 2 2 2; "
	if got, want := list(after(-1), "", 10), cTest+"dead.test 0/0 - - - 25dns:1; "+example+" 21:2; "; got != want {
		t.Errorf("sources are %q, want %q", got, want)
	}
	if got, want := list(after(-100), "dead.test", 10), example+" 21:3; "; got != want {
		t.Errorf("sources after dead.test are %q, want %q", got, want)
	}
	if got, want := list(after(5), "", 1), cTest; got != want {
		t.Errorf("the first source is %q, want %q", got, want)
	}
	// The outcome of an input that was sent again replaces its dead outcome.
	revived := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(2))
	revived.Host = "dead.test"
	record(t, s, revived)
	if got, want := list(after(0), "c.test", 1), "dead.test 0/0 - - - 21:1; "; got != want {
		t.Errorf("the source with the replaced outcome is %q, want %q", got, want)
	}
}

func testHours(t *testing.T, b backend) {
	s := b.open(t)
	dead := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(1))
	dead.Verdict, dead.Reason, dead.Host = datelinev1.Verdict_VERDICT_DEAD, "dns", "dead.test"
	early := outcome(datelinev1.Stage_STAGE_FETCH, "early", after(-30))
	fetched := outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1))
	record(t, s, fetched, outcome(datelinev1.Stage_STAGE_FETCH, "a2", after(1)), dead, early)
	record(t, s, fetched, dead)
	revived := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(2))
	revived.Host = "dead.test"
	record(t, s, revived)
	for host, want := range map[string]string{
		"": "-30 21:1; 1 21:2; 2 21:1; ", "dead.test": "2 21:1; ", "none.test": "",
	} {
		hours, err := s.Hours(t.Context(), host, after(-100))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, h := range hours {
			got += fmt.Sprintf("%v %d%d%s:%d; ", h.Begin.Sub(noon).Hours(), h.Stage, h.Verdict, h.Reason, h.Count.Count)
		}
		if got != want {
			t.Errorf("the hourly counts of %q are %q, want %q", host, got, want)
		}
	}
}

func testBaselines(t *testing.T, b backend) {
	s := b.open(t)
	if more, err := s.RollUp(t.Context(), noon); more || err != nil {
		t.Errorf("rolling up an empty store: more %t, error %v; want neither", more, err)
	}
	end := fourWeeks(t, s)
	// The last hour has ended only a minute ago.
	if steps := rollUp(t, s, end.Add(time.Minute)); steps != 4*baseline.Week-1 {
		t.Errorf("%d steps, want one for each hour except the last", steps)
	}
	if steps := rollUp(t, s, end.Add(6*time.Minute)); steps != 1 {
		t.Errorf("%d steps for the last hour, want 1", steps)
	}
	wantStates(t, s, end, store.SourceStates{Publishing: 2})
	often := oneSource(t, s, "often.test", end)
	tomorrow := often.Baseline.Last + 1
	if got := often.Baseline.Expected(tomorrow, tomorrow+24); math.Abs(got-48) > 1 || often.Silence != nil {
		t.Errorf("baseline expects %.1f articles a day, want 48; silence %v, want none", got, often.Silence)
	}
	if got := oneSource(t, s, "daily.test", end).Baseline.Usual(); got[9] < 3*got[21] {
		t.Errorf("baseline expects %.3f articles at 9:00 and %.3f at 21:00; want at least three times as many at 9:00",
			got[9], got[21])
	}
	// A few articles do not make a baseline.
	record(t, s, news("young.test", end, 3)...)
	rollUp(t, s, end.Add(2*time.Hour))
	wantStates(t, s, end.Add(2*time.Hour), store.SourceStates{Learning: 1, Publishing: 2})
	if young := oneSource(t, s, "young.test", end.Add(1000*time.Hour)); young.Silence != nil || young.Baseline == nil {
		t.Errorf("a source with few articles is %+v, want it not silent", young)
	}
}

func testSilence(t *testing.T, b backend) {
	s := b.open(t)
	end := fourWeeks(t, s)
	rollUp(t, s, end.Add(time.Hour))
	for i := range 10 {
		at := end.Add(time.Duration(i) * time.Hour)
		record(t, s, fetches("often.test", at, 3, datelinev1.Verdict_VERDICT_REJECTED, "forbidden")...)
	}
	now := end.Add(12 * time.Hour)
	rollUp(t, s, now)
	wantStates(t, s, now, store.SourceStates{Publishing: 1, Silent: 1})
	silent, err := s.Sources(t.Context(), store.SourceQuery{Since: end, At: now, Silent: true, Limit: 10})
	if err != nil || len(silent) != 1 || silent[0].Host != "often.test" || silent[0].Silence == nil {
		t.Fatalf("silent sources: %+v, %v; want often.test", silent, err)
	}
	silence := silent[0].Silence
	earliest, latest := end.Add(2*time.Hour), end.Add(11*time.Hour)
	if !silence.Since.Equal(end) || silence.From.Before(earliest) || silence.From.After(latest) {
		t.Errorf("silence since %v, from %v; want since %v, from %v to %v",
			silence.Since, silence.From, end, earliest, latest)
	}
	if want := "[{STAGE_FETCH VERDICT_REJECTED forbidden 30}]"; fmt.Sprint(silence.Outcomes) != want {
		t.Errorf("outcomes of the silence: %v, want %s", silence.Outcomes, want)
	}
	// These are the four weeks up to and including the last hour with a new article.
	want := "[{STAGE_FETCH VERDICT_PRODUCED  672} {STAGE_INDEX VERDICT_PRODUCED new 1344}]"
	if fmt.Sprint(silence.Before) != want {
		t.Errorf("outcomes before the silence: %v, want %s", silence.Before, want)
	}
	query := store.SourceQuery{At: now, Silent: true, After: "often.test", Limit: 10}
	if found, err := s.Sources(t.Context(), query); err != nil || len(found) != 0 {
		t.Errorf("silent sources after often.test: %v, %v; want none", found, err)
	}
	wantStates(t, s, silence.From.Add(-time.Minute), store.SourceStates{Publishing: 2})
	wantStates(t, s, silence.From, store.SourceStates{Publishing: 1, Silent: 1})

	// A new article ends the silence before its hour is rolled up.
	record(t, s, news("often.test", now, 1)...)
	wantStates(t, s, now.Add(time.Minute), store.SourceStates{Publishing: 2})
	if again := oneSource(t, s, "often.test", now.Add(time.Minute)); again.Silence != nil {
		t.Errorf("silence after a new article: %+v, want none", again.Silence)
	}
}
