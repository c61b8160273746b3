package frontier

import (
	"context"
	"errors"
	"time"
)

// errLost is why a request was aborted.
var errLost = errors.New("another replica may have taken the partition over")

// valid reports whether requests may be made for a partition now: its quiet interval
// is over, and neither the lease nor the session can have ended.
func (l *leases) valid(partition int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, ok := l.held[partition]
	return ok && l.left(held) > 0 && !l.now().Before(held.quiet())
}

// left returns how long requests may be made under a lease. The lease and the
// session must have been renewed within two thirds of their lifetimes, so that they
// cannot have ended yet whatever the clocks and the network do. Hold l.mu.
func (l *leases) left(held lease) time.Duration {
	now := l.now()
	return min(l.ttl*2/3-elapsed(held.renewed, now), l.lifetime*2/3-elapsed(l.own.beat, now))
}

// guard returns a context that ends when requests may no longer be made for a
// partition that was taken at a time, which also aborts a request that began before. If it was lost and taken again
// since, another replica may have visited its hosts. Call stop at the end.
func (l *leases) guard(
	ctx context.Context, partition int, taken time.Time,
) (guarded context.Context, stop func()) {
	guarded, cancel := context.WithCancelCause(ctx)
	var check func()
	check = func() {
		l.mu.Lock()
		held, ok := l.held[partition]
		left := l.left(held)
		l.mu.Unlock()
		if !ok || left <= 0 || !held.taken.Equal(taken) {
			cancel(errLost)
			return
		}
		timer := time.AfterFunc(left, check)
		context.AfterFunc(guarded, func() { timer.Stop() })
	}
	check()
	return guarded, func() { cancel(nil) }
}

// elapsed returns the time between two readings of the clock. The monotonic clock
// stands still while a virtual machine is suspended, and the other clock may be set
// back, so that the longer time counts.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
