// Command archiver runs the archiver as a service.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type config struct {
	NATS     bus.Config
	Admin    telemetry.Config
	Tracing  tracing.Config
	Store    indexer.StoreConfig
	Archiver archiver.Config
	S3       objects.Config
}

// Validate returns an error if there is no folder to write to.
func (c config) Validate() error {
	if c.Archiver.Dir == "" {
		return errors.New("archiver.dir is empty: name the folder of the archive, or s3://BUCKET/PREFIX")
	}
	if files.IsBucket(c.Archiver.Dir) && c.Archiver.Spool == "" {
		return errors.New("archiver.spool is empty: name the folder in which files stay until they are uploaded")
	}
	return nil
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Archiver: archiver.DefaultConfig(),
		S3: objects.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name: "archiver", About: "Writes every fetched page to WARC files, and an index of them to the store.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: archiver.Inputs(), Archive: true,
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			archive, err := files.Open(cfg.Archiver.Dir, cfg.Archiver.Spool, cfg.S3)
			if err != nil {
				return nil, nil, err
			}
			opened, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			stage, err := archiver.New(ctx, cfg.Archiver, archiver.Dependencies{
				JS: env.JS, Files: archive, Store: opened, Registry: env.Registry, Log: env.Log, Tracer: env.Traces, Now: time.Now,
			})
			if err != nil {
				return nil, nil, errors.Join(err, opened.Close())
			}
			disk.Register(env.Registry, archive.Dir())
			checks := append(stage.Checks(), telemetry.Check{Name: "store", Test: opened.Ping})
			return service{stage, archive, opened}, checks, nil
		},
	})
}

// service runs the stage, and then closes the archive and the store.
type service struct {
	stage   *archiver.Archiver
	archive *files.Files
	store   store.Store
}

func (s service) Run(ctx context.Context) error {
	defer s.archive.Close()
	return errors.Join(s.stage.Run(ctx), s.stage.Close(), s.store.Close())
}
