// Package archiver is a stage beside the extractor. It writes every fetched page to the
// archive: WARC files in a folder, and an index of them in the store.
package archiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/pagebody"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Inputs returns the consumers that the stage reads from.
func Inputs() []backlog.Input {
	return []backlog.Input{
		{Stream: subject.StreamPages, Consumer: subject.ConsumerArchive},
		{Stream: subject.StreamExchanges, Consumer: subject.ConsumerArchive},
	}
}

const (
	// batchSize is the maximum number of pages that share the syncs of the file, of the
	// index and of the ledger.
	batchSize = 32
	// maxHeld is the maximum size of all pages that the stage holds, in bytes, and half of that
	// of all other exchanges. Bodies that are not in their messages are read one at a time.
	maxHeld = 24 << 20
	// batchWait is the maximum time to wait for a batch to fill.
	batchWait = 50 * time.Millisecond
	// upkeepInterval is the interval at which a file without new pages is tested for its
	// age, the records of erased captures are overwritten, and a step of retention is taken.
	upkeepInterval = time.Second
)

// Dependencies are the services that an Archiver uses.
type Dependencies struct {
	// JS is a connection to streams that topology.Reconcile has declared, with the
	// archiver's consumer.
	JS jetstream.JetStream
	// Files are where the archive is.
	Files *files.Files
	// Store has the index, and knows which articles were erased.
	Store interface {
		SQL() store.Database
		store.Eraser
	}
	Registry prometheus.Registerer
	Log      *slog.Logger
	// Tracer creates a span for each page. Nil means no spans.
	Tracer *tracing.Tracer
	// Now returns the time. It decides what is kept, and is the date of erased records.
	Now func() time.Time
}

// Archiver is the archiving stage. Create it with New.
type Archiver struct {
	loops   []*stage.Loop // for pages, and for other exchanges
	bodies  *pagebody.Reader
	index   *captures.Index
	erased  store.Eraser
	metrics *metrics
	log     *slog.Logger
	files   *files.Files
	now     func() time.Time

	retention retention
	bucket    *bucketKeeper // nil unless the archive is in a bucket

	// full is why the stage has stopped, if the spool is full.
	full atomic.Pointer[string]

	mu      sync.Mutex // guards what follows
	folder  *folder.Folder
	encoder *warcfile.Encoder
	members bytes.Buffer
	// unindexed are records that are durable, but perhaps not in the index.
	unindexed *batch
}

// New takes the folder, brings it and the index in line, and returns an Archiver for a
// valid configuration and the files of its archive.
func New(ctx context.Context, config Config, deps Dependencies) (*Archiver, error) {
	consumers := make([]jetstream.Consumer, len(Inputs()))
	for i, input := range Inputs() {
		var err error
		if consumers[i], err = deps.JS.Consumer(ctx, input.Stream, input.Consumer); err != nil {
			return nil, fmt.Errorf("opening consumer %s of stream %s: %w", input.Consumer, input.Stream, err)
		}
	}
	a := &Archiver{
		index: captures.Of(deps.Store), erased: deps.Store, metrics: newMetrics(deps.Registry), log: deps.Log,
		files: deps.Files, now: deps.Now,
	}
	var err error
	if a.retention, err = newRetention(config); err != nil {
		return nil, err
	}
	if a.encoder, err = warcfile.NewEncoder(); err != nil {
		return nil, err
	}
	if a.bodies, err = pagebody.NewReader(deps.JS, 1, warcfile.MaxBlock/2); err != nil {
		return nil, err
	}
	in := folder.Config{
		Dir: deps.Files.Dir(), MaxBytes: config.MaxFileBytes, MaxAge: config.MaxFileAge, MinFree: config.MinFree,
		Info: a.infoMember, Now: deps.Now,
	}
	if deps.Files.InBucket() {
		in.MaxSpool = config.MaxSpool
		a.metrics.bucket.limit.Set(float64(config.MaxSpool))
	}
	a.folder, err = folder.Open(in)
	if err != nil {
		a.bodies.Close()
		return nil, err
	}
	if err := a.recover(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the archive in line with its index: %w", err), a.Close())
	}
	if deps.Files.InBucket() {
		a.bucket = newBucketKeeper(a)
	}
	metrics := stage.NewMetrics(deps.Registry, datelinev1.Stage_STAGE_ARCHIVE)
	writer := ledger.NewWriter(ledger.Config{
		JS: deps.JS, Stage: datelinev1.Stage_STAGE_ARCHIVE, Log: deps.Log, Now: deps.Now,
		Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
	})
	for i, consumer := range consumers {
		a.loops = append(a.loops, stage.New(stage.Config{
			Stage: datelinev1.Stage_STAGE_ARCHIVE, Consumer: consumer, Writer: writer,
			Handle: a.handle, Metrics: metrics, Log: deps.Log, Traces: deps.Tracer,
			Workers: 1, Batch: batchSize, BatchWait: batchWait, MaxBytes: maxHeld / int64(i+1),
			MaxMessage: deps.JS.Conn().MaxPayload(), MaxAttempts: config.MaxAttempts, DrainTimeout: config.DrainTimeout,
		}))
	}
	return a, nil
}

