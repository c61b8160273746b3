package discoverer

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// maxVisits is the maximum number of visits to an article, also if it keeps changing.
	maxVisits = 12
	// visitPause is the time after which a visit is tried again if the budget does not allow it,
	// or an eighth of the article's age if that is longer. Most articles of a source with many
	// wait for their visit.
	visitPause, pausePart = time.Hour, 8
	// visitGrace is how long after its last age an article is still visited.
	visitGrace = 24 * time.Hour
)

// hasChanged reports whether outcomes of a request are those of an article that has changed.
func hasChanged(outcomes []*datelinev1.Outcome) bool {
	for _, o := range outcomes {
		if o.GetStage() == datelinev1.Stage_STAGE_INDEX && o.GetReason() == string(outcome.Changed) {
			return true
		}
	}
	return false
}

// plan decides when an article is visited next, now that the outcome of its last request is
// known. An article that has changed is visited again as often as a new one.
func plan(
	a sources.Article, source sources.Source, became fate, changed bool, revisits []time.Duration,
) sources.Article {
	a.Next = time.Time{}
	isKnown := became == isArticle || became == unknown && a.Visit > 0
	if !isKnown || source.Policy.NoRevisits || a.Visit >= maxVisits {
		return a
	}
	if changed && a.Visit > 0 {
		a.FindTime = a.RequestTime
	}
	a.Next = nextVisit(a, revisits)
	return a
}

// nextVisit returns the first time to visit an article after its last request, or zero.
func nextVisit(a sources.Article, revisits []time.Duration) time.Time {
	for _, after := range revisits {
		if at := a.FindTime.Add(after); at.After(a.RequestTime) {
			return at
		}
	}
	return time.Time{}
}

// nextTry returns when to try a visit again that is not possible now. It returns zero once the
// article is too old for a visit, so that it makes room for newer ones.
func nextTry(a sources.Article, revisits []time.Duration, now time.Time) time.Time {
	next := now.Add(max(visitPause, now.Sub(a.FindTime)/pausePart))
	if next.After(a.FindTime.Add(revisits[len(revisits)-1] + visitGrace)) {
		return time.Time{}
	}
	return next
}

// visit requests a known article again, if the budget of its source allows it. After a crash,
// it is requested with the same id.
func (d *Discoverer) visit(
	ctx context.Context, source sources.Source, a sources.Article, revisits []time.Duration,
) error {
	now := d.now()
	request := &datelinev1.FetchRequest{}
	isOff := source.Policy.NoRevisits || len(revisits) == 0
	if err := proto.Unmarshal(a.Request, request); err != nil || isOff || request.GetUrl() == "" {
		return d.sources.Postpone(ctx, a, time.Time{})
	}
	ok := source.State == sources.Active
	if ok {
		var err error
		if ok, err = d.sources.TakeVisit(ctx, source.ID, now, d.config.PollsPerDay); err != nil {
			return err
		}
	}
	if !ok {
		return d.sources.Postpone(ctx, a, nextTry(a, revisits, now))
	}
	request.RequestId = fmt.Sprintf("visit.%016x.%d", sentKey(source, a.URL), a.Visit+1)
	request.RequestTime, request.Revisit = timestamppb.New(now), true
	if err := d.publishRequest(ctx, request); err != nil {
		return err
	}
	d.metrics.visits.Inc()
	return d.sources.Visited(ctx, a, request.GetRequestId(), now)
}
