package discoverer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/links"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// learnInterval is the time between two looks for outcomes.
	learnInterval = 10 * time.Second
	// learnBatch is the maximum number of articles whose outcomes are looked up at once.
	learnBatch = 500
	// maxAwait is the time for which the outcome of an article is awaited.
	maxAwait = 3 * 24 * time.Hour
)

// fate is how the request for an article ended.
type fate uint8

const (
	pending   fate = iota // the pipeline has not finished it
	unknown               // its end says nothing about its URL, such as an error of the server
	isArticle             // it is an article of the source
	notOne                // it is a list, does not exist, or leads to another site
)

// fateOf returns the fate of the request for an article by its outcomes. Those of the
// article's later pages have the same request id and another URL. Only what was stored counts
// of them: a later page may be missing or have no text of its own.
func fateOf(outcomes []*datelinev1.Outcome, url string, source sources.Source) fate {
	result, cut := pending, ledger.Cut(url)
	for _, o := range outcomes {
		if outcome.IsBeside(o.GetStage()) || o.GetStage() != datelinev1.Stage_STAGE_INDEX && o.GetUrl() != cut {
			continue
		}
		ended := unknown
		reason := outcome.Reason(o.GetReason())
		switch stage, verdict := o.GetStage(), o.GetVerdict(); {
		case stage == datelinev1.Stage_STAGE_INDEX && verdict != datelinev1.Verdict_VERDICT_DEAD:
			if ended = notOne; source.IsOn(o.GetHost()) {
				ended = isArticle
			}
		case verdict == datelinev1.Verdict_VERDICT_PRODUCED:
			continue // the next stage decides
		case verdict == datelinev1.Verdict_VERDICT_DUPLICATE && o.GetOutputId() != "" && o.GetOutputId() == o.GetRequestId():
			continue // the request was published twice
		case stage == datelinev1.Stage_STAGE_EXTRACT && reason == outcome.NoArticle,
			stage == datelinev1.Stage_STAGE_FETCH && (reason == outcome.NotFound || reason == outcome.NotHTML):
			ended = notOne
		}
		result = max(result, ended)
	}
	return result
}

// learnOutcomes looks up how the requests for the articles that were found some time ago ended.
func (d *Discoverer) learnOutcomes(ctx context.Context) error {
	for ctx.Err() == nil {
		now := d.now()
		articles, err := d.sources.ClaimArticles(ctx, now, now.Add(-maxAwait), learnBatch)
		if err == nil {
			err = d.learn(ctx, articles)
		}
		if err != nil {
			if ctx.Err() == nil {
				d.log.Warn("learning from outcomes failed, retrying", "stage", "discover", "error", err)
			}
			return nil
		}
		if len(articles) < learnBatch {
			return nil
		}
	}
	return nil
}

func (d *Discoverer) learn(ctx context.Context, articles []sources.Article) error {
	ids := make([]string, len(articles))
	bySource := map[string][]sources.Article{}
	for i, a := range articles {
		ids[i] = a.RequestID
		bySource[a.SourceID] = append(bySource[a.SourceID], a)
	}
	outcomes, err := d.outcomesOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(bySource)) {
		err := d.learnSource(ctx, id, bySource[id], outcomes)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("learning from the outcomes of a source failed, retrying",
				"stage", "discover", "source", id, "error", err)
		}
	}
	return ctx.Err()
}

// learnSource learns from the outcomes of articles of a source, and visits those that are due.
func (d *Discoverer) learnSource(
	ctx context.Context, id string, articles []sources.Article, outcomes map[string][]*datelinev1.Outcome,
) error {
	source, err := d.sources.Get(ctx, id)
	if errors.Is(err, sources.ErrNotFound) {
		return nil // its articles were deleted with it
	}
	if err != nil {
		return err
	}
	revisits := d.config.revisits()
	if err := d.learnShapes(ctx, source, articles, outcomes, revisits); err != nil {
		return err
	}
	for _, a := range articles {
		if a.Awaited {
			continue
		}
		if err := d.visit(ctx, source, a, revisits); err != nil {
			return err
		}
	}
	return nil
}

func (d *Discoverer) outcomesOf(ctx context.Context, ids []string) (map[string][]*datelinev1.Outcome, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := d.ledger.RequestOutcomes(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := map[string][]*datelinev1.Outcome{}
	for _, o := range all {
		byID[o.GetRequestId()] = append(byID[o.GetRequestId()], o)
	}
	return byID, nil
}

func (d *Discoverer) learnShapes(
	ctx context.Context, source sources.Source, articles []sources.Article,
	outcomes map[string][]*datelinev1.Outcome, revisits []time.Duration,
) error {
	var ended []sources.Article
	for _, a := range articles {
		own := outcomes[a.RequestID]
		if became := fateOf(own, a.URL, source); a.Awaited && became != pending {
			ended = append(ended, plan(a, source, became, hasChanged(own), revisits))
		}
	}
	if len(ended) == 0 {
		return nil
	}
	return d.sources.Learn(ctx, source.ID, ended, func(stored []byte, ended []sources.Article) []byte {
		shapes := shapesOf(stored)
		for _, a := range ended {
			url, err := weburl.Parse(a.URL)
			if became := fateOf(outcomes[a.RequestID], a.URL, source); err == nil && became != unknown && a.Visit == 0 {
				shapes.Learn(url, became == isArticle)
			}
		}
		return shapes.Bytes()
	})
}

// shapesOf returns stored shapes. Those that are damaged or of another version learn again.
func shapesOf(stored []byte) *links.Shapes {
	shapes := &links.Shapes{}
	if shapes.UnmarshalBinary(stored) != nil {
		return &links.Shapes{}
	}
	return shapes
}
