// Command discoverer runs the discoverer as a service.
package main

import (
	"context"
	"os"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type config struct {
	NATS       bus.Config
	Admin      telemetry.Config
	Tracing    tracing.Config
	Store      indexer.StoreConfig
	Discoverer discoverer.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Discoverer: discoverer.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "discoverer", About: "Finds the URLs of new articles in the feeds, sitemaps and pages of the sources.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: discoverer.Inputs(),
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			opened, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			stage, err := discoverer.New(ctx, cfg.Discoverer, discoverer.Dependencies{
				JS: env.JS, Store: opened, Registry: env.Registry, Log: env.Log, Tracer: env.Traces,
			})
			if err != nil {
				opened.Close()
				return nil, nil, err
			}
			return service{stage, opened}, []telemetry.Check{{Name: "store", Test: opened.Ping}}, nil
		},
	})
}

// service runs the stage, and then closes its store.
type service struct {
	stage *discoverer.Discoverer
	store store.Store
}

func (s service) Run(ctx context.Context) error {
	defer s.store.Close()
	return s.stage.Run(ctx)
}
