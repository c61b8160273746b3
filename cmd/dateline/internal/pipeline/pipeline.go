// Package pipeline runs all stages in one process, on an embedded NATS server and an
// embedded store unless the configuration names external ones.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier"
)

// embeddedReplica is the name of the fetcher and the notifier on an embedded server. Only one pipeline
// uses such a server, so after a crash the next one can take the leases and claims back at once.
const embeddedReplica = "embedded"

// trimInterval is the time between two checks whether streams have to be trimmed.
const trimInterval = 10 * time.Second

// Pipeline consists of all stages and what they need. Open creates it.
type Pipeline struct {
	Bus   *Bus
	Store store.Store

	// reads is what the web server reads. closeReads is nil until it is open.
	reads      store.Store
	closeReads func() error

	config   Config
	log      *slog.Logger
	registry *prometheus.Registry
	traces   *tracing.Tracer
	stages   []process.Runner
	archive  *files.Files       // nil if nothing is archived
	archiver *archiver.Archiver // nil if nothing is archived
	checks   []telemetry.Check
}

// Open connects to NATS and the store, starting them if they are embedded, and creates
// the stages.
func Open(ctx context.Context, config Config, log *slog.Logger) (*Pipeline, error) {
	p := &Pipeline{config: config, log: log, registry: telemetry.NewRegistry("dateline")}
	version, _ := telemetry.Build()
	var err error
	if p.traces, err = tracing.New(ctx, config.Tracing, "dateline", version, log); err != nil {
		return nil, err
	}
	if p.Bus, err = openDeclared(ctx, config, config.Data.NATSAddr, log); err != nil {
		p.traces.Close(ctx)
		return nil, err
	}
	if p.Store, err = store.Open(ctx, config.StoreURL()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if p.reads, p.closeReads, err = replica.Readable(ctx, p.Store, config.Store.Replica(), p.registry, log); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.createStages(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if folder := cmp.Or(config.folder(p.Bus.Embedded()), config.Store.Disk); folder != "" {
		disk.Register(p.registry, folder)
	}
	bus.Expose(p.Bus.NC, p.registry)
	return p, nil
}

func (p *Pipeline) createStages(ctx context.Context) error {
	fetching := p.config.Fetcher
	if p.Bus.Embedded() && fetching.Replica == "" {
		fetching.Replica = embeddedReplica
	}
	if p.config.Archiver.Dir == "" {
		fetching.CaptureExchanges = false // nothing would read them
	}
	env := fetcher.Env{NC: p.Bus.NC, JS: p.Bus.JS, Registry: p.registry, Log: p.log, Traces: p.traces}
	fetch, err := fetcher.New(ctx, env, fetching)
	if err != nil {
		return err
	}
	extract, err := extractor.New(ctx, p.config.Extractor, extractor.Dependencies{
		JS: p.Bus.JS, Registry: p.registry, Log: p.log, Tracer: p.traces,
	})
	if err != nil {
		return err
	}
	index, err := indexer.New(ctx, p.config.Indexer, indexer.Dependencies{
		JS: p.Bus.JS, Store: p.Store, Registry: p.registry, Log: p.log, Tracer: p.traces,
	})
	if err != nil {
		return err
	}
	discover, err := discoverer.New(ctx, p.config.Discoverer, discoverer.Dependencies{
		JS: p.Bus.JS, Store: p.Store, Registry: p.registry, Log: p.log, Tracer: p.traces,
	})
	if err != nil {
		return err
	}
	notifying := notifier.Dependencies{JS: p.Bus.JS, Store: p.Store, S3: p.config.S3, Registry: p.registry, Log: p.log}
	if p.Bus.Embedded() {
		notifying.Replica = embeddedReplica
	}
	notify, err := notifier.New(ctx, p.config.Notifier, notifying)
	if err != nil {
		return err
	}
	p.checks = append(process.Checks(p.Bus.NC, p.Bus.JS, "dateline"),
		telemetry.Check{Name: "nats server", Test: p.Bus.health})
	p.checks = append(p.checks, index.Checks()...)
	inputs := slices.Concat(fetcher.Inputs(), discoverer.Inputs(), extractor.Inputs(), indexer.Inputs())
	p.stages = []process.Runner{fetch, discover, extract, index, notify}
	if p.archive, err = p.config.Archive(); err != nil {
		return err
	}
	if p.archive != nil {
		if err := p.createArchiver(ctx); err != nil {
			return err
		}
		inputs = append(inputs, archiver.Inputs()...)
	}
	p.stages = append(p.stages, backlog.New(p.Bus.JS, p.registry, p.log, time.Now, inputs...))
	return nil
}

func (p *Pipeline) createArchiver(ctx context.Context) error {
	var err error
	p.archiver, err = archiver.New(ctx, p.config.Archiver, archiver.Dependencies{
		JS: p.Bus.JS, Files: p.archive, Store: p.Store, Registry: p.registry, Log: p.log, Tracer: p.traces, Now: time.Now,
	})
	if err == nil {
		p.stages, p.checks = append(p.stages, p.archiver), append(p.checks, p.archiver.Checks()...)
	}
	return err
}

// Run runs the stages, the admin server and the web server until ctx ends, and then
// finishes the work in progress.
func (p *Pipeline) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	for _, stage := range p.stages {
		tasks.Go(func() error { return stage.Run(ctx) })
	}
	tasks.Go(func() error {
		handler := telemetry.Handler(p.registry, p.checks, p.config.Admin.Routes()...)
		return p.config.Admin.Serve(ctx, handler, p.log)
	})
	tasks.Go(func() error {
		return web.Serve(ctx, p.config.HTTP, web.Dependencies{
			Library: library.New(p.reads, p.Bus.JS).WithArchive(p.archive), Registry: p.registry, Log: p.log,
		})
	})
	if p.Bus.Embedded() {
		tasks.Go(func() error { return p.config.watchDisk(ctx) })
	}
	if p.config.NATS.Declare {
		tasks.Go(func() error { return topology.Keep(ctx, p.Bus.JS, p.config.limits(), p.log) })
	}
	tasks.Go(func() error { return topology.Trim(ctx, p.Bus.JS, p.log, trimInterval) })
	return tasks.Wait()
}

// Close closes the store and the bus. It must not be called before Run has returned.
func (p *Pipeline) Close() error {
	p.traces.Close(context.Background())
	var err error
	if p.archiver != nil {
		err = p.archiver.Close()
	}
	p.archive.Close()
	if p.closeReads != nil {
		err = errors.Join(err, p.closeReads())
	}
	if p.Store != nil {
		err = errors.Join(err, p.Store.Close())
	}
	return errors.Join(err, p.Bus.Close())
}
