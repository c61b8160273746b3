package frontier

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
)

// TestRoundsFollowTheStream has hosts that are due. Their turns are in the order of their URLs in the
// stream, but no host waits for those that are due after the round has begun.
func TestRoundsFollowTheStream(t *testing.T) {
	clock := time.Now()
	f := &Frontier{
		Config: Config{Now: func() time.Time { return clock }},
		wake:   make(chan struct{}, 1), hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
	}
	add := func(key string, partition int, cursor uint64, due time.Duration) {
		f.add(subject.Frontier(partition, subject.LaneFresh, key), partition, clock.Add(due), false)
		f.hosts[key].lanes[laneFresh].cursor = cursor
	}
	add("late", 1, 30, -3*time.Second)
	add("early", 1, 10, -2*time.Second)
	add("moved", 2, 15, -2*time.Second)
	add("middle", 1, 20, -time.Second)
	add("resting", 1, 5, time.Second)
	var turns []string
	turn := func() {
		t.Helper()
		h, wait := f.take()
		if h == nil {
			turns = append(turns, fmt.Sprint(wait))
			return
		}
		turns = append(turns, h.key)
	}
	turn()
	f.closed[2] = true // the partition goes to another replica
	clock = clock.Add(time.Second)
	add("new", 1, 1, 0)
	for range 5 {
		turn()
	}
	want := []string{"early", "middle", "late", "new", "resting", retryPause.String()}
	if !slices.Equal(turns, want) {
		t.Errorf("the turns are %v, want %v", turns, want)
	}
}
