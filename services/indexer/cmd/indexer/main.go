// Command indexer runs the indexer as a service.
package main

import (
	"context"
	"os"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type config struct {
	NATS    bus.Config
	Admin   telemetry.Config
	Store   indexer.StoreConfig
	Indexer indexer.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Indexer: indexer.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "indexer", About: "Stores the articles that the extractor publishes, and the ledger of outcomes.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin,
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			articles, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			stage, err := indexer.New(ctx, env.JS, articles, cfg.Indexer, env.Registry, env.Log)
			if err != nil {
				articles.Close()
				return nil, nil, err
			}
			return closing{stage, articles}, []telemetry.Check{{Name: "store", Test: articles.Ping}}, nil
		},
	})
}

// closing closes the store after the stage has ended.
type closing struct {
	process.Runner
	store store.Store
}

func (c closing) Run(ctx context.Context) error {
	defer c.store.Close()
	return c.Runner.Run(ctx)
}
