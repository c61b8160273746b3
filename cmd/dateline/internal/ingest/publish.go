package ingest

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// publishLimit is the number of pages that are published at the same time, so that they
// share the writes of the server.
const publishLimit = 32

// publish publishes the captures of a batch that were not ingested before, and then
// records their outcomes.
func (r *run) publish(ctx context.Context, b batch, summary *Summary) error {
	fresh, err := r.dropKnown(ctx, b.captures, summary)
	if err != nil {
		return err
	}
	if !r.DryRun {
		if err := r.store(ctx, fresh); err != nil {
			return err
		}
	}
	for _, c := range fresh {
		if c.rejection != "" {
			summary.reject(c.rejection)
		} else {
			summary.Published++
		}
	}
	return nil
}

// dropKnown returns the captures that have no outcome yet.
func (r *run) dropKnown(ctx context.Context, captures []*capture, summary *Summary) ([]*capture, error) {
	var fresh []*capture
	var requests []string
	for _, c := range captures {
		if !r.recent.add(c.inputID()) {
			summary.Duplicates++
			continue
		}
		fresh, requests = append(fresh, c), append(requests, c.requestID())
	}
	if len(fresh) == 0 || r.Force || r.DryRun {
		return fresh, nil
	}
	outcomes, err := r.Ledger.RequestOutcomes(ctx, requests)
	if err != nil {
		return nil, fmt.Errorf("looking for records that were ingested before: %w", err)
	}
	known := map[string]bool{}
	for _, o := range outcomes {
		if o.GetStage() == datelinev1.Stage_STAGE_INGEST {
			known[o.GetInputId()] = true
		}
	}
	unknown := fresh[:0]
	for _, c := range fresh {
		if known[c.inputID()] {
			summary.Duplicates++
			continue
		}
		unknown = append(unknown, c)
	}
	return unknown, nil
}

// store stores the pages of captures, and then their outcomes.
func (r *run) store(ctx context.Context, captures []*capture) error {
	publishing, limited := errgroup.WithContext(ctx)
	publishing.SetLimit(publishLimit)
	for _, c := range captures {
		if c.rejection != "" {
			continue
		}
		publishing.Go(func() error {
			err := r.pages.Write(limited, c.page, c.host)
			if errors.Is(err, ledger.ErrTooLarge) {
				c.reject(outcome.TooLarge, "%v", err)
				return nil
			}
			return err
		})
	}
	if err := publishing.Wait(); err != nil {
		return err
	}
	var ended []ledger.Ended
	for _, c := range captures {
		trace := func(ctx context.Context) context.Context { return ctx }
		ended = append(ended, ledger.Ended{Outcome: c.ended(), Trace: trace})
	}
	if len(ended) == 0 || r.writer.Outcomes(ctx, ended) == nil {
		return nil
	}
	// Storing them together fails if one of them is known, as after an interruption.
	for _, e := range ended {
		if err := r.writer.Outcome(ctx, e.Outcome, 0, 0); err != nil {
			return err
		}
	}
	return nil
}
