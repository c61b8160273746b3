package notifier

import (
	"context"
	"sync"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// minGap is the minimum time between two writes. What arrives meanwhile is written together.
	minGap = 20 * time.Millisecond
	// While articles are stored, each write and each batch that is matched is followed by a rest that is longer by
	// writeRest and matchRest, but at most maxGap.
	writeRest, matchRest, maxGap = 15, 3, time.Second
	// busyTime is how long articles count as being stored after the last one.
	busyTime = 2 * time.Second
	// maxLag is the delay of matching or of deliveries from which nothing rests.
	maxLag = time.Minute
)

// pace lets the notifier rest in between while articles are stored, so that it takes little of the processors and of
// the writer of the store, as long as that delays nothing by more than maxLag. Writes have no order among one another.
type pace struct {
	subscriptions *subscriptions.Subscriptions

	writing sync.Mutex
	free    time.Time // when the next write may begin

	mu   sync.Mutex
	busy time.Time // until when articles count as being stored
	// unmatched and undelivered are how late the revision that is matched next is, and the subscription whose turn is
	// next.
	unmatched, undelivered time.Duration
}

func newPace(all *subscriptions.Subscriptions) *pace { return &pace{subscriptions: all} }

// stored notes that articles were stored.
func (p *pace) stored() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = time.Now().Add(busyTime)
}

// lateMatches and lateDeliveries note a delay.
func (p *pace) lateMatches(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unmatched = by
}

func (p *pace) lateDeliveries(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.undelivered = by
}

// rest returns the rest after something that has taken a time.
func (p *pace) rest(ratio int, taken time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !time.Now().Before(p.busy) || max(p.unmatched, p.undelivered) > maxLag {
		return 0
	}
	return min(maxGap, time.Duration(ratio)*taken)
}

// write calls do after the rest of the previous write. If ctx ends before, it calls do at once.
func (p *pace) write(ctx context.Context, do func() error) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	if rest := time.Until(p.free); rest > 0 {
		loop.Sleep(ctx, rest)
	}
	before := p.subscriptions.Held()
	err := do()
	gap := minGap
	if p.subscriptions.HasOneWriter() {
		gap = max(gap, p.rest(writeRest, p.subscriptions.Held()-before))
	}
	p.free = time.Now().Add(gap)
	return err
}
