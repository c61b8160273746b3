// Package indexer is the last stage of the pipeline. It stores the articles that
// the extractor publishes and the ledger of outcomes.
package indexer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Inputs returns the streams that the stage reads, and those that it writes and
// whose size it reports.
func Inputs() []backlog.Input {
	return []backlog.Input{
		{Stream: subject.StreamArticles, Consumer: subject.ConsumerIndex},
		{Stream: subject.StreamOutcomes, Consumer: subject.ConsumerLedger},
		{Stream: subject.StreamDead}, {Stream: subject.StreamRevisions},
		// Also watched if the archiver does not run: pages stay on their stream until they
		// are archived.
		{Stream: subject.StreamPages, Consumer: subject.ConsumerArchive, Optional: true},
	}
}

// streamNames returns the names of the streams that the stage reads.
func streamNames() []string { return []string{subject.StreamArticles, subject.StreamOutcomes} }

// Dependencies are what an Indexer needs besides its configuration.
type Dependencies struct {
	// JS is a connection to streams that topology.Reconcile has declared.
	JS jetstream.JetStream
	// Store is where articles and outcomes are stored. The caller closes it.
	Store    store.Store
	Registry prometheus.Registerer
	Log      *slog.Logger
	// Tracer creates a span for each article. Nil means no spans.
	Tracer *tracing.Tracer
}

// Indexer is the indexing stage. Create it with New.
type Indexer struct {
	store    store.Store
	log      *slog.Logger
	articles *stage.Loop
	ledger   *stage.Loop
	audit    *audit
	progress *progressWatch
	readers  map[string]*progress.Reader // by stream
	erased   overwriter
	kept     *retention
	sources  *sourceWatch
	metrics  *metrics
}

// New returns an Indexer for a valid configuration.
func New(ctx context.Context, config Config, deps Dependencies) (*Indexer, error) {
	ix := &Indexer{
		store: deps.Store, log: deps.Log, metrics: newMetrics(deps.Registry),
		readers: map[string]*progress.Reader{},
	}
	limits := config.copyLimits()
	deps.Store.LimitCopies(limits)
	ix.metrics.window.limit(limits)
	ix.audit = &audit{js: deps.JS, store: deps.Store, metrics: ix.metrics, log: deps.Log, now: time.Now}
	lib := library.New(deps.Store, deps.JS)
	ix.sources = newSourceWatch(sourceWatch{
		store: deps.Store, library: lib, list: newSourceList(lib, deps.Registry), log: deps.Log, now: time.Now,
	}, deps.Registry)
	ix.erased = overwriter{deps.Store, deps.Log}
	ix.kept = newRetention(retention{
		js: deps.JS, store: deps.Store, config: config, log: deps.Log, now: time.Now,
	}, deps.Registry)
	ix.progress = &progressWatch{js: deps.JS, store: deps.Store, metrics: ix.metrics, log: deps.Log}
	metrics := stage.NewMetrics(deps.Registry, datelinev1.Stage_STAGE_INDEX)
	shared := stage.Config{
		Stage: datelinev1.Stage_STAGE_INDEX,
		Writer: ledger.NewWriter(ledger.Config{
			JS: deps.JS, Stage: datelinev1.Stage_STAGE_INDEX, Log: deps.Log, Now: time.Now,
			Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
		}),
		Log: deps.Log, Metrics: metrics, Workers: 1, Batch: config.Batch, BatchWait: config.BatchWait,
		MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout, Traces: deps.Tracer,
	}
	for _, name := range streamNames() {
		reader, err := progress.NewReader(ctx, deps.JS, name, deps.Log)
		if err != nil {
			return nil, fmt.Errorf("opening stream %s: %w", name, err)
		}
		ix.readers[name] = reader
	}
	articles, outcomes := shared, shared
	articles.Handle, articles.Skipped = ix.put, ix.skip
	// The inputs of the ledger are outcomes, which have no outcomes or spans of
	// their own.
	outcomes.Handle, outcomes.Skipped = ix.record, ix.skip
	outcomes.Metrics, outcomes.Traces = stage.NewLedgerMetrics(deps.Registry), nil
	var err error
	if articles.Consumer, err = openConsumer(ctx, deps.JS, subject.StreamArticles, subject.ConsumerIndex); err != nil {
		return nil, err
	}
	if outcomes.Consumer, err = openConsumer(ctx, deps.JS, subject.StreamOutcomes, subject.ConsumerLedger); err != nil {
		return nil, err
	}
	ix.articles, ix.ledger = stage.New(articles), stage.New(outcomes)
	return ix, nil
}

func openConsumer(ctx context.Context, js jetstream.JetStream, stream, name string) (jetstream.Consumer, error) {
	consumer, err := js.Consumer(ctx, stream, name)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", name, err)
	}
	return consumer, nil
}

// Checks returns the stage's readiness checks: the store answers, no inputs are lost, and
// the store is not older than the streams.
func (ix *Indexer) Checks() []telemetry.Check {
	return []telemetry.Check{
		{Name: "store", Test: ix.store.Ping},
		{Name: "ledger", Test: ix.audit.check},
		{Name: "progress", Test: ix.progress.check},
	}
}

// Run works until ctx ends. Then it finishes the work in progress, for at most
// the configured drain timeout; unfinished messages will be delivered again.
func (ix *Indexer) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return ix.articles.Run(ctx) })
	tasks.Go(func() error { return ix.ledger.Run(ctx) })
	tasks.Go(func() error { return ix.audit.run(ctx) })
	tasks.Go(func() error { return ix.progress.run(ctx) })
	tasks.Go(func() error { return ix.sources.run(ctx) })
	tasks.Go(func() error { return ix.erased.run(ctx) })
	tasks.Go(func() error { return ix.kept.run(ctx) })
	return tasks.Wait()
}
