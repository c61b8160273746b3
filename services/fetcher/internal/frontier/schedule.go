package frontier

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// retryPause is how long a host rests if it could not be visited, because the
// stream failed or the partition's lease is not valid.
const retryPause = 2 * time.Second

// idlePause is how long the scheduler waits if no host is known, unless it is
// woken up.
const idlePause = time.Minute

// schedule starts the visits that are due, at most MaxInFlight at the same time,
// until ctx ends, and returns when the last visit has ended. Visits run with the
// context work, which outlives ctx.
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

// take returns the next host if it is due, or else how long to wait for one.
func (f *Frontier) take() (*host, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		if len(f.round) == 0 {
			f.beginRound()
		}
		last := len(f.round) - 1
		if last < 0 {
			break
		}
		first := f.round[last]
		f.round[last] = nil
		f.round = f.round[:last]
		if f.closed[first.partition] { // it goes to another replica
			first.due = f.Now().Add(retryPause)
			heap.Push(&f.due, first)
			continue
		}
		if !first.created.Equal(f.created) {
			first.forget(f.created)
		}
		f.busy[first.partition]++
		return first, 0
	}
	if len(f.due) > 0 {
		return nil, f.due[0].due.Sub(f.Now())
	}
	return nil, idlePause
}

// beginRound takes all hosts that are due. Their turns are in the order of their next URLs in the
// stream, because the server reads a block of the stream at a time: in another order, it would
// read a block of 8 MB for nearly every URL of a large backlog. Hosts that are due later have their
// turns in a later round. Hold f.mu.
func (f *Frontier) beginRound() {
	now := f.Now()
	for len(f.due) > 0 && !f.due[0].due.After(now) {
		h := heap.Pop(&f.due).(*host)
		h.unlocated = false
		f.round = append(f.round, h)
	}
	slices.SortFunc(f.round, func(a, b *host) int {
		return cmp.Or(cmp.Compare(b.next(), a.next()), b.due.Compare(a.due))
	})
}

// giveBack ends a host's turn. The host is due again at the given time. If the turn
// found no URL that is due, that is the time of the first deferred URL. Without one, the
// host is forgotten.
func (f *Frontier) giveBack(h *host, due time.Time, idle bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[h.partition]--; f.busy[h.partition] == 0 {
		delete(f.busy, h.partition)
	}
	if !h.created.Equal(f.created) {
		// The stream was created again during the turn, so the host may have URLs
		// although none were found. Only a pause is kept.
		if idle {
			due, idle = f.Now(), false
		}
		h.forget(f.created)
	}
	if idle {
		// A notice may have arrived during the turn, or before its URL was readable.
		now := f.Now()
		wait := h.lookAgain(now)
		if look := now.Add(wait); wait > 0 && (due.IsZero() || look.Before(due)) {
			due = look
		}
		if due.IsZero() {
			delete(f.hosts, h.key)
			return
		}
	}
	h.due = due
	heap.Push(&f.due, h)
	signal(f.wake)
}

// turn visits one entry of a host.
func (f *Frontier) turn(ctx context.Context, h *host) {
	if !f.leases.valid(h.partition) {
		// The partition is in its quiet interval, or its lease was renewed late.
		// The next round of leases decides which.
		f.giveBack(h, f.Now().Add(retryPause), false)
		return
	}
	entry, err := f.pick(ctx, h)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			f.Log.Warn("reading the frontier failed, retrying", "error", err)
		}
		f.giveBack(h, f.Now().Add(retryPause), false)
	case entry == nil:
		f.giveBack(h, h.wakes(), true)
	default:
		// The pause begins when the visit ends, so the host gets all of it.
		pause := f.visit(ctx, h, entry)
		f.giveBack(h, f.Now().Add(pause), false)
	}
}

// pick returns the host's entry that is due in the most urgent lane, or nil if no
// lane has one.
func (f *Frontier) pick(ctx context.Context, h *host) (*Entry, error) {
	if h.current != nil {
		if h.current.Taken.Equal(f.leases.taken(h.partition)) {
			return h.current, nil
		}
		// The partition was lost and taken again, so another replica may have visited the entry.
		h.forget(h.created)
	}
	for i := range h.lanes {
		entry, err := f.pickFrom(ctx, h, i)
		if err != nil {
			return nil, err
		}
		if entry != nil {
			entry.MayDial = func() bool { return f.leases.valid(h.partition) }
			entry.wait = f.wait
			entry.Taken = f.leases.taken(h.partition)
			entry.Guard = func(ctx context.Context) (context.Context, func()) {
				return f.leases.guard(ctx, h.partition, entry.Taken)
			}
			entry.Inherited = entry.Stored.Before(entry.Taken.Add(clockSkew))
			return entry, nil
		}
	}
	return nil, nil
}

// pickFrom returns the entry of a lane that is due, or nil if there is none.
func (f *Frontier) pickFrom(ctx context.Context, h *host, i int) (*Entry, error) {
	l, name := &h.lanes[i], h.subject(i)
	for ctx.Err() == nil {
		at := deferral{sequence: l.cursor}
		deferred := false
		switch {
		case len(l.deferred) > 0 && !l.deferred[0].until.After(f.Now()):
			at, deferred = l.deferred[0], true
		case len(l.deferred) >= maxDeferred || !f.drainLane(l):
			return nil, nil
		}
		entry, err := f.queue.next(ctx, name, at.sequence)
		if entry == nil && err != nil {
			f.refill(l)
			return nil, err
		}
		if deferred {
			l.deferred = l.deferred[1:]
			if entry == nil || entry.Sequence != at.sequence {
				continue // it has been removed
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
				l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(retryPause)})
				return nil, err
			}
			continue
		}
		if at.content != nil {
			entry.FrontierEntry = at.content
		}
		// A later attempt that has waited is due, whatever the clock shows now.
		waited := deferred && entry.GetAttempts() > 0
		if wait := f.untilDue(entry.FrontierEntry); wait > 0 && !waited {
			l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(wait), content: at.content})
			continue
		}
		return entry, nil
	}
	return nil, ctx.Err()
}

// untilDue returns how long an entry must wait, at most MaxRetryWait. A deferral is
// measured from now, so that it takes as long if the clock is set meanwhile. The first
// attempt is due at a time of the clock, so it is deferred again if it is still early.
func (f *Frontier) untilDue(entry *datelinev1.FrontierEntry) time.Duration {
	t := entry.GetNotBeforeTime()
	if t == nil {
		return 0
	}
	return min(max(0, t.AsTime().Sub(f.Now())), f.MaxRetryWait)
}

func (f *Frontier) refuse(ctx context.Context, entry *Entry, cause error) error {
	if err := f.Visitor.Refuse(ctx, entry, cause); err != nil {
		return err
	}
	return f.queue.remove(ctx, entry)
}
