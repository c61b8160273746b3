package schedule_test

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
)

// monday is the start of a week.
var monday = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func next(s *schedule.State) time.Time {
	return s.Next(schedule.Defaults(), 1, newRandom())
}

// office publishes four articles an hour from 8 to 18 UTC on weekdays, and nothing else.
func office(from, to time.Time) []time.Time {
	var all []time.Time
	for t := from.Truncate(15 * time.Minute).Add(15 * time.Minute); !t.After(to); t = t.Add(15 * time.Minute) {
		if t.Hour() >= 8 && t.Hour() < 18 && t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			all = append(all, t)
		}
	}
	return all
}

// follow polls an endpoint from start for a time, and returns the times of the polls.
func follow(s *schedule.State, start time.Time, length time.Duration, news func(from, to time.Time) []time.Time,
) []time.Time {
	random := newRandom()
	var polls []time.Time
	last := start
	for now := start; now.Before(start.Add(length)); {
		polls = append(polls, now)
		s.Observe(schedule.Observation{At: now, Listed: 50, New: news(last, now)})
		last = now
		now = s.Next(schedule.Defaults(), 1, random)
	}
	return polls
}

func TestHoursOfTheWeek(t *testing.T) {
	var s schedule.State
	if got := next(&s); got.After(monday) {
		t.Errorf("a new endpoint is due at %s, want now", got)
	}
	follow(&s, monday, 21*24*time.Hour, office)
	week := follow(&s, monday.AddDate(0, 0, 21), 7*24*time.Hour, office)
	var day, night, weekend int
	for _, p := range week {
		switch {
		case p.Weekday() == time.Saturday || p.Weekday() == time.Sunday:
			weekend++
		case p.Hour() >= 8 && p.Hour() < 18:
			day++
		case p.Hour() < 5 || p.Hour() >= 21:
			night++
		}
	}
	t.Logf("polls in a week: %d in working hours, %d in nights, %d on the weekend", day, night, weekend)
	if day < 5*30 {
		t.Errorf("%d polls in 50 working hours, want at least 150", day)
	}
	if night > 5*8*2 || weekend > 2*24 {
		t.Errorf("%d polls in 40 night hours and %d in 48 hours of the weekend, want few", night, weekend)
	}
}

// TestFirstReading checks that the dates of the first reading set the pace.
func TestFirstReading(t *testing.T) {
	now := monday.Add(12 * time.Hour)
	interval := func(every time.Duration) time.Duration {
		var s schedule.State
		var dates []time.Time
		for i := range 40 {
			dates = append(dates, now.Add(-time.Duration(i)*every))
		}
		s.Observe(schedule.Observation{At: now, Listed: 40, New: dates})
		return next(&s).Sub(now)
	}
	if busy := interval(10 * time.Minute); busy > 15*time.Minute {
		t.Errorf("six articles an hour: polled again after %s, want at most 15m", busy)
	}
	if quiet := interval(36 * time.Hour); quiet < 3*time.Hour {
		t.Errorf("an article in 36 hours: polled again after %s, want at least 3h", quiet)
	}
}

func TestPublisherHints(t *testing.T) {
	busy := func(o schedule.Observation) time.Duration {
		var s schedule.State
		for i := range 60 {
			o.At = monday.Add(time.Duration(i) * 10 * time.Minute)
			o.Listed = 200
			o.New = nil
			for range 30 {
				o.New = append(o.New, o.At.Add(-time.Minute))
			}
			s.Observe(o)
		}
		return next(&s).Sub(o.At)
	}
	for _, test := range []struct {
		name        string
		o           schedule.Observation
		least, most time.Duration
	}{
		{"none", schedule.Observation{}, 2 * time.Minute, 15 * time.Minute},
		{"max-age", schedule.Observation{Fresh: 40 * time.Minute}, 40 * time.Minute, 40 * time.Minute},
		{"max-age of a year", schedule.Observation{Fresh: 365 * 24 * time.Hour}, time.Hour, time.Hour},
		{"ttl", schedule.Observation{TTL: time.Hour}, 15 * time.Minute, 15 * time.Minute},
		{"retry-after", schedule.Observation{RetryAfter: 3 * time.Hour}, 3 * time.Hour, 3 * time.Hour},
	} {
		if got := busy(test.o); got < test.least || got > test.most {
			t.Errorf("%s: polled again after %s, want %s to %s", test.name, got, test.least, test.most)
		}
	}
}

func TestFailuresBackOff(t *testing.T) {
	var s schedule.State
	now, last := monday, time.Duration(0)
	for range 12 {
		s.Observe(schedule.Observation{At: now, Outcome: schedule.Failed})
		wait := next(&s).Sub(now)
		if wait < last*9/10 || wait > 24*time.Hour {
			t.Fatalf("wait %s after %s", wait, last)
		}
		last, now = wait, now.Add(wait)
	}
	if last < 20*time.Hour {
		t.Errorf("after 12 failures: wait %s, want about a day", last)
	}
}

// TestOverflow checks that a window that overflows between two polls is polled sooner.
func TestOverflow(t *testing.T) {
	var s schedule.State
	polls := follow(&s, monday, 3*24*time.Hour, func(_, _ time.Time) []time.Time { return nil })
	at := next(&s)
	before := at.Sub(polls[len(polls)-1])
	s.Observe(schedule.Observation{At: at, Listed: 10, Disjoint: true, New: make([]time.Time, 10)})
	if after := next(&s).Sub(at); after > before*6/10 {
		t.Errorf("interval = %s before and %s after an overflow, want half", before, after)
	}
}

