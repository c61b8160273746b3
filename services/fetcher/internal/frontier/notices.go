package frontier

import (
	"container/heap"
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/subject"
)

// follow subscribes to new URLs in the owned partitions, and forgets the hosts of
// partitions that are no longer owned.
func (f *Frontier) follow(owned map[int]time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p, sub := range f.subscriptions {
		if _, ok := owned[p]; !ok {
			f.unsubscribe(sub)
			delete(f.subscriptions, p)
		}
	}
	for p := range f.closed {
		if _, ok := owned[p]; !ok {
			delete(f.closed, p)
		}
	}
	for p := range owned {
		if f.subscriptions[p] != nil {
			continue
		}
		sub, err := f.nc.ChanSubscribe(subject.FrontierPartition(p), f.notices)
		if err != nil {
			f.Log.Warn("subscribing to new URLs failed, relying on the next listing", "partition", p, "error", err)
			continue
		}
		f.subscriptions[p] = sub
		signal(f.gained)
	}
	for key, h := range f.hosts {
		if _, ok := owned[h.partition]; !ok && h.index >= 0 {
			heap.Remove(&f.due, h.index)
			delete(f.hosts, key)
		}
	}
}

func (f *Frontier) unsubscribeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sub := range f.subscriptions {
		f.unsubscribe(sub)
	}
	clear(f.subscriptions)
}

func (f *Frontier) unsubscribe(sub *nats.Subscription) {
	if err := sub.Unsubscribe(); err != nil && f.nc.IsConnected() {
		f.Log.Warn("unsubscribing failed", "error", err)
	}
}

// readNotices adds the hosts of new URLs.
func (f *Frontier) readNotices(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case msg := <-f.notices:
			if p, ok := partitionOf(msg.Subject); ok {
				f.add(msg.Subject, p, f.notBefore(p), true)
			}
		}
	}
}

// add records that a queue has URLs. noticed reports whether a new URL was just
// announced, rather than listed.
func (f *Frontier) add(name string, partition int, due time.Time, noticed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := hostKey(name)
	h := f.hosts[key]
	if h == nil {
		h = &host{key: key, partition: partition, due: due, index: -1, created: f.created}
		if h.unlocated = !noticed && f.locateUntil.After(due); h.unlocated {
			h.due = f.locateUntil
		}
		f.hosts[key] = h
		heap.Push(&f.due, h)
		signal(f.wake)
	}
	first := false // in its lane
	if i := laneOf(name); i >= 0 {
		first, h.lanes[i].filled = !h.lanes[i].filled, true
	}
	if !noticed {
		return
	}
	h.noticed, h.looks = f.Now(), 0
	h.notices++
	if first {
		f.hasten(h)
	}
	f.wakeUp(h, due)
}

// wakeUp gives work to a host that sleeps until its deferred URLs are due. Hold f.mu.
func (f *Frontier) wakeUp(h *host, due time.Time) {
	if h.index >= 0 && !h.wakes().IsZero() && h.due.Equal(h.wakes()) {
		h.due = due
		heap.Fix(&f.due, h.index)
		signal(f.wake)
	}
}

// wakeForUnread wakes the host of a queue that has more URLs than the host has deferred: it has missed a notice.
func (f *Frontier) wakeForUnread(name string, urls uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, i := f.hosts[hostKey(name)], laneOf(name)
	if h == nil || i < 0 || h.index < 0 { // a turn in progress reads its lanes
		return
	}
	if known := len(h.lanes[i].deferred); known < maxDeferred && urls > uint64(known) {
		f.wakeUp(h, f.notBefore(h.partition))
	}
}

// signal sends on a channel with room for one value, unless a value is waiting.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
