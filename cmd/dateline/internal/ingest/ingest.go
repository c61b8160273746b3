// Package ingest publishes the pages of web archives, so that they are extracted and
// stored like fetched pages. Every page is an input of the stage ingest with exactly one
// outcome. Its id depends only on the record: records that were ingested before are
// recognised by their outcome in the ledger, so an interrupted run can be repeated.
package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/pages"
	"github.com/dateline-news/dateline/internal/warc"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Config configures Run.
type Config struct {
	// JS is a connection to the streams. It is not needed in a dry run.
	JS jetstream.JetStream
	// Ledger knows the records that were ingested before. It is not needed in a dry run.
	Ledger store.Ledger
	// Labels are attached to every page.
	Labels map[string]string
	// MaxBytes is the maximum size of a page.
	MaxBytes int64
	// Force publishes pages again that were ingested before.
	Force bool
	// DryRun only reads and counts.
	DryRun bool
	Log    *slog.Logger
	Now    func() time.Time
	// Progress is called with the number of bytes that were read since the last call.
	Progress func(bytes int64)
}

// Run publishes the pages of archives, one archive after another, and passes the summary
// of each to report. While a stream is full, it waits. It goes on after an archive that
// cannot be read, which is in its summary.
func Run(ctx context.Context, config Config, archives []Archive, report func(Summary) error) error {
	r := newRun(config)
	if !config.DryRun {
		r.writer = ledger.NewWriter(ledger.Config{
			JS: config.JS, Stage: datelinev1.Stage_STAGE_INGEST, Log: config.Log, Now: config.Now,
			Count: func(datelinev1.Verdict, outcome.Reason) {}, CountUnkept: func() {},
		})
		var err error
		if r.pages, err = pages.NewWriter(ctx, config.JS, r.writer, config.Log); err != nil {
			return err
		}
		if !config.Force {
			if err := r.awaitLedger(ctx); err != nil {
				return err
			}
		}
	}
	for _, archive := range archives {
		summary, err := r.archive(ctx, archive)
		if err := report(summary); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// run is one call of Run.
type run struct {
	Config
	reader *reader
	recent *recent
	writer *ledger.Writer
	pages  *pages.Writer
}

func newRun(config Config) *run {
	return &run{Config: config, recent: newRecent(), reader: &reader{
		labels: config.Labels, maxBytes: config.MaxBytes, now: config.Now, originals: newOriginals(),
	}}
}

const (
	// batchCaptures and batchBytes bound a batch of captures, which share a query of the
	// ledger and a write of outcomes. Three batches are in memory at a time.
	batchCaptures = 256
	batchBytes    = 4 << 20
)

// batch is some captures of an archive.
type batch struct {
	captures []*capture
	bytes    int
	// read is how many bytes of the archive were read for the batch.
	read int64
}

// archive publishes the pages of an archive. It reads the next batch while one is
// published.
func (r *run) archive(ctx context.Context, archive Archive) (Summary, error) {
	file, err := archive.Open(ctx)
	if err != nil {
		return Summary{Archive: archive.Name, Error: err.Error()}, nil
	}
	defer file.Close()
	var reading, publishing Summary
	batches := make(chan batch)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		defer close(batches)
		return r.read(ctx, file, &reading, batches)
	})
	tasks.Go(func() error {
		for b := range batches {
			if err := r.publish(ctx, b, &publishing); err != nil {
				return err
			}
			r.Progress(b.read)
		}
		return nil
	})
	err = tasks.Wait()
	reading.Archive = archive.Name
	reading.Add(publishing)
	return reading, err
}

// read sends the captures of an archive in batches. If the archive cannot be read to its
// end, the summary has the error.
func (r *run) read(ctx context.Context, file io.Reader, summary *Summary, batches chan<- batch) error {
	records := warc.NewReader(file)
	defer records.Close()
	var next batch
	var sent int64
	send := func() error {
		next.read = records.Offset() - sent
		sent += next.read
		select {
		case batches <- next:
			next = batch{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := r.each(ctx, records, summary, func(c *capture) error {
		next.captures = append(next.captures, c)
		if next.bytes += len(c.page.GetBody()); len(next.captures) == batchCaptures || next.bytes >= batchBytes {
			return send()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

// each passes the captures of an archive to take. If the archive cannot be read to its end,
// the summary has the error. each returns the error of take or of ctx.
func (r *run) each(ctx context.Context, records *warc.Reader, summary *Summary, take func(*capture) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := r.next(records, summary)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if damage, ok := errors.AsType[*warc.DamageError](err); ok {
			summary.damage(damage.Offset, damage.Reason.Error())
			continue
		}
		if err != nil {
			summary.Error = err.Error()
			return nil //nolint:nilerr // the summary has it
		}
		if c == nil {
			continue
		}
		if err := take(c); err != nil {
			return err
		}
	}
}

// next reads a record. It returns nil if the record is not a capture of a page.
func (r *run) next(records *warc.Reader, summary *Summary) (*capture, error) {
	record, err := records.Next()
	if err != nil {
		return nil, err
	}
	summary.Records++
	c, skip := r.reader.open(record)
	if skip != "" {
		summary.leaveOut(skip)
		return nil, nil
	}
	block, err := r.reader.block(record)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if err := records.Finish(); err != nil {
		return nil, err
	}
	if skip := r.reader.fill(c, record, block); skip != "" {
		summary.leaveOut(skip)
		return nil, nil
	}
	return c, nil
}

// firstBytes is how much is read at first of a block, whose stated length may be wrong,
// and in all of one that is too large.
const firstBytes = warc.MaxHeader

// block reads the block of a record. Only the start of a block that is too large is read:
// it shows whether the record has a page.
func (r *reader) block(record *warc.Record) ([]byte, error) {
	size := record.Length
	if size > r.maxBytes {
		size = firstBytes
	}
	block := make([]byte, 0, min(size, firstBytes))
	for int64(len(block)) < size {
		if len(block) == cap(block) {
			grown := make([]byte, len(block), min(size, 4*int64(cap(block))))
			copy(grown, block)
			block = grown
		}
		n, err := io.ReadFull(record.Block, block[len(block):cap(block)])
		block = block[:len(block)+n]
		if err != nil {
			return block, err
		}
	}
	return block, nil
}
