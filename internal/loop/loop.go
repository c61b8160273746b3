// Package loop holds the loops of long-running components: repeating a task,
// retrying it, and finishing work before a stop. Every loop ends when its
// context does.
package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Every calls do at once and then once per interval, until ctx ends or do
// returns an error. It returns that error, or nil if ctx ended.
func Every(ctx context.Context, interval time.Duration, do func(context.Context) error) error {
	if err := do(ctx); err != nil {
		return err
	}
	return Tick(ctx, interval, do)
}

// Tick is like Every, but makes the first call after one interval.
func Tick(ctx context.Context, interval time.Duration, do func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if ctx.Err() != nil { // both were ready
			return nil
		}
		if err := do(ctx); err != nil {
			return err
		}
	}
}

// Sleep waits for d, and reports whether it did: false means that ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Backoff describes the delays between attempts: they double from First until
// they reach Last. First must be positive. If Last is not above First, every
// delay is First.
type Backoff struct {
	First, Last time.Duration
}

// jitterShare is the largest share that jitter adds to a delay, so that attempts
// that failed together are not repeated together.
const jitterShare = 4

// Delay returns the delay after the n-th failed attempt, counting from 1: with
// jitter, between the plain delay and a quarter more.
func (b Backoff) Delay(n int) time.Duration {
	delay, last := b.First, max(b.First, b.Last)
	for ; n > 1 && delay < last; n-- {
		delay = min(2*delay, last)
	}
	return delay + rand.N(delay/jitterShare+1)
}

// Retry calls try until it succeeds, with delays in between. It gives up when
// again returns false for the error of an attempt, or when ctx ends, and then
// returns that error. If ctx ended, the error also wraps the cause of ctx.
//
// again also serves to log the failure. It is not called after ctx has ended.
func Retry(ctx context.Context, b Backoff, try func(context.Context) error, again func(error) bool) error {
	for n := 1; ; n++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && !again(err) {
			return err
		}
		if ctx.Err() != nil || !Sleep(ctx, b.Delay(n)) {
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
	}
}

// Drain returns a context for work that may outlive ctx: it ends when ctx has
// been over for the grace period. Its values are those of ctx. Call stop once
// the work has ended.
func Drain(ctx context.Context, grace time.Duration) (work context.Context, stop func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unwatch := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(work, func() { timer.Stop() })
	})
	return work, func() {
		unwatch()
		cancel()
	}
}
