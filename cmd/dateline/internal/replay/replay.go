// Package replay extracts stored pages again, in the same way as the pipeline. It compares
// the records with the stored ones and, if asked to, replaces those that differ. A run that
// replaces records keeps its progress in the store, so it can be continued and undone.
package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Selection selects the pages to extract again.
type Selection struct {
	// Query selects stored articles. The page of an article is the one that its record was
	// extracted from.
	Query store.Query `json:"query"`
	// URL selects one stored article.
	URL string `json:"url,omitempty"`
	// Version selects the records of a version of the extractor.
	Version string `json:"extractor_version,omitempty"`
	// Refused also selects archived pages of URLs that have no article.
	Refused bool `json:"refused,omitempty"`
	// Archives are web archives to read the pages from, instead of the store's archive. Only
	// the version restricts them further.
	Archives []ingest.Archive `json:"-"`
	// Files are the names of Archives, which a stored run does not have.
	Files []string `json:"files,omitempty"`
}

// Config configures Replay.
type Config struct {
	Library *library.Library
	// Archived reports whether the library has an archive.
	Archived bool
	// JS is a connection to the streams of the running pipeline, or nil if none runs.
	JS         jetstream.JetStream
	Extraction *extractor.Extraction
	Selection  Selection
	// MaxBytes is the maximum size of a page in Selection.Archives.
	MaxBytes int64
	// Rate is the maximum number of pages in a second. 0 means no limit.
	Rate float64
	// Workers is the number of pages that are extracted at the same time.
	Workers int
	// Run is the run that replaces the records that differ, or nil for a dry run.
	Run *Run
	Log *slog.Logger
	Now func() time.Time
	// Report is called for each page, in order.
	Report func(Result) error
	// ReportFile is called for each of Selection.Archives when it has been read.
	ReportFile func(ingest.Summary) error
	// Progress is called with the number of bytes that were read of Selection.Archives since
	// the last call.
	Progress func(bytes int64)
}

// Status is the result of extracting a page again.
type Status string

// The results.
const (
	// Same means that the record is the same.
	Same Status = "same"
	// Differs means that the record differs in the fields of Result.Differences.
	Differs Status = "differs"
	// Refused means that the page has no article any more. The stored record stays.
	Refused Status = "refused"
	// Accepted means that the page had no article, and has one now.
	Accepted Status = "accepted"
	// StillRefused means that the page had no article, and has none now.
	StillRefused Status = "still refused"
	// Replaced means that this run had replaced the record before it was continued.
	Replaced Status = "replaced before"
	// Gone means that the page is not stored any more.
	Gone Status = "page gone"
	// Superseded means that the stored record was extracted from a later page.
	Superseded Status = "not the stored capture"
	// Failed means that the page could not be extracted.
	Failed Status = "failed"
)

// Result is the result of extracting a page again.
type Result struct {
	Status Status `json:"status"`
	// ID is the id of the stored article, if there is one.
	ID  string `json:"id,omitempty"`
	URL string `json:"url"`
	// Version is that of the extractor that made the stored record.
	Version string `json:"extractor_version,omitempty"`
	// Differences are the fields that differ.
	Differences []Difference `json:"differences,omitempty"`
	// Detail is why a page has no article, or could not be extracted.
	Detail string `json:"detail,omitempty"`

	// Before and After are the stored record and that of the page. They are nil if there is
	// none.
	Before *datelinev1.Article `json:"-"`
	After  *datelinev1.Article `json:"-"`

	mark   *mark
	pageID string
}

// run is one call of Replay.
type run struct {
	Config

	throttle *throttle
	applier  *applier // nil in a dry run
}

// Replay extracts the selected pages again and reports each of them.
func Replay(ctx context.Context, config Config) error {
	r := &run{Config: config}
	var err error
	if r.throttle, err = newThrottle(ctx, config); err != nil {
		return err
	}
	if config.Run == nil {
		return r.work(ctx)
	}
	return RunsOf(config.Library).holding(ctx, config.Run, config.Log, config.Now, func(ctx context.Context) error {
		if r.applier, err = newApplier(config); err != nil {
			return err
		}
		if err := r.work(ctx); err != nil {
			return err
		}
		return r.applier.finish(ctx)
	})
}

