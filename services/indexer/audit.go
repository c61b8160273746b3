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
	// auditInterval is how long the audit rests at least, and auditShare the
	// most of the time that it may take: a large ledger is looked at less often.
	auditInterval = 90 * time.Second
	auditShare    = 300
	// auditTimeout bounds one audit.
	auditTimeout = 2 * time.Minute
	// overdue is how long an input may be on its way without being missed, and
	// auditReach how far back missing ones are looked for.
	overdue    = 10 * time.Minute
	auditReach = 24 * time.Hour
	// skew is how far the clocks of the services may be apart.
	skew = time.Minute
)

// audit looks for inputs that were handed over and have vanished: they have no
// outcome, and wait on no stream. What waits is noted first; then the ledger has
// to take in every outcome that was on its way at that moment; and only then is
// it asked what is missing. So nothing that merely is between the two counts.
type audit struct {
	js    jetstream.JetStream
	store interface {
		store.Ledger
		store.Monitor
	}
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time

	noted  time.Time // when what waits was noted; zero for not yet
	upTo   map[datelinev1.Stage]time.Time
	queued int64 // URLs in the frontier
	// from is where the first input without an outcome was, the time before.
	from map[datelinev1.Stage]time.Time
}

func (a *audit) run(ctx context.Context) error {
	for failed := false; ; {
		start := a.now()
		round, cancel := context.WithTimeout(ctx, auditTimeout)
		err := errors.Join(a.measure(round), a.balance(round))
		cancel()
		if err != nil && ctx.Err() == nil && !failed {
			a.log.Warn("the store's size and the ledger's balance cannot be had; their metrics stay as they were until they can", "error", err)
		}
		failed = err != nil
		if !loop.Sleep(ctx, max(auditInterval, auditShare*a.now().Sub(start))) {
			return nil
		}
	}
}

func (a *audit) measure(ctx context.Context) error {
	size, err := a.store.Size(ctx)
	if err != nil {
		return err
	}
	a.metrics.storeBytes.Set(float64(size.Bytes))
	a.metrics.stored.Set(float64(size.Articles))
	return nil
}

// balance asks the ledger what was missing when what waits was noted, if it has
// come so far, and then notes anew what waits.
func (a *audit) balance(ctx context.Context) error {
	behind, err := a.oldest(ctx, subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		return err
	}
	if !a.noted.IsZero() {
		if !behind.IsZero() && behind.Before(a.noted.Add(skew)) {
			return nil // the ledger is not so far yet
		}
		for _, stage := range balanced {
			if err := a.compare(ctx, stage); err != nil {
				return err
			}
		}
	}
	return a.note(ctx)
}

func (a *audit) compare(ctx context.Context, stage datelinev1.Stage) error {
	from := a.noted.Add(-auditReach)
	if a.from[stage].After(from) {
		from = a.from[stage]
	}
	left, err := a.store.Outstanding(ctx, stage, from, a.noted.Add(-overdue), a.upTo[stage])
	if err != nil {
		return err
	}
	if a.from[stage] = left.First; left.First.IsZero() {
		a.from[stage] = a.upTo[stage]
	}
	missing := left.Old
	if stage == datelinev1.Stage_STAGE_FETCH {
		missing = min(left.Old, max(0, left.All-a.queued))
	}
	a.metrics.unaccounted.WithLabelValues(subject.StageName(stage)).Set(float64(missing))
	return nil
}

// note writes down what waits now. Of a stream that is read in order all is
// settled that is older than the oldest message that waits. The frontier is not:
// there the messages are counted.
func (a *audit) note(ctx context.Context) error {
	now := a.now()
	frontier, err := a.js.Stream(ctx, subject.StreamFrontier)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", subject.StreamFrontier, err)
	}
	upTo := map[datelinev1.Stage]time.Time{datelinev1.Stage_STAGE_FETCH: now.Add(-skew)}
	for stage, input := range map[datelinev1.Stage]backlog.Input{
		datelinev1.Stage_STAGE_EXTRACT: {Stream: subject.StreamPages, Consumer: subject.ConsumerExtract},
		datelinev1.Stage_STAGE_INDEX:   {Stream: subject.StreamArticles, Consumer: subject.ConsumerIndex},
	} {
		waits, err := a.oldest(ctx, input.Stream, input.Consumer)
		if err != nil {
			return err
		}
		if upTo[stage] = now.Add(-overdue); !waits.IsZero() && waits.Add(-skew).Before(upTo[stage]) {
			upTo[stage] = waits.Add(-skew)
		}
	}
	a.noted, a.upTo, a.queued = now, upTo, int64(frontier.CachedInfo().State.Msgs)
	if a.from == nil {
		a.from = map[datelinev1.Stage]time.Time{}
	}
	return nil
}

// oldest is when the oldest message that waits for a consumer was stored; zero
// where none waits.
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
