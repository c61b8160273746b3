// Command indexer runs the indexer as a service.
package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
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

	Archiver library.ArchiveConfig
	S3       objects.Config
}

func main() { os.Exit(run()) }

func run() int {
	cfg := config{
		NATS: bus.DefaultConfig(), Admin: telemetry.DefaultConfig(), Tracing: tracing.DefaultConfig(),
		Store: indexer.DefaultStoreConfig(), Indexer: indexer.DefaultConfig(), HTTP: web.DefaultConfig(),
		S3: objects.DefaultConfig(),
	}
	return process.Main(process.Service{
		Name:   "indexer",
		About:  "Stores the articles that the extractor publishes and the ledger of outcomes, and serves both over HTTP.",
		Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin, Tracing: &cfg.Tracing, Inputs: indexer.Inputs(),
		New: func(ctx context.Context, env process.Env) (process.Runner, []telemetry.Check, error) {
			archive, err := files.Open(cfg.Archiver.Dir, cfg.Archiver.Spool, cfg.S3)
			if err != nil {
				return nil, nil, err
			}
			articles, err := store.Open(ctx, cfg.Store.URL)
			if err != nil {
				return nil, nil, err
			}
			if folder := cmp.Or(store.Folder(cfg.Store.URL), cfg.Store.Disk); folder != "" {
				disk.Register(env.Registry, folder)
			}
			stage, err := indexer.New(ctx, cfg.Indexer, indexer.Dependencies{
				JS: env.JS, Store: articles, Registry: env.Registry, Log: env.Log, Tracer: env.Traces,
			})
			if err != nil {
				articles.Close()
				return nil, nil, err
			}
			reads, closeReads, err := replica.Readable(ctx, articles, cfg.Store.Replica(), env.Registry, env.Log)
			if err != nil {
				articles.Close()
				return nil, nil, err
			}
			s := service{
				stage: stage, store: articles, reads: reads, closeReads: closeReads, http: cfg.HTTP, archive: archive, env: env,
			}
			return s, stage.Checks(), nil
		},
	})
}

// trimInterval is the interval at which consumed messages are removed from
// streams that are nearly full.
const trimInterval = 10 * time.Second

// service runs the stage together with the web server and the trimmer.
type service struct {
	stage *indexer.Indexer
	store store.Store
	// reads is what the web server reads.
	reads      store.Store
	closeReads func() error
	http       web.Config
	archive    *files.Files
	env        process.Env
}

// Run works until ctx ends, and then closes the store.
func (s service) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.closeReads(), s.store.Close()) }()
	defer s.archive.Close()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return s.stage.Run(ctx) })
	// The last stage trims for all, because messages must stay until it has
	// consumed them.
	tasks.Go(func() error { return topology.Trim(ctx, s.env.JS, s.env.Log, trimInterval) })
	tasks.Go(func() error {
		return web.Serve(ctx, s.http, web.Dependencies{
			Library: library.New(s.reads, s.env.JS).WithArchive(s.archive), Registry: s.env.Registry, Log: s.env.Log,
		})
	})
	return tasks.Wait()
}
