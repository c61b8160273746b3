package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// replayFlags are the flags of dateline replay.
type replayFlags struct {
	articles           articleFlags
	query, url, chosen string
	rate               float64
	workers            int
	asJSON, apply      bool
	resume, page       string
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [flags] [FILE|DIR|- ...]",
		Short: "Extract stored pages again, and show which records would change",
		Long: `Extracts the pages of stored articles again, without fetching them, and compares the
records with the stored ones field by field. The pages come from the archive or, as long
as the stream of pages keeps them, from the stream. With web archives (WARC or ARC) as
arguments, or - for standard input, the pages come from them.

Each article is compared with the page that its newest revision was extracted from. If
nothing but the host and the time restricts the articles, archived pages of URLs without
an article are extracted, too: they may have one now.

With --apply, the records that differ replace the stored ones. The number and the times of
the revision stay, because the publisher changed nothing: feeds and "dateline tail" do not
repeat the article. A record whose article was fetched again meanwhile is not replaced, and
erased articles stay erased. An article whose page is refused now stays as it is. A run that
is interrupted continues with --resume, and "dateline replay undo" restores the records
that it has replaced. If no pipeline runs, this process runs one.`,
		Example: `  dateline replay --host example.com --since 30d
  dateline replay --extractor-version 1.6.0 --json > changes.jsonl
  dateline replay CC-NEWS-20261101000000-00042.warc.gz
  dateline replay --host example.com --since 30d --html report.html
  dateline replay --host example.com --since 30d --apply`,
	}
	load := configured(cmd, quiet)
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		selection, err := f.selection(cmd, args)
		if err != nil {
			return err
		}
		return f.run(cmd, cfg, selection)
	}
	cmd.AddCommand(newReplayRuns(), newReplayUndo())
	return cmd
}

// defaultRate is how many pages are extracted in a second unless the user decides otherwise.
const defaultRate = 50

func (f *replayFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.articles.add(flags)
	flags.StringVar(&f.query, "query", "", "Only articles that match these `words`, as \"dateline search\" reads them.")
	flags.StringVar(&f.url, "url", "", "Only the article of this `URL`.")
	flags.StringVar(&f.chosen, "extractor-version", "", "Only records of this `version` of the extractor, such as 1.6.0.")
	flags.Float64Var(&f.rate, "rate", defaultRate,
		"Maximum number of pages in a second. 0 means no limit. While pages wait for the extractor of a running "+
			"pipeline, none is extracted.")
	flags.IntVar(&f.workers, "workers", 0,
		"Maximum number of pages extracted at the same time. 0 means half of the processors, at least one.")
	flags.Bool("dry-run", true, "Only report what would change. This is the default; --apply ends it.")
	flags.BoolVar(&f.apply, "apply", false, "Replace the stored records that differ.")
	flags.StringVar(&f.resume, "resume", "", "Continue the interrupted `run` with this id. It keeps its selection.")
	flags.StringVar(&f.page, "html", "", "Also write a report with samples side by side to this `file`.")
	flags.BoolVar(&f.asJSON, "json", false,
		"Print each record that differs as a line of JSON, and at the end a line with the counts.")
}

// selection returns the pages that the flags and arguments select.
func (f *replayFlags) selection(cmd *cobra.Command, args []string) (replay.Selection, error) {
	dryRun := cmd.Flags().Lookup("dry-run")
	switch {
	case f.rate < 0 || f.workers < 0:
		return replay.Selection{}, &usageError{errors.New("--rate and --workers must not be negative")}
	case f.writes() && dryRun.Changed && dryRun.Value.String() == "true":
		return replay.Selection{}, &usageError{errors.New("--dry-run and --apply or --resume exclude each other")}
	case f.resume != "" && len(args) > 0:
		return replay.Selection{}, &usageError{errRepeat}
	}
	filter, err := f.articles.filter()
	if err != nil {
		return replay.Selection{}, err
	}
	selection := replay.Selection{
		Query: store.Query{Text: f.query, Filter: filter}, URL: f.url, Version: f.chosen,
	}
	onlyHostAndTime := store.Filter{Hosts: filter.Hosts, From: filter.From, Before: filter.Before}
	selection.Refused = f.query == "" && f.url == "" && f.chosen == "" && isSameFilter(filter, onlyHostAndTime)
	if len(args) == 0 {
		return selection, nil
	}
	if f.query != "" || f.url != "" || !isSameFilter(filter, store.Filter{}) {
		return selection, &usageError{errors.New("of web archives, only --extractor-version selects pages")}
	}
	archives, others, err := ingest.Find(args, bufio.NewReaderSize(cmd.InOrStdin(), stdinBuffer))
	if err == nil && len(others) > 0 {
		err = &usageError{fmt.Errorf("%s is not a web archive (WARC or ARC)", others[0])}
	}
	selection.Archives = archives
	for _, archive := range archives {
		selection.Files = append(selection.Files, archive.Name)
	}
	return selection, err
}

// errRepeat means that a run reads web archives, which are not in the store.
var errRepeat = errors.New("a run over web archives cannot be continued: repeat it with the archives; the records " +
	"that it has replaced are the same then")

