package library

import (
	"context"
	"slices"

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
