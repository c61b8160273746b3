// Package pipeline runs all stages in one process, on an embedded NATS server
// and store unless outside ones are named.
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
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// embeddedReplica is the fetcher's name on an embedded server, where there is
// one pipeline at a time: after a crash it takes its own leases back at once.
const embeddedReplica = "embedded"

// Pipeline is all stages, ready to run. Make it with Open and end it with Close.
type Pipeline struct {
	Bus   *Bus
	Store store.Store

	config   Config
	log      *slog.Logger
	registry *prometheus.Registry
	traces   *tracing.Tracer
	stages   []process.Runner
}

// Open starts or reaches NATS and the store, and makes the stages.
func Open(ctx context.Context, config Config, log *slog.Logger) (*Pipeline, error) {
	p := &Pipeline{config: config, log: log, registry: telemetry.NewRegistry("dateline")}
	version, _ := telemetry.Build()
	var err error
	if p.traces, err = tracing.New(ctx, config.Tracing, "dateline", version, log); err != nil {
		return nil, err
	}
	if p.Bus, err = embed(ctx, config, config.Data.NATSAddr, log); err != nil {
		p.traces.Close(ctx)
		return nil, err
	}
	if p.Store, err = store.Open(ctx, config.StoreURL()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if p.Bus.Embedded() && config.Fetcher.Replica == "" {
		config.Fetcher.Replica = embeddedReplica
	}
	env := fetcher.Env{NC: p.Bus.NC, JS: p.Bus.JS, Registry: p.registry, Log: log, Traces: p.traces}
	fetch, err := fetcher.New(ctx, env, config.Fetcher)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	extract, err := extractor.New(ctx, config.Extractor, extractor.Dependencies{
		JS: p.Bus.JS, Registry: p.registry, Log: log, Tracer: p.traces,
	})
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	index, err := indexer.New(ctx, config.Indexer, indexer.Dependencies{
		JS: p.Bus.JS, Store: p.Store, Registry: p.registry, Log: log, Tracer: p.traces,
	})
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if folder := cmp.Or(config.folder(p.Bus.Embedded()), config.Store.Disk); folder != "" {
		disk.Register(p.registry, folder)
	}
	inputs := slices.Concat(fetcher.Inputs(), extractor.Inputs(), indexer.Inputs())
	bus.Expose(p.Bus.NC, p.registry)
	p.stages = []process.Runner{fetch, extract, index, backlog.New(p.Bus.JS, p.registry, log, time.Now, inputs...)}
	return p, nil
}

// Run works until ctx ends, then finishes what is under way.
func (p *Pipeline) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	for _, stage := range p.stages {
		tasks.Go(func() error { return stage.Run(ctx) })
	}
	checks := append(process.Checks(p.Bus.NC, p.Bus.JS), telemetry.Check{Name: "store", Test: p.Store.Ping})
	tasks.Go(func() error {
		handler := telemetry.Handler(p.registry, checks, p.config.Admin.Routes()...)
		return telemetry.Serve(ctx, p.config.Admin.Addr, handler, p.log)
	})
	tasks.Go(func() error {
		return web.Serve(ctx, p.config.HTTP, web.Dependencies{
			Library: library.New(p.Store, p.Bus.JS), Registry: p.registry, Log: p.log,
		})
	})
	if p.Bus.Embedded() {
		tasks.Go(func() error { return p.config.watchDisk(ctx) })
	}
	tasks.Go(func() error { return topology.Trim(ctx, p.Bus.JS, p.log, 10*time.Second) })
	return tasks.Wait()
}

// Close ends the store and the bus, after Run has returned.
func (p *Pipeline) Close() error {
	p.traces.Close(context.Background())
	var err error
	if p.Store != nil {
		err = p.Store.Close()
	}
	return errors.Join(err, p.Bus.Close())
}
