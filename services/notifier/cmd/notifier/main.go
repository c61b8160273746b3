// Command notifier runs the notifier as a service.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
)

type config struct {
	NATS     bus.Config
	Admin    telemetry.Config
	Tracing  tracing.Config
	Store    indexer.StoreConfig
	Notifier notifier.Config
	S3       objects.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Notifier: notifier.DefaultConfig(),
		S3: objects.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "notifier", About: "Delivers new, changed and erased articles to subscriptions.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing,
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			opened, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			stage, err := notifier.New(ctx, cfg.Notifier, notifier.Dependencies{
				JS: env.JS, Store: opened, S3: cfg.S3, Registry: env.Registry, Log: env.Log,
			})
			if err != nil {
				return nil, nil, errors.Join(err, opened.Close())
			}
			return service{stage, opened}, []telemetry.Check{{Name: "store", Test: opened.Ping}}, nil
		},
	})
}

// service runs the stage, and then closes its store.
type service struct {
	stage *notifier.Notifier
	store store.Store
}

func (s service) Run(ctx context.Context) error {
	return errors.Join(s.stage.Run(ctx), s.store.Close())
}
