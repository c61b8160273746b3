// Command fetcher runs the fetcher as a service.
package main

import (
	"context"
	"os"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/fetcher"
)

type config struct {
	NATS    bus.Config
	Admin   telemetry.Config
	Tracing tracing.Config
	Fetcher fetcher.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Fetcher: fetcher.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "fetcher", About: "Fetches the URLs that are published on the subject urls.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: fetcher.Inputs(),
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			stage, err := fetcher.New(ctx, fetcher.Env{
				NC: env.NC, JS: env.JS, Registry: env.Registry, Log: env.Log, Traces: env.Traces,
			}, cfg.Fetcher)
			return stage, nil, err
		},
	})
}
