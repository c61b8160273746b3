package frontier

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// fullPause is how long a URL waits that leads to a host whose queue is full.
const fullPause = time.Minute

// clockSkew is how far the server's clock may be behind this one. Where it is more,
// a page may be fetched twice after a crash.
const clockSkew = 5 * time.Second

// mishap is how long a host rests after the stream could not be used for it.
const mishap = 2 * time.Second

// schedule starts the visits that are due, at most MaxInFlight at once, and
// returns when the last has ended.
func (f *Frontier) schedule(ctx, work context.Context) error {
	var visits sync.WaitGroup
	defer visits.Wait()
	slots := make(chan struct{}, f.MaxInFlight)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		h, wait := f.take()
		if h != nil {
			visits.Go(func() {
				defer func() { <-slots }()
				f.turn(work, h)
			})
			continue
		}
		<-slots
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-f.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// take returns the host that is due, or how long to wait for one.
func (f *Frontier) take() (*host, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.due) > 0 {
		first := f.due[0]
		if wait := first.due.Sub(f.Now()); wait > 0 {
			return nil, wait
		}
		if f.closed[first.partition] { // it goes to another replica
			first.due = f.Now().Add(mishap)
			heap.Fix(&f.due, first.index)
			continue
		}
		heap.Pop(&f.due)
		f.busy[first.partition]++
		return first, 0
	}
	return nil, time.Minute
}

// giveBack ends a host's turn: it is due again after a pause, or forgotten.
func (f *Frontier) giveBack(h *host, due time.Time, forget bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[h.partition]--; f.busy[h.partition] == 0 {
		delete(f.busy, h.partition)
	}
	if forget {
		wait := h.lookAgain(f.Now())
		if wait == 0 {
			delete(f.hosts, h.key)
			return
		}
		due = f.Now().Add(wait)
	}
	h.due = due
	heap.Push(&f.due, h)
	f.poke()
}

// turn lets a host have its one request.
func (f *Frontier) turn(ctx context.Context, h *host) {
	if !f.leases.valid(h.partition) {
		// Either the quiet interval or a late renewal: what it is, the next
		// round of leases tells.
		f.giveBack(h, f.Now().Add(mishap), false)
		return
	}
	entry, err := f.pick(ctx, h)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			f.Log.Warn("reading the frontier; it is tried again", "error", err)
		}
		f.giveBack(h, f.Now().Add(mishap), false)
	case entry == nil:
		wakes := h.wakes()
		f.giveBack(h, wakes, wakes.IsZero())
	default:
		// The pause begins when the visit is over, so that the host sees it whole.
		pause := f.visit(ctx, h, entry)
		f.giveBack(h, f.Now().Add(pause), false)
	}
}

// pick returns the host's entry that is due, of the most urgent lane that has one,
// nil where none has.
func (f *Frontier) pick(ctx context.Context, h *host) (*Entry, error) {
	if h.current != nil {
		return h.current, nil
	}
	for i := range h.lanes {
		entry, err := f.pickFrom(ctx, h, &h.lanes[i])
		if err != nil {
			return nil, err
		}
		if entry != nil {
			entry.MayDial = func() bool { return f.leases.valid(h.partition) }
			entry.wait = f.wait
			entry.Inherited = entry.Stored.Before(f.leases.taken(h.partition).Add(clockSkew))
			return entry, nil
		}
	}
	return nil, nil
}

// pickFrom returns the entry of a host's lane that is due, nil where none is.
func (f *Frontier) pickFrom(ctx context.Context, h *host, l *lane) (*Entry, error) {
	for ctx.Err() == nil {
		from, recalled := l.cursor, false
		var content *datelinev1.FrontierEntry
		switch {
		case len(l.deferred) > 0 && !l.deferred[0].until.After(f.Now()):
			from, recalled, content = l.deferred[0].sequence, true, l.deferred[0].content
		case len(l.deferred) >= maxDeferred || !f.mayHave(l):
			return nil, nil
		}
		entry, err := f.queue.next(ctx, l.subject, from)
		if entry == nil && err != nil {
			f.refill(l)
			return nil, err
		}
		if recalled {
			l.deferred = l.deferred[1:]
			if entry == nil || entry.Sequence != from {
				continue // it is gone
			}
		} else {
			if entry == nil {
				return nil, nil
			}
			l.cursor = entry.Sequence + 1
			f.found(h, l, entry)
		}
		if err != nil {
			if err := f.refuse(ctx, entry, err); err != nil {
				l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(mishap)})
				return nil, err
			}
			continue
		}
		if content != nil {
			entry.FrontierEntry = content
		}
		if t := entry.GetNotBeforeTime(); t != nil && t.AsTime().After(f.Now()) {
			l.postpone(deferral{sequence: entry.Sequence, until: t.AsTime(), content: content})
			continue
		}
		return entry, nil
	}
	return nil, ctx.Err()
}

func (f *Frontier) refuse(ctx context.Context, entry *Entry, cause error) error {
	if err := f.Visitor.Refuse(ctx, entry, cause); err != nil {
		return err
	}
	return f.queue.remove(ctx, entry)
}

// visit works on an entry and does what is decided. It returns the pause.
func (f *Frontier) visit(ctx context.Context, h *host, entry *Entry) time.Duration {
	decision := h.unfinished
	if decision == nil {
		made, err := f.Visitor.Visit(ctx, entry)
		if err != nil {
			if ctx.Err() == nil {
				f.Log.WarnContext(entry.Trace(ctx), "a visit could not be stored; it is made again", "url", entry.GetUrl(), "error", err)
			}
			h.current = entry
			return max(made.Pause, mishap)
		}
		decision = &made
	}
	if decision.Again != nil {
		h.current, h.unfinished = entry.again(decision.Again), nil
		return decision.Pause
	}
	err := f.finish(ctx, entry, decision)
	if errors.Is(err, ErrHostFull) {
		f.bypass(ctx, h, entry, decision.Requeue)
		return decision.Pause
	}
	if err != nil {
		if ctx.Err() == nil {
			f.Log.WarnContext(entry.Trace(ctx), "the frontier does not take a change; it is tried again", "url", entry.GetUrl(), "error", err)
		}
		h.current, h.unfinished = entry, decision
		return max(decision.Pause, mishap)
	}
	h.current, h.unfinished = nil, nil
	return decision.Pause
}

// bypass lets the rest of a host's queue go on where an entry's successor finds
// no room. A later attempt at the same host is kept in memory: were it to wait
// for room at the head of the full queue, none would ever come. An entry that
// leads to another host is fetched anew when that may have room.
func (f *Frontier) bypass(ctx context.Context, h *host, entry *Entry, next *datelinev1.FrontierEntry) {
	h.current, h.unfinished = nil, nil
	f.Log.WarnContext(entry.Trace(ctx), "a host's queue is full: a URL for it waits in the queue that it comes from", "url", next.GetUrl(), "from", entry.GetUrl())
	l := h.lane(entry)
	if subject, err := subjectOf(next); err != nil || subject != l.subject {
		l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(fullPause)})
		return
	}
	l.postpone(deferral{sequence: entry.Sequence, until: latest(f.Now(), next.GetNotBeforeTime().AsTime()), content: next})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (f *Frontier) finish(ctx context.Context, entry *Entry, decision *Decision) error {
	if decision.Requeue != nil {
		// Each entry is replaced once.
		if err := Publish(ctx, f.queue.js, fmt.Sprintf("after:%d", entry.Sequence), decision.Requeue); err != nil {
			return err
		}
	}
	return f.queue.remove(ctx, entry)
}
