package cli

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	asJSON             bool
	dryRun, apply      bool
	resume, page       string
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [flags] [FILE|DIR|s3://BUCKET/PREFIX|- ...]",
		Short: "Extract stored pages again, and show which records would change",
		Long: `Extracts the pages of stored articles again, without fetching them, and compares the
new records with the stored ones, field by field. The pages come from the archive or, as
long as the stream of pages keeps them, from the stream. If arguments name web archives
(WARC or ARC: files, folders, objects in a bucket, or - for standard input), the pages
come from those instead.

The record of an article is compared with that of the page from which its newest revision
was extracted. If only --host, --since and --before restrict the articles, archived pages
that the extractor refused are extracted as well: they may have an article now.

With --apply, the new records replace the stored ones that differ. The number and the times
of the revision stay, because the publisher changed nothing: feeds and "dateline tail" do
not repeat the article. A record is not replaced if its article has been fetched again
meanwhile. Erased articles stay erased, and articles whose page is refused now stay as they
are. --resume continues an interrupted run, and "dateline replay undo" restores the records
that a run has replaced. If no pipeline runs, this process runs one.`,
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
		in, err := archiveSources(cmd, cfg, args)
		if err != nil {
			return err
		}
		defer in.Close()
		selection, err := f.selection(cmd, args, in)
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
	f.addSelecting(flags)
	flags.Float64Var(&f.rate, "rate", defaultRate,
		"Maximum number of pages per second. 0 means no limit. The command pauses while pages wait for the extractor of "+
			"a running pipeline, or many articles for its indexer.")
	flags.IntVar(&f.workers, "workers", 0,
		"Maximum number of pages extracted at the same time. 0 means half of the processors, at least one.")
	flags.BoolVar(&f.dryRun, "dry-run", false, "Only report what would change. This is the default without --apply.")
	flags.BoolVar(&f.apply, "apply", false, "Replace the stored records that differ.")
	flags.StringVar(&f.resume, "resume", "",
		"Continue the interrupted `run` with this id. It keeps its selection.")
	flags.StringVar(&f.page, "html", "",
		"Also write a report in HTML to this `file`, with samples of the old and new values side by side.")
	flags.BoolVar(&f.asJSON, "json", false,
		"Print a line of JSON for each record that differs, and at the end a line with the counts.")
}

// addSelecting adds the flags that select pages.
func (f *replayFlags) addSelecting(flags *pflag.FlagSet) {
	f.articles.add(flags)
	flags.StringVar(&f.query, "query", "", "Only articles that match these `words`, as in \"dateline search\".")
	flags.StringVar(&f.url, "url", "", "Only the article with this `URL`.")
	flags.StringVar(&f.chosen, "extractor-version", "", "Only records of this `version` of the extractor, such as 1.6.0.")
}

// selection returns the pages that the flags and arguments select.
func (f *replayFlags) selection(cmd *cobra.Command, args []string, in ingest.Sources) (replay.Selection, error) {
	switch {
	case f.rate < 0 || f.workers < 0:
		return replay.Selection{}, &usageError{errors.New("--rate and --workers must not be negative")}
	case f.writes() && f.dryRun:
		return replay.Selection{}, &usageError{errors.New("--dry-run cannot be combined with --apply or --resume")}
	case f.resume != "" && len(args) > 0:
		return replay.Selection{}, &usageError{replay.ErrFiles}
	case f.resume != "":
		return replay.Selection{}, f.checkUnselected(cmd.Flags())
	}
	filter, err := f.articles.filter()
	if err != nil {
		return replay.Selection{}, err
	}
	selection := replay.Selection{
		Query: store.Query{Text: f.query, Filter: filter}, URL: f.url, Version: f.chosen,
	}
	onlyHostAndTime := store.Filter{Hosts: filter.Hosts, From: filter.From, Before: filter.Before}
	selection.Refused = f.query == "" && f.url == "" && f.chosen == "" && reflect.DeepEqual(filter, onlyHostAndTime)
	if len(args) == 0 {
		return selection, nil
	}
	if f.query != "" || f.url != "" || !reflect.DeepEqual(filter, store.Filter{}) {
		return selection, &usageError{errors.New("only --extractor-version selects pages of archives")}
	}
	archives, others, err := ingest.Find(cmd.Context(), args, in)
	if err == nil && len(others) > 0 {
		err = &usageError{fmt.Errorf("%s is not a web archive (WARC or ARC)", others[0])}
	}
	selection.Archives = archives
	for _, archive := range archives {
		selection.Files = append(selection.Files, archive.Name)
	}
	return selection, err
}

