package indexer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// retentionInterval is the interval at which the indexer looks for what is no longer kept.
	retentionInterval = time.Minute
	// retentionRest is the pause after a step, as a multiple of its duration. With SQLite,
	// articles and outcomes can be stored meanwhile.
	retentionRest = 3
	// deadBatch is the maximum number of dead letters that are removed in one round.
	deadBatch = 1_000
	// returnTime is the maximum time that an input takes to end again after its dead letter was
	// requeued. Until then its dead outcome is kept, so that it is counted once.
	returnTime = 7 * 24 * time.Hour
)

// What is deleted, as the label of a metric.
const (
	keptOutcomes    = "outcomes"
	keptDeadLetters = "dead_letters"
	keptTexts       = "revision_texts"
)

// retention deletes what is no longer kept, in small steps beside the pipeline.
type retention struct {
	js      jetstream.JetStream
	store   store.Retention
	config  Config
	log     *slog.Logger
	now     func() time.Time
	removed *prometheus.CounterVec
	// released counts bytes.
	released prometheus.Counter
}

func newRetention(r retention, reg prometheus.Registerer) *retention {
	r.removed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_retention_removed_total",
		Help: "Outcomes, dead letters and texts of old revisions that were deleted because of their age, by what they are.",
	}, []string{"what"})
	r.released = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "dateline_retention_released_bytes_total",
		Help: "Bytes of free space in the SQLite file that were given back to the disk.",
	})
	reg.MustRegister(r.removed, r.released)
	for _, what := range []string{keptOutcomes, keptDeadLetters, keptTexts} {
		r.removed.WithLabelValues(what)
	}
	return &r
}

// run works until ctx ends. Errors are logged and do not end it, because storing articles is
// more important.
func (r *retention) run(ctx context.Context) error {
	failed := false
	return loop.Every(ctx, retentionInterval, func(ctx context.Context) error {
		err := r.round(ctx)
		if err != nil && ctx.Err() == nil && !failed {
			r.log.Warn("deleting what is no longer kept failed, retrying", "interval", retentionInterval, "error", err)
		}
		failed = err != nil
		return nil
	})
}

// round deletes what is no longer kept now. Dead letters come first: the outcome of one that
// could not be removed must stay.
func (r *retention) round(ctx context.Context) error {
	now := r.now()
	if r.config.KeepDeadLetters > 0 {
		n, err := deadletter.Expire(ctx, r.js, now.Add(-r.config.KeepDeadLetters), deadBatch)
		r.count(keptDeadLetters, int64(n))
		if err != nil {
			return err
		}
		if n == deadBatch {
			return nil // the others are removed in the next round
		}
	}
	if err := r.expireOutcomes(ctx, now); err != nil {
		return err
	}
	if r.config.KeepRevisionTexts > 0 {
		err := steps(ctx, func() (more bool, err error) {
			n, more, err := r.store.TrimRevisions(ctx, now.Add(-r.config.KeepRevisionTexts), now)
			r.count(keptTexts, n)
			return more, err
		})
		if err != nil {
			return err
		}
	}
	return steps(ctx, func() (more bool, err error) {
		n, more, err := r.store.ReleaseSpace(ctx)
		r.released.Add(float64(n))
		return more, err
	})
}

func (r *retention) expireOutcomes(ctx context.Context, now time.Time) error {
	if r.config.KeepOutcomes == 0 {
		return nil
	}
	waiting, err := oldestWaiting(ctx, r.js, subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		return err
	}
	before, deadBefore := r.config.expiry(now, waiting)
	return steps(ctx, func() (more bool, err error) {
		n, more, err := r.store.ExpireOutcomes(ctx, before, deadBefore)
		r.count(keptOutcomes, n)
		return more, err
	})
}

// expiry returns the time before which outcomes have expired, and that for dead ones. waiting is
// the time of the oldest outcome that is not in the ledger yet, or zero: an outcome may only
// expire after it was stored.
func (c Config) expiry(now, waiting time.Time) (before, deadBefore time.Time) {
	before = now.Add(-c.KeepOutcomes)
	if limit := waiting.Add(-skew); !waiting.IsZero() && limit.Before(before) {
		before = limit
	}
	if c.KeepDeadLetters > 0 {
		deadBefore = now.Add(-max(c.KeepOutcomes, c.KeepDeadLetters) - returnTime)
	}
	return before, deadBefore
}

// steps calls step until it has nothing more to do, with a pause after each call.
func steps(ctx context.Context, step func() (more bool, err error)) error {
	for {
		start := time.Now()
		more, err := step()
		if err != nil || !more {
			return err
		}
		if !loop.Sleep(ctx, retentionRest*time.Since(start)) {
			return fmt.Errorf("pausing: %w", ctx.Err())
		}
	}
}

func (r *retention) count(what string, n int64) { r.removed.WithLabelValues(what).Add(float64(n)) }
