// Package discoverer is the stage that finds the URLs of new articles: it has the fetcher
// poll the feeds, sitemaps and pages of links of the sources, and publishes what is new
// in them on the subject `urls`.
package discoverer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/pagebody"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Inputs returns the streams and consumers that the stage reads from.
func Inputs() []backlog.Input {
	return []backlog.Input{{Stream: subject.StreamListings, Consumer: subject.ConsumerDiscover}}
}

// Dependencies are what the stage needs. Tracer may be nil.
type Dependencies struct {
	JS       jetstream.JetStream
	Store    store.Store
	Registry prometheus.Registerer
	Log      *slog.Logger
	Tracer   *tracing.Tracer
}

// Discoverer is the stage. Create it with New.
type Discoverer struct {
	config  Config
	js      jetstream.JetStream
	sources *sources.Sources
	ledger  store.Ledger
	hosts   store.Sources
	stored  store.Reader
	writer  *ledger.Writer
	loop    *stage.Loop
	bodies  *pagebody.Reader
	metrics *discoverMetrics
	log     *slog.Logger
	now     func() time.Time
	hubs    *hub.Client
	pushing chan struct{}                 // has an element for each push that is read
	known   generations[string, credited] // by the id of the source
	sent    generations[uint64, uint64]   // the articles that were published last, with their requests
	locks   [64]sync.Mutex                // a source has one of them: its responses are read one after the other
	// lastSilent is the silent host at which the next look for silent sources continues.
	lastSilent string
	spread     bool // the polls that were overdue at the start are spread
}

// New connects the stage to streams that topology.Reconcile has declared. The
// configuration must be valid.
func New(ctx context.Context, config Config, deps Dependencies) (*Discoverer, error) {
	consumer, err := deps.JS.Consumer(ctx, subject.StreamListings, subject.ConsumerDiscover)
	if err != nil {
		return nil, fmt.Errorf("opening consumer %s: %w", subject.ConsumerDiscover, err)
	}
	bodies, err := pagebody.NewReader(deps.JS, config.Workers, maxBody)
	if err != nil {
		return nil, err
	}
	metrics := stage.NewMetrics(deps.Registry, datelinev1.Stage_STAGE_DISCOVER)
	writer := ledger.NewWriter(ledger.Config{
		JS: deps.JS, Stage: datelinev1.Stage_STAGE_DISCOVER, Log: deps.Log, Now: time.Now,
		Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
	})
	d := &Discoverer{
		config: config, js: deps.JS, sources: sources.Of(deps.Store), ledger: deps.Store, hosts: deps.Store,
		stored: deps.Store,
		writer: writer, bodies: bodies,
		metrics: newDiscoverMetrics(deps.Registry), log: deps.Log, now: time.Now,
		hubs: hub.NewClient(config.AllowPrivate), pushing: make(chan struct{}, maxPushing),
		known: generations[string, credited]{size: maxCredited}, sent: generations[uint64, uint64]{size: maxSent},
	}
	d.loop = stage.New(stage.Config{
		Stage: datelinev1.Stage_STAGE_DISCOVER, Consumer: consumer, Writer: writer,
		Handle: d.handle, Metrics: metrics, Log: deps.Log, Traces: deps.Tracer,
		Workers: config.Workers, Batch: 1, MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout,
	})
	return d, nil
}

// Run polls endpoints and reads the responses until ctx ends.
func (d *Discoverer) Run(ctx context.Context) error {
	defer d.bodies.Close()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return d.loop.Run(ctx) })
	tasks.Go(func() error { return loop.Every(ctx, pollInterval, d.pollDue) })
	tasks.Go(func() error { return loop.Every(ctx, pollInterval, d.continueBackfills) })
	tasks.Go(func() error { return loop.Every(ctx, learnInterval, d.learnOutcomes) })
	tasks.Go(func() error { return loop.Tick(ctx, searchInterval, d.searchAgain) })
	tasks.Go(func() error { return d.serveTrials(ctx) })
	tasks.Go(func() error { return loop.Every(ctx, countInterval, d.countEndpoints) })
	if d.config.CallbackURL != "" {
		if err := d.sources.Resubscribe(ctx, d.config.CallbackURL, d.now()); err != nil && ctx.Err() == nil {
			d.log.Warn("looking for subscriptions of another callback failed", "stage", "discover", "error", err)
		}
		tasks.Go(func() error { return d.serveCallback(ctx) })
		tasks.Go(func() error { return loop.Every(ctx, hubInterval, d.askHubs) })
	}
	return tasks.Wait()
}
