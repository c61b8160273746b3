package discoverer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// backfillBatch is the maximum number of backfills that are claimed at once, and
	// backfillLease the time after which the step of a process that has stopped is repeated.
	backfillBatch, backfillLease = 20, time.Minute
	// backfillPause is the time between two steps of a backfill, and backfillIdle the time after
	// a step that had nothing to do.
	backfillPause, backfillIdle = 2 * time.Second, 15 * time.Second
	// backfillWindow is the maximum number of URLs of a backfill that are fetched or wait for it.
	// It keeps the queue of a host short, and supplies a host with the shortest usual pause.
	backfillWindow = 200
	// backfillLow is the number of URLs to request below which the next sitemap is requested.
	backfillLow = 500
)

// continueBackfills makes one step of each backfill that is due.
func (d *Discoverer) continueBackfills(ctx context.Context) error {
	now := d.now()
	claimed, err := d.sources.ClaimBackfills(ctx, now, now.Add(backfillLease), backfillBatch)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("looking for backfills failed, retrying", "stage", "discover", "error", err)
		}
		return nil
	}
	for _, b := range claimed {
		if err := d.continueBackfill(ctx, b); err != nil && ctx.Err() == nil {
			d.log.Warn("continuing a backfill failed, retrying", "stage", "discover", "source", b.SourceID, "error", err)
		}
	}
	return nil
}

// continueBackfill makes one step: it looks up how earlier requests have ended, and makes new
// ones within the window and the budget. Requests for URLs are published before they are
// stored. After a crash in between, they are published again, and intake drops the repeats.
func (d *Discoverer) continueBackfill(ctx context.Context, b sources.Backfill) error {
	if err := d.sources.ClearBackfill(ctx, b); err != nil || b.State != sources.BackfillRunning {
		return err
	}
	source, err := d.sources.Get(ctx, b.SourceID)
	if err != nil {
		return err
	}
	var step sources.BackfillStep
	inFlight, err := d.endedURLs(ctx, source, b, &step)
	if err != nil {
		return err
	}
	now := d.now()
	allowed := max(0, source.BackfillIn24Hours(d.config.BackfillPerDay)-b.Budget.Used(now))
	if err := d.requestURLs(ctx, source, b, min(backfillWindow-inFlight, allowed), &step); err != nil {
		return err
	}
	due := now.Add(backfillIdle)
	if len(step.Known)+len(step.Requested)+len(step.Articles)+len(step.Others) > 0 {
		due = now.Add(backfillPause)
	}
	err = d.sources.StoreStep(ctx, b, step, now, due)
	if errors.Is(err, sources.ErrNotFound) {
		return nil // it was cancelled
	}
	if err != nil {
		return err
	}
	waiting := b.Waiting() - int64(len(step.Known)+len(step.Requested))
	switch {
	case waiting < backfillLow && b.SitemapsLeft() > 0 && allowed > len(step.Requested):
		return d.requestSitemap(ctx, b)
	case waiting == 0 && b.SitemapsLeft() == 0:
		return d.sources.FinishBackfill(ctx, b, now) // unless outcomes are awaited
	}
	return nil
}

// endedURLs adds the requests that have ended to the step, and returns the number of requests
// that are still open.
func (d *Discoverer) endedURLs(
	ctx context.Context, source sources.Source, b sources.Backfill, step *sources.BackfillStep,
) (open int, err error) {
	requested, err := d.sources.RequestedURLs(ctx, b, backfillWindow)
	if err != nil {
		return 0, err
	}
	ids := make([]string, len(requested))
	for i, u := range requested {
		ids[i] = backfillID(b, u.Hash)
	}
	outcomes, err := d.outcomesOf(ctx, ids)
	if err != nil {
		return 0, err
	}
	for i, u := range requested {
		switch became := fateOf(outcomes[ids[i]], u.URL, source); {
		case became == isArticle:
			step.Articles = append(step.Articles, u.Hash)
		case became != pending || d.now().Sub(u.RequestTime) > maxAwait:
			step.Others = append(step.Others, u.Hash)
		default:
			open++
		}
	}
	return open, nil
}

// requestURLs requests at most limit URLs that are not stored as articles.
func (d *Discoverer) requestURLs(
	ctx context.Context, source sources.Source, b sources.Backfill, limit int, step *sources.BackfillStep,
) error {
	if limit <= 0 {
		return nil
	}
	urls, err := d.sources.OpenURLs(ctx, b, limit)
	if err != nil {
		return err
	}
	for _, u := range urls {
		_, err := d.stored.Article(ctx, u.URL)
		if err == nil {
			step.Known = append(step.Known, u.Hash)
			continue
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		request := &datelinev1.FetchRequest{}
		if err := proto.Unmarshal(u.Request, request); err != nil {
			return fmt.Errorf("decoding the request for %s: %w", u.URL, err)
		}
		request.Labels, request.RequestTime = source.Labels, timestamppb.New(d.now())
		if err := d.publishRequest(ctx, request); err != nil {
			return err
		}
		d.metrics.backfill.WithLabelValues(subject.PurposeName(datelinev1.Purpose_PURPOSE_ARTICLE)).Inc()
		step.Requested = append(step.Requested, u.Hash)
	}
	return nil
}

// requestSitemap requests the next sitemap, unless the response to another one is awaited.
func (d *Discoverer) requestSitemap(ctx context.Context, b sources.Backfill) error {
	now := d.now()
	if awaited, err := d.sources.IsAwaited(ctx, b, now); err != nil || awaited {
		return err
	}
	next, err := d.sources.NextSitemap(ctx, b, now)
	if errors.Is(err, sources.ErrNotFound) {
		return nil // those that are left are tried again later
	}
	if err != nil {
		return err
	}
	// The request is stored before it is published, because the response to an unknown request
	// is ignored. After a crash in between, the request is repeated after the timeout.
	err = d.sources.RequestedSitemap(ctx, b, next, now, now.Add(d.config.PollTimeout))
	if errors.Is(err, sources.ErrNotFound) {
		return nil // it was cancelled
	}
	if err != nil {
		return err
	}
	err = d.publishRequest(ctx, &datelinev1.FetchRequest{
		Url: next.URL, RequestId: walkID{b.SourceID, b.Run.UnixMicro(), next.Hash, next.Try + 1}.String(),
		Priority: datelinev1.Priority_PRIORITY_BACKFILL, RequestTime: timestamppb.New(now),
		Purpose: next.Purpose, Force: true,
	})
	if err == nil {
		d.metrics.backfill.WithLabelValues(subject.PurposeName(next.Purpose)).Inc()
	}
	return err
}