// Run archives pages until ctx ends. It then finishes the pages in progress, for at most
// the configured drain timeout. Unfinished pages are delivered again.
func (a *Archiver) Run(ctx context.Context) error {
	tasks, ctx := errgroup.WithContext(ctx)
	for _, one := range a.loops {
		tasks.Go(func() error { return one.Run(ctx) })
	}
	tasks.Go(func() error {
		return loop.Every(ctx, upkeepInterval, func(ctx context.Context) error {
			a.completeDue()
			return nil
		})
	})
	tasks.Go(func() error {
		return loop.Every(ctx, upkeepInterval, func(ctx context.Context) error {
			if err := a.overwrite(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "overwriting erased captures failed, retrying", "error", err)
			}
			if err := a.retain(ctx, a.now()); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "applying the retention settings failed, retrying", "error", err)
			}
			return nil
		})
	})
	return tasks.Wait()
}

// overwrite overwrites the records of erased captures, and uploads complete files if the
// archive is in a bucket.
func (a *Archiver) overwrite(ctx context.Context) error {
	if a.bucket == nil {
		return a.index.Overwrite(ctx, a.files.Dir())
	}
	return a.bucket.keep(ctx)
}

// Checks returns the readiness checks of the stage.
func (a *Archiver) Checks() []telemetry.Check {
	return []telemetry.Check{{Name: "archive", Test: func(context.Context) error {
		if text := a.full.Load(); text != nil {
			return errors.New(*text)
		}
		return nil
	}}}
}

// completeDue completes the open file if it is old enough. After an error, the next batch
// tries again and reports it.
func (a *Archiver) completeDue() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.folder.Due() && a.unindexed == nil {
		if err := a.folder.Complete(); err != nil {
			a.log.Warn("completing a file of the archive failed, retrying", "error", err)
		}
	}
}

// Close completes the open file and releases the folder. It must not be called before Run
// has returned.
func (a *Archiver) Close() error {
	a.bodies.Close()
	return a.folder.Close()
}

// infoMember returns the first member of a file.
func (a *Archiver) infoMember(name string) ([]byte, error) {
	version, revision := telemetry.Build()
	record := warcfile.Record{
		Type: warcfile.TypeInfo, ID: warcfile.ID(name), Date: a.now(),
		Fields: fields(warcfile.FieldContentType, warcfile.Fields, "WARC-Filename", name),
		Head: warcfile.FieldBlock(fields("software", "Dateline/"+version, "revision", revision,
			"format", "WARC File Format 1.1",
			"conformsTo", "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/")),
	}
	var member bytes.Buffer
	err := a.encoder.Append(&member, &record)
	return member.Bytes(), err
}
