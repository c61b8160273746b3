package indexer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// auditInterval is the minimum pause between audits. auditShare limits
	// their cost: after an audit that took a time t, the pause is at least
	// auditShare·t, so a large ledger is audited less often.
	auditInterval = 30 * time.Second
	auditShare    = 300
	// auditTimeout is the maximum duration of one audit.
	auditTimeout = 2 * time.Minute
	// overdue is the age from which an input without an outcome counts as
	// missing.
	overdue = 2 * time.Minute
	// maxSuspects is the maximum number of URLs that are compared with the frontier at a
	// time, oldest first.
	maxSuspects = 1_000_000
	// AuditReach is how far back missing inputs are searched for: a weekend.
	AuditReach = 72 * time.Hour
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
		SQL() store.Database
	}
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time

	snapshotTime time.Time // zero before the first snapshot
	// settled holds the time before which the inputs of a stage must have
	// outcomes, because none older is queued.
	settled map[datelinev1.Stage]time.Time
	// suspects are the URLs that were not in the frontier at snapshotTime and had no
	// outcome in the ledger.
	suspects map[ledger.Key]bool
	// firstOutstanding is the time of the oldest input without an outcome in
	// the previous audit. Nothing older needs to be searched.
	firstOutstanding map[datelinev1.Stage]time.Time

	mu sync.Mutex
	// missing holds the number of missing inputs of each stage.
	missing map[datelinev1.Stage]int64
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

// measure reports the size of the store and the progress of a replay.
func (a *audit) measure(ctx context.Context) error {
	usage, err := a.store.Usage(ctx)
	if err != nil {
		return err
	}
	a.metrics.storeBytes.Set(float64(usage.Bytes))
	a.metrics.free.Set(float64(usage.FreeBytes))
	a.metrics.stored.Set(float64(usage.Articles))
	a.metrics.outcomes.Set(float64(usage.OutcomeBytes))
	if a.metrics.oldest.Set(0); !usage.OldestOutcome.IsZero() {
		a.metrics.oldest.Set(float64(usage.OldestOutcome.Unix()))
	}
	return a.metrics.replay.measure(ctx, a.store.SQL(), a.now())
}

// balance counts the inputs that were missing at the last snapshot, if the
// ledger is complete up to that time, and then takes a new snapshot.
func (a *audit) balance(ctx context.Context) error {
	behind, err := oldestWaiting(ctx, a.js, subject.StreamOutcomes, subject.ConsumerLedger)
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
	if stage == datelinev1.Stage_STAGE_FETCH {
		missing, err := a.countSuspects(ctx)
		if err == nil {
			a.report(stage, missing)
		}
		return err
	}
	left, err := a.store.Outstanding(ctx, stage, a.from(stage), a.settled[stage])
	if err != nil {
		return err
	}
	if a.firstOutstanding[stage] = left.First; left.First.IsZero() {
		a.firstOutstanding[stage] = a.settled[stage]
	}
	a.report(stage, left.Count)
	return nil
}

// from returns the time from which on missing inputs of a stage are searched for.
func (a *audit) from(stage datelinev1.Stage) time.Time {
	from := a.snapshotTime.Add(-AuditReach)
	if a.firstOutstanding[stage].After(from) {
		from = a.firstOutstanding[stage]
	}
	return from
}

// countSuspects counts the suspects that still have no outcome.
func (a *audit) countSuspects(ctx context.Context) (missing int64, err error) {
	if len(a.suspects) == 0 {
		return 0, nil
	}
	const stage = datelinev1.Stage_STAGE_FETCH
	for admitted, err := range a.store.Unfinished(ctx, stage, a.from(stage), a.settled[stage]) {
		if err != nil {
			return 0, err
		}
		if a.suspects[ledger.KeyOf(admitted)] {
			missing++
		}
	}
	return missing, nil
}

