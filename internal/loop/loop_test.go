package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
)

var errTrial = errors.New("trial error")

func TestEveryCallsAtOnceAndThenByInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		start := time.Now()
		var at []time.Duration
		err := loop.Every(ctx, time.Second, func(context.Context) error {
			at = append(at, time.Since(start))
			return nil
		})
		if err != nil || len(at) != 4 || at[0] != 0 || at[3] != 3*time.Second {
			t.Errorf("got calls at %v and error %v, want 0s, 1s, 2s, 3s and none", at, err)
		}
	})
}

func TestTickWaitsBeforeTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := loop.Tick(t.Context(), time.Second, func(context.Context) error { return errTrial })
		if !errors.Is(err, errTrial) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want the task's error after 1s", err, time.Since(start))
		}
	})
}

func TestTickDoesNotCallAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := loop.Tick(ctx, time.Nanosecond, func(context.Context) error { return errTrial })
	if err != nil {
		t.Errorf("got %v, want no call", err)
	}
}

func TestBackoffDoublesWithinItsBounds(t *testing.T) {
	b := loop.Backoff{First: time.Second, Last: 10 * time.Second}
	for n, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1_000: 10 * time.Second,
	} {
		for range 100 {
			if got := b.Delay(n); got < want || got > want*5/4 {
				t.Fatalf("attempt %d: got %v, want from %v to a quarter more", n, got, want)
			}
		}
	}
	if got := (loop.Backoff{First: time.Second}).Delay(9); got < time.Second || got > 5*time.Second/4 {
		t.Errorf("without a last delay: got %v, want about 1s", got)
	}
}

func TestRetryUntilSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls, failures := time.Now(), 0, 0
		b := loop.Backoff{First: time.Second, Last: time.Minute}
		err := loop.Retry(t.Context(), b, func(context.Context) error {
			if calls++; calls < 4 {
				return errTrial
			}
			return nil
		}, func(error) bool { failures++; return true })
		took := time.Since(start)
		if err != nil || calls != 4 || failures != 3 || took < 7*time.Second || took > 9*time.Second {
			t.Errorf("got %v after %d calls, %d failures and %v", err, calls, failures, took)
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	b := loop.Backoff{First: time.Hour}
	fail := func(context.Context) error { return errTrial }
	if err := loop.Retry(t.Context(), b, fail, func(error) bool { return false }); !errors.Is(err, errTrial) {
		t.Errorf("a lasting error: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := loop.Retry(ctx, b, fail, func(error) bool { cancel(); return true })
	if !errors.Is(err, errTrial) || !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %v, want both causes", err)
	}
}

func TestDrainOutlivesItsContextByTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		work, stop := loop.Drain(ctx, time.Minute)
		defer stop()
		cancel()
		start := time.Now()
		<-work.Done()
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the work was stopped after %v, want 1m", took)
		}
	})
}

func TestDrainEndsWhenStopped(t *testing.T) {
	work, stop := loop.Drain(t.Context(), time.Minute)
	if work.Err() != nil {
		t.Error("the work was stopped before its context ended")
	}
	stop()
	if work.Err() == nil {
		t.Error("the work goes on after stop")
	}
}