// checkUnselected returns an error if a flag selects pages.
func (f *replayFlags) checkUnselected(flags *pflag.FlagSet) error {
	selecting := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&replayFlags{}).addSelecting(selecting)
	var err error
	selecting.VisitAll(func(flag *pflag.Flag) {
		if flags.Changed(flag.Name) && err == nil {
			err = &usageError{fmt.Errorf("--resume cannot be combined with --%s: a run keeps its selection", flag.Name)}
		}
	})
	return err
}

// errNoPages means that there are no pages to extract again.
var errNoPages = errors.New("there are no stored pages: no pipeline with a stream of pages is running, and no " +
	"archive is configured; name its folder with --archive, or give web archives as arguments")

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
	expected := size.Articles
	if len(selection.Archives) > 0 {
		expected = 0 // unknown
	}
	config, err := f.config(cmd, cfg)
	if err != nil {
		return err
	}
	archive, err := cfg.Archive()
	if err != nil {
		return err
	}
	defer archive.Close()
	if f.writes() {
		if config.Run, err = f.begin(ctx, s, selection, expected); err != nil {
			return err
		}
		if f.resume != "" {
			selection = config.Run.Selection
		}
	}
	config.JS, config.Library, config.Selection = js, library.New(s, js).WithArchive(archive), selection
	report := newReplayReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), f.asJSON)
	report.run, report.page = config.Run, f.page
	config.Report, config.ReportFile, config.Progress = report.add, report.addFile, report.progress
	report.expect(selection, expected)
	err = replay.Replay(ctx, config)
	if err != nil && config.Run != nil && len(selection.Files) == 0 {
		err = fmt.Errorf("%w; \"dateline replay --resume %s\" continues the run", err, config.Run.ID)
	}
	if err != nil {
		return err
	}
	return report.finish()
}

// begin returns the run that replaces records: a new one, or one to continue.
func (f *replayFlags) begin(
	ctx context.Context, s store.Store, selection replay.Selection, articles int64,
) (*replay.Run, error) {
	runs := replay.RunsOf(s)
	if f.resume == "" {
		return runs.Start(ctx, selection, articles, time.Now())
	}
	return runs.Resume(ctx, f.resume, time.Now)
}

// config returns the part of the configuration that follows from flags and settings.
func (f *replayFlags) config(cmd *cobra.Command, cfg configuration) (replay.Config, error) {
	extraction, err := extractor.NewExtraction(cfg.Extractor)
	config := replay.Config{
		Extraction: extraction, Archived: cfg.Archiver.Dir != "", Rate: f.rate, Workers: f.workers,
		MaxBytes: cfg.Fetcher.MaxBodyBytes, Log: cfg.Admin.Logger(cmd.ErrOrStderr()), Now: time.Now,
	}
	if f.workers == 0 {
		config.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
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
		named := cfg.context != "" || cfg.NATS.URL != ""
		switch {
		case needed && named:
			return attachErr
		case needed:
			return runAround(cmd, cfg.Config, func(ctx context.Context, p *pipeline.Pipeline) error {
				if err := do(ctx, p.Store, p.Bus.JS); err != nil {
					return err
				}
				return drain(ctx, p, func(uint64) {})
			})
		case named:
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: the command continues without the pipeline's streams: %v\n", attachErr)
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