// findSuspects returns the URLs without an outcome that are not in the frontier. The
// outcomes of those that left it just now are on the way to the ledger.
func (a *audit) findSuspects(ctx context.Context, to time.Time) (map[ledger.Key]bool, error) {
	const stage = datelinev1.Stage_STAGE_FETCH
	suspects := map[ledger.Key]bool{}
	first := to
	for admitted, err := range a.store.Unfinished(ctx, stage, a.from(stage), to) {
		if err != nil {
			return nil, err
		}
		if len(suspects) == 0 {
			first = admitted.GetTime().AsTime()
		}
		if suspects[ledger.KeyOf(admitted)] = true; len(suspects) == maxSuspects {
			break
		}
	}
	a.firstOutstanding[stage] = first
	if len(suspects) == 0 {
		return suspects, nil
	}
	return suspects, backlog.Frontier(ctx, a.js, func(waiting ledger.Key) { delete(suspects, waiting) })
}

// report publishes the number of missing inputs of a stage. It logs changes.
func (a *audit) report(stage datelinev1.Stage, missing int64) {
	name := subject.StageName(stage)
	a.metrics.unaccounted.WithLabelValues(name).Set(float64(missing))
	a.mu.Lock()
	before := a.missing[stage]
	if a.missing == nil {
		a.missing = map[datelinev1.Stage]int64{}
	}
	a.missing[stage] = missing
	a.mu.Unlock()
	switch {
	case missing > before:
		a.log.Error("inputs are lost: they neither wait nor have an outcome; "+repairAdvice, "stage", name, "inputs", missing)
	case missing == 0 && before > 0:
		a.log.Info("no inputs are lost any more", "stage", name)
	}
}

// repairAdvice is what to do about lost inputs.
const repairAdvice = "run \"dateline repair\" to list them and publish them again"

// check is a readiness check that warns of lost inputs.
func (a *audit) check(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lost []string
	for _, stage := range balanced {
		if n := a.missing[stage]; n > 0 {
			lost = append(lost, fmt.Sprintf("%d of %s", n, subject.StageName(stage)))
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return telemetry.Warning(fmt.Errorf("inputs are lost (%s): %s", strings.Join(lost, ", "), repairAdvice))
}

// snapshot records what is queued now. A stream that is read in order has settled
// everything older than its oldest queued message. The frontier is not read in order,
// so its URLs are compared one by one.
func (a *audit) snapshot(ctx context.Context) error {
	now := a.now()
	settled := map[datelinev1.Stage]time.Time{datelinev1.Stage_STAGE_FETCH: now.Add(-overdue)}
	for stage, input := range map[datelinev1.Stage]backlog.Input{
		datelinev1.Stage_STAGE_EXTRACT: {Stream: subject.StreamPages, Consumer: subject.ConsumerExtract},
		datelinev1.Stage_STAGE_INDEX:   {Stream: subject.StreamArticles, Consumer: subject.ConsumerIndex},
	} {
		oldest, err := oldestWaiting(ctx, a.js, input.Stream, input.Consumer)
		if err != nil {
			return err
		}
		if settled[stage] = now.Add(-overdue); !oldest.IsZero() && oldest.Add(-skew).Before(settled[stage]) {
			settled[stage] = oldest.Add(-skew)
		}
	}
	if a.firstOutstanding == nil {
		a.firstOutstanding = map[datelinev1.Stage]time.Time{}
	}
	a.snapshotTime, a.settled = now, settled
	suspects, err := a.findSuspects(ctx, settled[datelinev1.Stage_STAGE_FETCH])
	if err != nil {
		a.snapshotTime = time.Time{} // the snapshot is incomplete
		return err
	}
	a.suspects, a.snapshotTime = suspects, a.now()
	return nil
}

// oldestWaiting returns the time at which the oldest message that a consumer has not
// finished was stored, or the zero time if there is none.
func oldestWaiting(
	ctx context.Context, js jetstream.JetStream, streamName, consumerName string,
) (time.Time, error) {
	consumer, err := js.Consumer(ctx, streamName, consumerName)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading consumer %s: %w", consumerName, err)
	}
	stream, err := js.Stream(ctx, streamName)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading stream %s: %w", streamName, err)
	}
	return backlog.OldestWaiting(ctx, stream, consumer.CachedInfo())
}