func isSameFilter(a, b store.Filter) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// errNoPages means that there are no pages to extract again.
var errNoPages = errors.New("there are no stored pages: no pipeline runs whose stream has some, and no archive is " +
	"configured; name its folder with --archive, or give web archives as arguments")

// run extracts the selected pages, with the pipeline that runs, if there is one.
func (f *replayFlags) run(cmd *cobra.Command, cfg configuration, selection replay.Selection) error {
	return withRunning(cmd, cfg, f.writes(), func(ctx context.Context, s store.Store, js jetstream.JetStream) error {
		if js == nil && cfg.Archiver.Dir == "" && len(selection.Archives) == 0 {
			return errNoPages
		}
		return f.replay(ctx, cmd, cfg, selection, s, js)
	})
}

// writes reports whether the command replaces records.
func (f *replayFlags) writes() bool { return f.apply || f.resume != "" }

// replay extracts the selected pages and reports the differences.
func (f *replayFlags) replay(
	ctx context.Context, cmd *cobra.Command, cfg configuration, selection replay.Selection, s store.Store,
	js jetstream.JetStream,
) error {
	size, err := s.Size(ctx)
	if err != nil {
		return err
	}
	config := replay.Config{JS: js}
	if f.writes() {
		if config.Run, err = f.begin(ctx, s, selection, size.Articles); err != nil {
			return err
		}
		selection = config.Run.Selection
	}
	if config, err = f.config(cmd, cfg, config, selection); err != nil {
		return err
	}
	config.Library = library.New(s, js).WithArchive(cfg.Archiver.Dir)
	report := newReplayReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), f.asJSON)
	report.run, report.page = config.Run, f.page
	config.Report, config.ReportFile, config.Progress = report.add, report.addFile, report.progress
	report.expect(selection, size.Articles)
	err = replay.Replay(ctx, config)
	if err != nil && config.Run != nil && len(selection.Files) == 0 {
		err = fmt.Errorf("%w; \"dateline replay --resume %s\" continues the run", err, config.Run.ID)
	}
	if err != nil {
		return err
	}
	return report.finish()
}

// begin returns the run that replaces records: a new one, or one to continue. A run over web
// archives cannot be continued, because they are not in the store.
func (f *replayFlags) begin(
	ctx context.Context, s store.Store, selection replay.Selection, articles int64,
) (*replay.Run, error) {
	runs := replay.RunsOf(s)
	if f.resume == "" {
		return runs.Start(ctx, selection, articles, time.Now())
	}
	run, err := runs.Run(ctx, f.resume)
	switch {
	case err != nil:
		return nil, err
	case !run.Undone.IsZero():
		return nil, fmt.Errorf("run %s was undone: start a new one", run.ID)
	case !run.Ended.IsZero():
		return nil, fmt.Errorf("run %s has ended: start a new one", run.ID)
	case len(run.Selection.Files) > 0:
		return nil, fmt.Errorf("run %s: %w", run.ID, errRepeat)
	}
	return run, nil
}

// config completes the configuration of a run, except for its library and reports.
func (f *replayFlags) config(
	cmd *cobra.Command, cfg configuration, config replay.Config, selection replay.Selection,
) (replay.Config, error) {
	var err error
	config.Extraction, err = extractor.NewExtraction(cfg.Extractor)
	if config.Workers = f.workers; f.workers == 0 {
		config.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	config.Archived, config.Selection, config.Rate = cfg.Archiver.Dir != "", selection, f.rate
	config.MaxBytes, config.Log, config.Now = cfg.Fetcher.MaxBodyBytes, cfg.Admin.Logger(cmd.ErrOrStderr()), time.Now
	return config, err
}

// withRunning calls do with the store and the streams of the deployment. If no pipeline
// runs, js is nil or, if do needs one, this process runs it until do has returned and
// everything is stored.
func withRunning(
	cmd *cobra.Command, cfg configuration, needed bool,
	do func(ctx context.Context, s store.Store, js jetstream.JetStream) error,
) (err error) {
	ctx := cmd.Context()
	bus, attachErr := cfg.connect(cmd, pipeline.Attach)
	if attachErr != nil {
		cmd.SetContext(ctx) // connect has ended its own
		switch {
		case needed && (cfg.context != "" || cfg.NATS.URL != ""):
			return attachErr
		case needed:
			return runAround(cmd, cfg.Config, do)
		}
	} else {
		defer func() { err = errors.Join(err, bus.Close()) }()
	}
	s, err := openStore(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if attachErr != nil {
		return do(ctx, s, nil)
	}
	return do(cmd.Context(), s, bus.JS)
}

// runAround runs a pipeline until do has returned and everything is stored.
func runAround(
	cmd *cobra.Command, cfg pipeline.Config,
	do func(ctx context.Context, s store.Store, js jetstream.JetStream) error,
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
		if err := do(running, p.Store, p.Bus.JS); err != nil {
			return err
		}
		if err := ingest.Drain(running, p.Bus.JS, func(uint64) {}); err != nil {
			return err
		}
		return p.Settle(running, settleLimit)
	})
	err = tasks.Wait()
	stop()
	return errors.Join(err, p.Close())
}
