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
	// While many articles are stored, writes and computations are followed by rests that are longer by writeRest and
	// computeRest, but at most maxGap.
	writeRest, computeRest, maxGap = 30, 9, 500 * time.Millisecond
	// maxRestOfCall is the longest rest after one computation, so that a slow template delays others little.
	maxRestOfCall = 50 * time.Millisecond
	// busyRate is the number of revisions in a second from which many articles are stored, and busyTime how long this
	// counts.
	busyRate, busyTime = 20, 2 * time.Second
	// maxLag is the delay of matching or of deliveries from which nothing rests.
	maxLag = time.Minute
)

// pace lets the notifier rest in between while many articles are stored, so that it takes little of the processors and
// of the writer of the store, as long as that delays nothing by more than maxLag. Writes have no order among one
// another.
type pace struct {
	subscriptions *subscriptions.Subscriptions

	writing sync.Mutex
	free    time.Time // when the next write may begin

	computing sync.Mutex // held while resting

	mu     sync.Mutex
	idle   time.Time // until when computations rest
	looked time.Time // when the stream of revisions had the last message
	last   uint64
	busy   time.Time // until when many articles count as being stored
	// unmatched and undelivered are how late the revision that is matched next is, and the subscription whose turn is
	// next.
	unmatched, undelivered time.Duration
}

func newPace(all *subscriptions.Subscriptions) *pace { return &pace{subscriptions: all} }

// stored notes the number of the last revision on the stream.
func (p *pace) stored(last uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	taken := now.Sub(p.looked)
	if taken < matchInterval {
		return
	}
	if !p.looked.IsZero() && last > p.last && float64(last-p.last) >= busyRate*taken.Seconds() {
		p.busy = now.Add(busyTime)
	}
	p.looked, p.last = now, last
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

// isBusy reports whether the notifier rests in between.
func (p *pace) isBusy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.busy) && max(p.unmatched, p.undelivered) <= maxLag
}

// compute calls do, which needs a processor, after the rests of previous calls.
func (p *pace) compute(ctx context.Context, do func()) {
	if !p.isBusy() {
		do()
		return
	}
	p.computing.Lock()
	p.mu.Lock()
	rest := time.Until(p.idle)
	p.mu.Unlock()
	if rest > 0 {
		loop.Sleep(ctx, rest)
	}
	p.computing.Unlock()
	start := time.Now()
	do()
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = later(p.idle, now).Add(min(maxRestOfCall, computeRest*now.Sub(start)))
	if latest := now.Add(maxGap); p.idle.After(latest) {
		p.idle = latest
	}
}

// await rests as the next write would.
func (p *pace) await(ctx context.Context) {
	p.writing.Lock()
	free := p.free
	p.writing.Unlock()
	if rest := time.Until(free); rest > 0 {
		loop.Sleep(ctx, rest)
	}
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
	if p.subscriptions.HasOneWriter() && p.isBusy() {
		gap = max(gap, min(maxGap, writeRest*(p.subscriptions.Held()-before)))
	}
	p.free = time.Now().Add(gap)
	return err
}
