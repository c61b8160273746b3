package replay

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// lookEvery is the minimum time between two looks at the pages and articles that wait in
	// the pipeline, and the pause while some wait.
	lookEvery = 250 * time.Millisecond
	// lookTimeout bounds one look.
	lookTimeout = 5 * time.Second
	// maxFailing is the maximum time for which looks may fail. The run pauses meanwhile.
	maxFailing = time.Minute
	// logEvery is the minimum time between two messages about pauses.
	logEvery = time.Minute
)

// throttle keeps a run from delaying the pipeline: it bounds the rate, and pauses while
// pages wait for the extractor. While more than maxArticles wait for the indexer, it
// pauses, too. Its workers rest for half of the time.
type throttle struct {
	interval time.Duration // between two pages
	next     time.Time
	looked   time.Time
	failing  time.Time // when looks began to fail, or zero
	logged   time.Time
	now      func() time.Time
	log      *slog.Logger
	queues   []queue // none if no pipeline runs
}

// queue is a consumer of the pipeline, and how many messages may wait for it.
type queue struct {
	name     string
	consumer jetstream.Consumer
	most     uint64
}

// maxArticles is the number of articles that may wait for the indexer.
const maxArticles = 100

func newThrottle(ctx context.Context, config Config) (*throttle, error) {
	t := &throttle{now: config.Now, log: config.Log}
	if config.Rate > 0 {
		t.interval = time.Duration(float64(time.Second) / config.Rate)
	}
	if config.JS == nil {
		return t, nil
	}
	for _, one := range []struct {
		stream, consumer string
		most             uint64
	}{
		{subject.StreamPages, subject.ConsumerExtract, 0}, {subject.StreamArticles, subject.ConsumerIndex, maxArticles},
	} {
		consumer, err := config.JS.Consumer(ctx, one.stream, one.consumer)
		if err != nil {
			return nil, fmt.Errorf("opening consumer %s: %w", one.consumer, err)
		}
		t.queues = append(t.queues, queue{one.consumer, consumer, one.most})
	}
	return t, nil
}

// wait waits until the next page may be extracted.
func (t *throttle) wait(ctx context.Context) error {
	now := t.now()
	if pause := t.next.Sub(now); pause > 0 && !loop.Sleep(ctx, pause) {
		return ctx.Err()
	}
	if now = t.now(); t.next.Before(now.Add(-t.interval)) {
		t.next = now // do not catch up after a pause
	}
	t.next = t.next.Add(t.interval)
	for now.Sub(t.looked) >= lookEvery {
		busy, err := t.isBusy(ctx)
		if err != nil {
			return err
		}
		if t.looked = t.now(); !busy {
			return nil
		}
		if !loop.Sleep(ctx, lookEvery) {
			return ctx.Err()
		}
		now = t.now()
	}
	return nil
}

// maxRest is the maximum time for which a worker rests after a page.
const maxRest = time.Second

// rest makes a worker rest for as long as a page took, if a pipeline runs. A page takes longer while
// the processors are busy, so that the run leaves more to the pipeline the less there is.
func (t *throttle) rest(ctx context.Context, took time.Duration) error {
	if len(t.queues) == 0 || loop.Sleep(ctx, min(took, maxRest)) {
		return nil
	}
	return ctx.Err()
}

// isBusy reports whether more messages wait for a stage than may, or whether that is unknown.
// The error means that it has been unknown for maxFailing.
func (t *throttle) isBusy(ctx context.Context) (bool, error) {
	for _, q := range t.queues {
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		info, err := q.consumer.Info(limited)
		cancel()
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			return true, t.fail(ctx, q, err)
		case info.NumPending > q.most:
			t.logPause(ctx, "messages wait in the pipeline, pausing", "consumer", q.name, "waiting", info.NumPending)
			t.failing = time.Time{}
			return true, nil
		}
	}
	t.failing = time.Time{}
	return false, nil
}

// fail returns an error if looks have failed for maxFailing.
func (t *throttle) fail(ctx context.Context, q queue, err error) error {
	now := t.now()
	if t.failing.IsZero() {
		t.failing = now
	}
	if now.Sub(t.failing) >= maxFailing {
		return fmt.Errorf("reading consumer %s of stream %s has failed for %s: %w: check that NATS is reachable and that "+
			"the pipeline has declared its streams", q.name, q.consumer.CachedInfo().Stream, maxFailing, err)
	}
	t.logPause(ctx, "reading a consumer failed, retrying", "consumer", q.name, "error", err)
	return nil
}

// logPause logs why the run pauses, at most once per logEvery.
func (t *throttle) logPause(ctx context.Context, message string, attributes ...any) {
	if now := t.now(); now.Sub(t.logged) >= logEvery {
		t.logged = now
		t.log.InfoContext(ctx, message, attributes...)
	}
}
