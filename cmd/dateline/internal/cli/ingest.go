package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// maxWaiting is the maximum number of requests in progress. It bounds memory, no
// matter how long the input is.
const maxWaiting = 2_000

// settleLimit bounds the wait for the ledger at the end. After a crash, outcomes
// arrive only once the server has waited AckWait for the acks of their messages.
const settleLimit = topology.AckWait + 5*time.Second

func newIngest() *cobra.Command {
	var asJSON, dryRun bool
	var flags requestFlags
	cmd := &cobra.Command{
		Use:   "ingest URL|FILE|DIR|s3://BUCKET/PREFIX|- ...",
		Short: "Fetch or read pages, extract and store articles, and print the results",
		Long: `Runs the whole pipeline in this process until every URL has ended: fetches each
page, extracts the article, stores it, and prints the result. With --extractor-follow, the
further pages of articles are fetched and joined before it ends. An argument is a URL,
a file of URLs (one per line, # starts a comment), a saved HTML page, or - for
standard input. The exit code is 1 if any URL led to no article.

An argument can also be a web archive (WARC or ARC, plain or compressed with gzip or
zstd), a folder of archives, or a bucket of an S3-compatible service with the key of an
archive or the start of the keys of several. The HTML pages in it are extracted and stored
with their time of capture. Nothing is fetched, and robots.txt does not apply. Pages that
were ingested before are skipped, so an interrupted run can be repeated. If a pipeline runs
on the data folder, or if --context or --nats-url names a deployment, the pages are only
published for it. The exit code is 1 if a part of an archive could not be read.`,
		Example: `  dateline ingest https://example.com/news/a
  dateline ingest urls.txt --json
  dateline ingest saved-page.html
  dateline ingest CC-NEWS-20261101000000-00042.warc.gz --label origin=cc-news
  dateline ingest s3://crawls/2026/11/ --s3-endpoint https://s3.example.com --s3-path-style
  curl -s https://example.com/news.warc.gz | dateline ingest - --dry-run`,
		Args: someArgs,
	}
	load := standaloneOrContext(cmd, func(cfg *pipeline.Config) {
		quiet(cfg)
		cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay, cfg.Fetcher.MaxWait = 3, time.Second, 30*time.Second
	})
	cmd.Flags().BoolVar(&asJSON, "json", false,
		"Print each URL or archive as a line of JSON as soon as it has ended.")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "Read archives and count their pages, but publish nothing.")
	flags.add(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		in, err := archiveSources(cmd, cfg, args)
		if err != nil {
			return err
		}
		defer in.Close()
		archives, others, err := ingest.Find(cmd.Context(), args, in)
		switch {
		case err != nil:
			return err
		case len(archives) > 0 && len(others) > 0:
			return errNotArchives(others[0])
		case len(archives) > 0:
			a := archiveIngestion{
				archives: archives, config: ingest.Config{Labels: flags.labels, Force: flags.force, DryRun: dryRun},
				report: newArchiveReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON, archives),
			}
			a.report.dryRun = dryRun
			return a.run(cmd, cfg)
		case dryRun || cfg.context != "":
			return &usageError{errors.New("--dry-run and --context are for web archives: " +
				"\"dateline publish\" publishes URLs to a deployment")}
		}
		i := ingestion{
			inputs: readInputs(args, in.Stdin), flags: flags,
			report: newReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON),
		}
		err = i.run(cmd, cfg.Config)
		return errors.Join(err, i.report.finish())
	}
	return cmd
}

// stdinBuffer is how many bytes of standard input can be looked at before they are read.
const stdinBuffer = 64 << 10

// archiveSources returns where archives are looked for. The caller closes them.
func archiveSources(cmd *cobra.Command, cfg configuration, args []string) (ingest.Sources, error) {
	return ingest.OpenSources(args, bufio.NewReaderSize(cmd.InOrStdin(), stdinBuffer), cfg.S3)
}

// ingestion runs a pipeline over some inputs.
type ingestion struct {
	inputs iter.Seq2[input, error]
	flags  requestFlags
	report *report
	// then, if it is not nil, is called with the pipeline after every input has ended.
	then func(context.Context, *pipeline.Pipeline) error
}

// run runs the pipeline until every input has ended.
func (i ingestion) run(cmd *cobra.Command, cfg pipeline.Config) error {
	err := runAround(cmd, cfg, func(ctx context.Context, p *pipeline.Pipeline) error {
		if err := i.feed(ctx, p); err != nil {
			return err
		}
		if cfg.Extractor.Follow {
			if err := awaitFurtherPages(ctx, cmd.ErrOrStderr(), p); err != nil {
				return err
			}
		}
		if err := p.Settle(ctx, settleLimit); err != nil || i.then == nil {
			return err
		}
		return i.then(ctx, p)
	})
	if cmd.Context().Err() != nil {
		return errors.New("interrupted; the next run on the same data folder continues with what is unfinished")
	}
	return err
}

// furtherPagesLimit is the maximum time without progress while further pages of articles are
// fetched.
const furtherPagesLimit = time.Minute

// awaitFurtherPages waits until the further pages of articles are fetched and joined. The
// requests for them are made after the URLs of the first pages have ended.
func awaitFurtherPages(ctx context.Context, errs io.Writer, p *pipeline.Pipeline) error {
	ended, err := ingest.DrainRequests(ctx, p.Bus.JS, furtherPagesLimit)
	if err == nil && !ended {
		_, err = fmt.Fprintf(errs, "warning: some URLs, such as further pages of articles, are not fetched yet: there was "+
			"no progress for %s; the next run on the same data folder continues with them\n", furtherPagesLimit)
	}
	return err
}

// feed publishes the inputs, at most maxWaiting at a time, and reports how each of
// them ends.
func (i ingestion) feed(ctx context.Context, p *pipeline.Pipeline) error {
	follower, err := follow.New(ctx, p.Bus.JS, p.Store)
	if err != nil {
		return err
	}
	reportNext := func() error {
		ends, err := follower.Next(ctx)
		for _, end := range ends {
			if err := i.report.add(ctx, p.Store, end); err != nil {
				return err
			}
		}
		return err
	}
	for in, err := range i.inputs {
		if err != nil {
			return err
		}
		request := i.flags.request(in.url)
		msg, err := message(request, in)
		if err != nil {
			return err
		}
		i.report.expectOne()
		follower.Add(request.GetRequestId(), in.url)
		if _, err := p.Bus.JS.PublishMsg(ctx, msg); err != nil {
			return fmt.Errorf("publishing %s: %w", in.url, err)
		}
		for follower.Waiting() >= maxWaiting {
			if err := reportNext(); err != nil {
				return err
			}
		}
	}
	for follower.Waiting() > 0 {
		if err := reportNext(); err != nil {
			return err
		}
	}
	return nil
}

// fileHost stands for the host in the subject of a saved page.
const fileHost = "file"

// message returns the message that starts the processing of an input: a request to
// the fetcher, or, for a saved page, a page for the extractor.
func message(request *datelinev1.FetchRequest, in input) (*nats.Msg, error) {
	if in.page == nil {
		return ledger.Message(subject.URLs, request.GetRequestId(), request)
	}
	page := &datelinev1.Page{
		Id: request.GetRequestId(), Request: request, RequestedUrl: in.url, FinalUrl: in.url, Body: in.page,
		FetchTime: timestamppb.Now(), Source: datelinev1.PageSource_PAGE_SOURCE_FILE,
	}
	return ledger.Message(subject.Pages(fileHost), page.GetId(), page)
}
