package schedule_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
)

// BenchmarkPoll decides when a source's endpoint is polled next, after a response: of a source
// with three endpoints that publish 15 articles an hour together, so that requests are scarce.
func BenchmarkPoll(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	states := []*schedule.State{{}, {}, {}}
	published := make([]time.Time, 5*24)
	for i := range published {
		published[i] = now.Add(-time.Duration(i) * time.Hour / 5)
	}
	for _, s := range states {
		s.Observe(schedule.Observation{At: now, Listed: 100, New: published})
	}
	var budget schedule.Budget
	for b.Loop() {
		now = now.Add(10 * time.Minute)
		budget.Spend(now, 1)
		s := states[random.IntN(len(states))]
		data, err := s.MarshalBinary()
		if err != nil {
			b.Fatal(err)
		}
		if err := s.UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
		s.Observe(schedule.Observation{At: now, Listed: 100, New: []time.Time{now.Add(-5 * time.Minute)}})
		s.Next(schedule.Defaults(), budget.Plenty(now, schedule.DefaultRequests, schedule.Defaults(), states), random)
	}
}
