// Command indexer runs the indexer as a service.
package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

type config struct {
	NATS    bus.Config
	Admin   telemetry.Config
	Tracing tracing.Config
	Store   indexer.StoreConfig
	Indexer indexer.Config
	HTTP    web.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Indexer: indexer.DefaultConfig(), HTTP: web.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "indexer", About: "Stores the articles that the extractor publishes and the ledger of outcomes, and serves both over HTTP.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: indexer.Inputs(),
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			articles, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			if folder := cmp.Or(store.Folder(cfg.Store.URL), cfg.Store.Disk); folder != "" {
				disk.Register(env.Registry, folder)
			}
			stage, err := indexer.New(ctx, env.JS, articles, cfg.Indexer, env.Registry, env.Log, env.Traces)
			if err != nil {
				articles.Close()
				return nil, nil, err
			}
			served := serving{stage, cfg.HTTP, library.New(articles, env.JS), env}
			return closing{served, articles}, []telemetry.Check{{Name: "store", Test: articles.Ping}}, nil
		},
	})
}

// trimInterval is how often room is made in the streams.
const trimInterval = 10 * time.Second

// serving serves the web page and the API beside the stage, and keeps the
// streams from filling up with what is consumed.
type serving struct {
	process.Runner
	config  web.Config
	library *library.Library
	env     process.Env
}

func (s serving) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return s.Runner.Run(ctx) })
	// The last stage makes room for all: nothing may go before it has seen it.
	tasks.Go(func() error { return topology.Trim(ctx, s.env.JS, s.env.Log, trimInterval) })
	tasks.Go(func() error { return web.Serve(ctx, s.config, s.library, s.env.Registry, s.env.Log) })
	return tasks.Wait()
}

// closing closes the store after the stage has ended.
type closing struct {
	process.Runner
	store io.Closer
}

func (c closing) Run(ctx context.Context) error {
	defer c.store.Close()
	return c.Runner.Run(ctx)
}