// work extracts the selected pages, and reports and applies the results.
func (r *run) work(ctx context.Context) error {
	pending := make(chan chan Result, 2*r.Workers)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		defer close(pending)
		return r.feed(ctx, pending)
	})
	tasks.Go(func() error { return r.collect(ctx, pending) })
	return tasks.Wait()
}

// feed extracts the selected pages and sends the channels of their results in the order of
// the selection.
func (r *run) feed(ctx context.Context, pending chan<- chan Result) error {
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(r.Workers)
	for one, err := range r.candidates(ctx) {
		if err == nil && one.mark == nil {
			err = r.throttle.wait(ctx)
		}
		if err != nil {
			return errors.Join(err, workers.Wait())
		}
		result := make(chan Result, 1)
		select {
		case pending <- result:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), workers.Wait())
		}
		workers.Go(func() error {
			defer close(result)
			start := r.Now()
			extracted, err := r.extract(ctx, one)
			if err != nil {
				return err
			}
			result <- extracted
			return r.throttle.rest(ctx, r.Now().Sub(start))
		})
	}
	return workers.Wait()
}

// collect reports the results in order and applies them.
func (r *run) collect(ctx context.Context, pending <-chan chan Result) error {
	for result := range pending {
		one, ok := <-result
		if !ok {
			return nil // feed returns the error
		}
		if err := r.collectOne(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) collectOne(ctx context.Context, one Result) error {
	if one.mark != nil {
		if r.applier == nil {
			return nil
		}
		return r.applier.save(ctx, one.mark.place)
	}
	if err := r.Report(one); err != nil || r.applier == nil {
		return err
	}
	return r.applier.add(ctx, one)
}

// mark means that the results so far are stored together with a place, after which the run
// continues.
type mark struct{ place string }

// candidate is a page to extract again, or a mark.
type candidate struct {
	mark *mark
	// before is the stored record, or nil if the URL has no article.
	before *datelinev1.Article
	id     string // of the stored article
	url    string
	pageID string
	// pages returns the page and, if the text was joined, the later ones.
	pages func(context.Context) ([]extractor.StoredPage, error)
	// known is the result if it is known without the page.
	known Status
}

// extract extracts a candidate and compares the record with the stored one. It returns an
// error only if the run cannot go on.
func (r *run) extract(ctx context.Context, c candidate) (Result, error) {
	result := Result{
		Status: c.known, ID: c.id, URL: c.url, Version: c.before.GetExtractorVersion(), Before: c.before, mark: c.mark,
		pageID: c.pageID,
	}
	if c.known != "" || c.mark != nil {
		return result, nil
	}
	pages, err := c.pages(ctx)
	if errors.Is(err, library.ErrGone) {
		result.Status, result.Detail = Gone, err.Error()
		return result, nil
	}
	if err == nil {
		result.After, err = r.Extraction.Record(ctx, pages...)
	} else if ctx.Err() == nil {
		result.Status, result.Detail = Failed, err.Error()
		return result, nil
	}
	switch {
	case ctx.Err() != nil:
		return result, ctx.Err()
	case article.ReasonOf(err) != "":
		result.refuse(err)
	case err != nil:
		result.Status, result.Detail = Failed, fmt.Sprintf("extracting the page: %v", err)
	case c.before == nil:
		result.Status = Accepted
		result.Differences = []Difference{{FieldAccepted, "", sample(result.After.GetTitle())}}
	default:
		result.Status = Same
		if result.Differences = Compare(c.before, result.After); len(result.Differences) > 0 {
			result.Status = Differs
		}
	}
	return result, nil
}

// refuse makes the result that of a page without an article.
func (r *Result) refuse(err error) {
	r.Status, r.Detail = StillRefused, err.Error()
	if r.Before != nil {
		r.Status = Refused
		r.Differences = []Difference{{FieldRefused, sample(r.Before.GetTitle()), sample(err.Error())}}
	}
}