func TestScarcity(t *testing.T) {
	var s schedule.State
	follow(&s, monday, 10*time.Hour, func(from, to time.Time) []time.Time { return []time.Time{to} })
	at := monday.Add(10 * time.Hour)
	s.Observe(schedule.Observation{At: at})
	rich := s.Next(schedule.Defaults(), 1, newRandom()).Sub(at)
	poor := s.Next(schedule.Defaults(), 0, newRandom()).Sub(at)
	if poor < rich {
		t.Errorf("interval = %s with a full budget and %s with an empty one", rich, poor)
	}
}

// TestBudget spends a budget as fast as it allows, and checks every window of 24 hours.
func TestBudget(t *testing.T) {
	var b schedule.Budget
	var hours []int
	for hour := range 72 {
		hours = append(hours, 0)
		for minute := range 60 {
			now := monday.Add(time.Duration(hour*60+minute) * time.Minute)
			b = schedule.BudgetOf(b.Bytes())
			if ok, again := b.Take(now, 200); ok {
				hours[hour]++
			} else if !again.After(now) {
				t.Fatal("refused until a time that is not in the future")
			}
		}
	}
	total := 0
	for i, n := range hours {
		total += n
		sum := 0
		for _, m := range hours[max(0, i-23) : i+1] {
			sum += m
		}
		if sum > 200 {
			t.Errorf("%d requests in the 24 hours until hour %d", sum, i)
		}
	}
	if total != 600 {
		t.Errorf("%d requests in three days, want 600", total)
	}
	if used := schedule.BudgetOf([]byte("damaged")); used.Used(monday) != 0 {
		t.Error("a damaged budget is not empty")
	}
}

// TestForgottenArticles has an endpoint list, for the first time in days, many articles that
// another one found. Only those that the source remembers are known, but none is new.
func TestForgottenArticles(t *testing.T) {
	var credits schedule.Credits
	states := []*schedule.State{{}, {}}
	now := monday
	var found []time.Time
	for i := range 3 * schedule.MaxCredits {
		now = now.Add(10 * time.Minute)
		if isNew, _ := credits.List(states, 0, uint64(i), now, now); !isNew {
			t.Fatalf("article %d is not new", i)
		}
		found = append(found, now)
	}
	for i, published := range found {
		for _, date := range []time.Time{published, {}} {
			if isNew, _ := credits.List(states, 1, uint64(i), date, now); isNew {
				t.Errorf("article %d of %d is new again, with the date %s", i, len(found), date)
			}
		}
	}
	if isNew, _ := credits.List(states, 1, 1<<20, now, now); !isNew {
		t.Error("an article that is new is not")
	}
}

// TestCredits checks that of two feeds with the same articles only one keeps its pace.
func TestCredits(t *testing.T) {
	var credits schedule.Credits
	states := []*schedule.State{{}, {}}
	random := newRandom()
	due := [2]time.Time{monday, monday}
	last := [2]time.Time{monday, monday}
	polls := [2]int{}
	for now := monday; now.Before(monday.AddDate(0, 0, 7)); now = now.Add(time.Minute) {
		for i := range states {
			if now.Before(due[i]) {
				continue
			}
			o := schedule.Observation{At: now, Listed: 30}
			for at := now.Add(-10 * time.Hour).Truncate(20 * time.Minute); !at.After(now); at = at.Add(20 * time.Minute) {
				if isNew, _ := credits.List(states, i, uint64(at.Unix())*0x9E3779B97F4A7C15, at, now); isNew {
					o.New = append(o.New, at)
				}
			}
			states[i].Observe(o)
			last[i], polls[i] = now, polls[i]+1
			due[i] = states[i].Next(schedule.Defaults(), 1, random)
		}
	}
	t.Logf("polls in a week: %d", polls)
	if min(polls[0], polls[1])*3 > max(polls[0], polls[1]) {
		t.Errorf("polls = %d, want one endpoint polled at least three times as often", polls)
	}
}

func TestStateIsCompact(t *testing.T) {
	var s, restored schedule.State
	follow(&s, monday, 3*24*time.Hour, office)
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := restored.UnmarshalBinary(b); err != nil || restored != s {
		t.Errorf("got %+v, %v, want %+v", restored, err, s)
	}
	// Three endpoints, a budget and the credits of 180,000 sources must fit into 1 GB.
	source := 3*unsafe.Sizeof(s) + unsafe.Sizeof(schedule.Budget{}) + unsafe.Sizeof(schedule.Credits{}) +
		16*schedule.MaxCredits
	t.Logf("%d bytes a stored endpoint, %d bytes in memory, %d bytes a source", len(b), unsafe.Sizeof(s), source)
	if total := 180_000 * source; total > 1<<30 {
		t.Errorf("180,000 sources take %d bytes", total)
	}
	for _, damaged := range [][]byte{nil, b[:len(b)-1], append([]byte{9}, b[1:]...)} {
		if err := restored.UnmarshalBinary(damaged); err == nil {
			t.Errorf("accepted %d damaged bytes", len(damaged))
		}
	}
	if restored != s {
		t.Error("a damaged state changed the schedule")
	}
}
