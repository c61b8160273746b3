package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// auditInterval is the minimum pause between audits. auditShare limits
	// their cost: after an audit that took a time t, the pause is at least
	// auditShare·t, so a large ledger is audited less often.
	auditInterval = 90 * time.Second
	auditShare    = 300
	// auditTimeout is the maximum duration of one audit.
	auditTimeout = 2 * time.Minute
	// overdue is the age from which an input without an outcome counts as
	// missing.
	overdue = 10 * time.Minute
	// auditReach is how far back missing inputs are searched for.
	auditReach = 24 * time.Hour
	// skew is the maximum difference between the clocks of the services.
	skew = time.Minute
)

// audit finds inputs that a stage produced and that have since vanished: they
// have no outcome and are not queued in a stream.
//
// An audit first takes a snapshot of what is queued. Once the ledger contains
// every outcome that was in flight at that moment, the next audit counts the
// inputs that were missing then. Inputs that are merely between two streams are
// therefore not counted as missing.
type audit struct {
	js    jetstream.JetStream
	store interface {
		store.Ledger
		store.Monitor
	}
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time

	snapshotTime time.Time // zero before the first snapshot
	// settled holds the time before which the inputs of a stage must have
	// outcomes, because none older is queued.
	settled map[datelinev1.Stage]time.Time
	queued  int64 // URLs in the frontier at snapshotTime
	// firstOutstanding is the time of the oldest input without an outcome in
	// the previous audit. Nothing older needs to be searched.
	firstOutstanding map[datelinev1.Stage]time.Time
}

func (a *audit) run(ctx context.Context) error {
	for failed := false; ; {
		start := a.now()
		round, cancel := context.WithTimeout(ctx, auditTimeout)
		err := errors.Join(a.measure(round), a.balance(round))
		cancel()
		if err != nil && ctx.Err() == nil && !failed {
			a.log.Warn("audit failed, retrying; its metrics are out of date until then", "error", err)
		}
		failed = err != nil
		if !loop.Sleep(ctx, max(auditInterval, auditShare*a.now().Sub(start))) {
			return nil
		}
	}
}

// measure reports the size of the store.
func (a *audit) measure(ctx context.Context) error {
	size, err := a.store.Size(ctx)
	if err != nil {
		return err
	}
	a.metrics.storeBytes.Set(float64(size.Bytes))
	a.metrics.stored.Set(float64(size.Articles))
	return nil
}

// balance counts the inputs that were missing at the last snapshot, if the
// ledger is complete up to that time, and then takes a new snapshot.
func (a *audit) balance(ctx context.Context) error {
	behind, err := a.oldest(ctx, subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		return err
	}
	if !a.snapshotTime.IsZero() {
		if !behind.IsZero() && behind.Before(a.snapshotTime.Add(skew)) {
			return nil // the ledger is not complete up to the snapshot yet
		}
		for _, stage := range balanced {
			if err := a.compare(ctx, stage); err != nil {
				return err
			}
		}
	}
	return a.snapshot(ctx)
}

// compare counts the missing inputs of one stage.
func (a *audit) compare(ctx context.Context, stage datelinev1.Stage) error {
	from := a.snapshotTime.Add(-auditReach)
	if a.firstOutstanding[stage].After(from) {
		from = a.firstOutstanding[stage]
	}
	left, err := a.store.Outstanding(ctx, stage, from, a.snapshotTime.Add(-overdue), a.settled[stage])
	if err != nil {
		return err
	}
	if a.firstOutstanding[stage] = left.First; left.First.IsZero() {
		a.firstOutstanding[stage] = a.settled[stage]
	}
	missing := left.Old
	// It is unknown which of the outstanding URLs are still queued, so this is a
	// lower bound.
	if stage == datelinev1.Stage_STAGE_FETCH {
		missing = min(left.Old, max(0, left.All-a.queued))
	}
	a.metrics.unaccounted.WithLabelValues(subject.StageName(stage)).Set(float64(missing))
	return nil
}

// snapshot records what is queued now. A stream that is read in order has
// settled everything older than its oldest queued message. The frontier is not
// read in order, so its messages are counted instead.
func (a *audit) snapshot(ctx context.Context) error {
	now := a.now()
	frontier, err := a.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	settled := map[datelinev1.Stage]time.Time{datelinev1.Stage_STAGE_FETCH: now.Add(-skew)}
	for stage, input := range map[datelinev1.Stage]backlog.Input{
		datelinev1.Stage_STAGE_EXTRACT: {Stream: subject.StreamPages, Consumer: subject.ConsumerExtract},
		datelinev1.Stage_STAGE_INDEX:   {Stream: subject.StreamArticles, Consumer: subject.ConsumerIndex},
	} {
		oldest, err := a.oldest(ctx, input.Stream, input.Consumer)
		if err != nil {
			return err
		}
		if settled[stage] = now.Add(-overdue); !oldest.IsZero() && oldest.Add(-skew).Before(settled[stage]) {
			settled[stage] = oldest.Add(-skew)
		}
	}
	a.snapshotTime, a.settled, a.queued = now, settled, int64(frontier.CachedInfo().State.Msgs)
	if a.firstOutstanding == nil {
		a.firstOutstanding = map[datelinev1.Stage]time.Time{}
	}
	return nil
}

// oldest returns the time at which the oldest message that a consumer has not
// finished was stored, or the zero time if there is none.
func (a *audit) oldest(ctx context.Context, streamName, consumerName string) (time.Time, error) {
	consumer, err := a.js.Consumer(ctx, streamName, consumerName)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading consumer %s: %w", consumerName, err)
	}
	stream, err := a.js.Stream(ctx, streamName)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading stream %s: %w", streamName, err)
	}
	return backlog.OldestWaiting(ctx, stream, consumer.CachedInfo())
}
