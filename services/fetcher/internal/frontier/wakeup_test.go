package frontier

import (
	"container/heap"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
)

// inTurn returns a frontier with a host in a turn, and the subject of the host's fresh URLs.
func inTurn(t *testing.T, clock *time.Time) (f *Frontier, name string, h *host) {
	t.Helper()
	f = &Frontier{
		Config: Config{Now: func() time.Time { return *clock }},
		wake:   make(chan struct{}, 1), hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
	}
	name = subject.Frontier(3, subject.LaneFresh, "example.site")
	f.add(name, 3, *clock, false)
	if h, _ = f.take(); h == nil {
		t.Fatal("the host is not due")
	}
	return f, name, h
}

// TestNoticeDuringATurn has a host whose only known URL waits for an hour. A notice of
// another URL arrives while the host's queue is read, which does not find the URL yet.
// The host looks for it soon, rather than in an hour.
func TestNoticeDuringATurn(t *testing.T) {
	clock := time.Now()
	f, name, h := inTurn(t, &clock)
	later := clock.Add(time.Hour)
	h.lanes[laneFresh].postpone(deferral{sequence: 1, until: later})
	f.add(name, 3, clock, true)
	f.giveBack(h, h.wakes(), true)
	if wait := h.due.Sub(clock); wait > noticeGrace || !h.lanes[laneFresh].filled {
		t.Errorf("the host looks for the URL in %s", wait)
	}

	clock = clock.Add(noticeGrace)
	heap.Remove(&f.due, h.index)
	f.giveBack(h, h.wakes(), true)
	if !h.due.Equal(later) {
		t.Errorf("without a URL, the host is due at %s, want %s", h.due, later)
	}
}

// TestListingDuringATurn has a listing find URLs of a host while a turn changes the host's lanes. The race detector
// notices if the listing reads them.
func TestListingDuringATurn(t *testing.T) {
	clock := time.Now()
	f, name, h := inTurn(t, &clock)
	var turn sync.WaitGroup
	turn.Go(func() { h.lanes[laneFresh].postpone(deferral{sequence: 1, until: clock.Add(time.Hour)}) })
	f.wakeForUnread(name, 2)
	turn.Wait()
	if len(f.due) > 0 || h.index >= 0 {
		t.Error("the host waits for another turn during this one")
	}
}
