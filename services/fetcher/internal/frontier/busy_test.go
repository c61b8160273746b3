package frontier

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
)

// TestBusyPartitionIsKept has a partition that is to move to another replica. It is not released while a visit is in
// progress, because the next owner would visit the same host meanwhile. Once it is to be released, no visit begins.
func TestBusyPartitionIsKept(t *testing.T) {
	const partition, idle = 3, 4
	clock := time.Now()
	f := &Frontier{
		Config: Config{Now: func() time.Time { return clock }},
		wake:   make(chan struct{}, 1), hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
	}
	take := func(wanted int) (taken []*host) {
		t.Helper()
		for {
			h, _ := f.take()
			if h == nil {
				break
			}
			taken = append(taken, h)
		}
		if len(taken) != wanted {
			t.Fatalf("%d visits begin, want %d", len(taken), wanted)
		}
		return taken
	}
	for _, key := range []string{"example.one", "example.two"} {
		f.add(subject.Frontier(partition, subject.LaneFresh, key), partition, clock, false)
	}
	if !f.closeIfIdle(idle) {
		t.Error("a partition without visits is not released")
	}
	for ended, h := range take(2) {
		if f.closeIfIdle(partition) {
			t.Fatalf("the partition is released after the end of %d of 2 visits", ended)
		}
		f.giveBack(h, clock, false)
	}
	for _, h := range take(2) { // the refusals have changed nothing
		f.giveBack(h, clock, false)
	}
	if !f.closeIfIdle(partition) {
		t.Fatal("the partition is not released after the visits")
	}
	take(0)
}
