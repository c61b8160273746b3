package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
)

// runAround runs a pipeline until do has returned.
func runAround(
	cmd *cobra.Command, cfg pipeline.Config, do func(ctx context.Context, p *pipeline.Pipeline) error,
) error {
	p, err := pipeline.Open(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(cmd.Context())
	tasks, running := errgroup.WithContext(running)
	tasks.Go(func() error { return p.Run(running) })
	tasks.Go(func() error {
		defer stop()
		return do(running, p)
	})
	err = tasks.Wait()
	stop()
	return errors.Join(err, p.Close())
}

// drain waits until everything that a pipeline has begun is stored.
func drain(ctx context.Context, p *pipeline.Pipeline, progress func(left uint64)) error {
	if err := ingest.Drain(ctx, p.Bus.JS, progress); err != nil {
		return err
	}
	return p.Settle(ctx, settleLimit)
}
