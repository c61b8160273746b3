package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// window bounds the requests under way, and with them what is remembered of
// them, however long the input is.
const window = 2_000

// settleLimit bounds the wait at the end for the ledger: outcomes of after a
// crash come only when the server has missed their messages for AckWait.
const settleLimit = topology.AckWait + 5*time.Second

func newIngest() *cobra.Command {
	var asJSON, force bool
	var labels map[string]string
	cmd := &cobra.Command{
		Use:   "ingest URL|FILE|- ...",
		Short: "Fetch, extract and store articles, and show what came of each URL",
		Long: `Runs the whole pipeline in this process until every URL has ended: fetches
each page, extracts the article, stores it, and shows what it got. An argument
is a URL, a file of URLs (one a line, # begins a comment), a saved HTML page, or
- for standard input. The exit code is 1 if any URL led to no article.`,
		Example: "  dateline ingest https://example.com/news/a\n  dateline ingest urls.txt --json\n  dateline ingest saved-page.html",
		Args:    cobra.MinimumNArgs(1),
	}
	load := configured(cmd, func(cfg *pipeline.Config) {
		quiet(cfg)
		cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay, cfg.Fetcher.MaxWait = 3, time.Second, 30*time.Second
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each URL, as it ends.")
	cmd.Flags().BoolVar(&force, "force", false, "Fetch again what was fetched within the freshness window.")
	cmd.Flags().StringToStringVar(&labels, "label", nil, "Label that travels to the article, as key=value; repeatable.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		report := newReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON)
		err = ingest(cmd.Context(), cfg, items(args, cmd.InOrStdin()), force, labels, report, cmd)
		return errors.Join(err, report.finish())
	}
	return cmd
}

// ingest runs the pipeline until every item has ended.
func ingest(ctx context.Context, cfg pipeline.Config, input iter.Seq2[item, error], force bool, labels map[string]string, report *report, cmd *cobra.Command) error {
	log := cfg.Admin.Logger(cmd.ErrOrStderr())
	p, err := pipeline.Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	tasks, running := errgroup.WithContext(running)
	tasks.Go(func() error { return p.Run(running) })
	tasks.Go(func() error {
		defer stop()
		if err := feed(running, p, input, force, labels, report); err != nil {
			return err
		}
		return p.Settle(running, settleLimit)
	})
	err = tasks.Wait()
	if ctx.Err() != nil {
		err = errors.New("interrupted; what is not finished is taken up by the next run on the same data folder")
	}
	stop()
	return errors.Join(err, p.Close())
}

// feed publishes the items, a window of them at a time, and reports each end.
func feed(ctx context.Context, p *pipeline.Pipeline, input iter.Seq2[item, error], force bool, labels map[string]string, report *report) error {
	follower, err := follow.New(ctx, p.Bus.JS, p.Store)
	if err != nil {
		return err
	}
	next := func() error {
		ends, err := follower.Next(ctx)
		for _, end := range ends {
			if err := report.add(ctx, p.Store, end); err != nil {
				return err
			}
		}
		return err
	}
	for it, err := range input {
		if err != nil {
			return err
		}
		request := &datelinev1.FetchRequest{
			Url: it.url, RequestId: rand.Text(), Force: force, Labels: labels, RequestTime: timestamppb.Now(),
		}
		msg, err := message(request, it)
		if err != nil {
			return err
		}
		report.expect(1)
		follower.Add(request.RequestId, it.url)
		if _, err := p.Bus.JS.PublishMsg(ctx, msg); err != nil {
			return fmt.Errorf("publishing %s: %w", it.url, err)
		}
		for follower.Waiting() >= window {
			if err := next(); err != nil {
				return err
			}
		}
	}
	for follower.Waiting() > 0 {
		if err := next(); err != nil {
			return err
		}
	}
	return nil
}

// message is a request for the fetcher, or a saved page for the extractor.
func message(request *datelinev1.FetchRequest, it item) (*nats.Msg, error) {
	if it.page == nil {
		return ledger.Message(subject.URLs, request.GetRequestId(), request)
	}
	page := &datelinev1.Page{
		Id: request.GetRequestId(), Request: request, RequestedUrl: it.url, FinalUrl: it.url, Body: it.page,
		FetchTime: timestamppb.Now(), Source: datelinev1.PageSource_PAGE_SOURCE_FILE,
	}
	return ledger.Message(subject.Pages("file"), page.GetId(), page)
}
