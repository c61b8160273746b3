package library

import (
	"context"
	"fmt"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// History returns the outcomes of a URL in canonical form. If the discoverer found the
// URL, the outcomes of the polls that found it come first.
func History(ctx context.Context, ledger store.Ledger, url string) ([]*datelinev1.Outcome, error) {
	outcomes, err := ledger.Outcomes(ctx, url)
	if err != nil {
		return nil, err
	}
	var polls []string
	for _, o := range outcomes {
		if id := o.GetOriginRequestId(); id != "" && !slices.Contains(polls, id) {
			polls = append(polls, id)
		}
	}
	if len(polls) == 0 {
		return outcomes, nil
	}
	found, err := ledger.RequestOutcomes(ctx, polls)
	if err != nil {
		return nil, err
	}
	return append(found, outcomes...), nil
}

// ExpiredNote returns a note that a URL may have had outcomes that have expired, or nothing if it cannot.
// since is the time from which on the ledger has every outcome, article what is stored of
// the URL, or nil, and known is whether the ledger has an outcome of it.
func ExpiredNote(since time.Time, article *store.Hit, known bool) string {
	if since.IsZero() {
		return ""
	}
	date := since.UTC().Format(time.DateOnly)
	switch {
	case article != nil && article.FirstSeen.Before(since):
		return fmt.Sprintf("Outcomes from before %s have expired (indexer.keep-outcomes): the article was first stored "+
			"on %s.", date, article.FirstSeen.UTC().Format(time.DateOnly))
	case article == nil && !known:
		return fmt.Sprintf("Outcomes from before %s have expired (indexer.keep-outcomes): the URL may have been published "+
			"before that.", date)
	}
	return ""
}
