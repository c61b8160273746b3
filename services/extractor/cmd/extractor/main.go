// Command extractor runs the extractor as a service.
package main

import (
	"context"
	"os"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/extractor"
)

type config struct {
	NATS      bus.Config
	Admin     telemetry.Config
	Tracing   tracing.Config
	Extractor extractor.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Extractor: extractor.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "extractor", About: "Turns the pages that the fetcher publishes into article records.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: extractor.Inputs(),
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			stage, err := extractor.New(ctx, cfg.Extractor, extractor.Dependencies{
				JS: env.JS, Registry: env.Registry, Log: env.Log, Tracer: env.Traces,
			})
			return stage, nil, err
		},
	})
}
