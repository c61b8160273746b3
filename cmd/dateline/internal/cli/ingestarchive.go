package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
)

// archiveIngestion ingests web archives.
type archiveIngestion struct {
	archives []ingest.Archive
	config   ingest.Config
	report   *archiveReport
}

// run publishes the pages of the archives to the deployment that runs, or runs a pipeline
// until they are stored.
func (a *archiveIngestion) run(cmd *cobra.Command, cfg configuration) error {
	a.config.MaxBytes, a.config.Now = cfg.Fetcher.MaxBodyBytes, time.Now
	a.config.Log = cfg.Admin.Logger(cmd.ErrOrStderr())
	a.config.Progress = a.report.progress
	err := a.ingest(cmd, cfg)
	if cmd.Context().Err() != nil && !errors.Is(err, errReported) {
		err = errors.New("interrupted; the next run skips what was ingested")
	}
	return errors.Join(err, a.report.finish())
}

func (a *archiveIngestion) ingest(cmd *cobra.Command, cfg configuration) error {
	if a.config.DryRun {
		return ingest.Run(cmd.Context(), a.config, a.archives, a.report.add)
	}
	ctx, attached := cmd.Context(), cfg
	attached.NATS.Wait = clientWait
	bus, err := attached.connect(cmd, pipeline.Attach)
	switch {
	case err == nil:
		return errors.Join(a.publish(cmd, cfg, bus), bus.Close())
	case cfg.context != "" || cfg.NATS.URL != "":
		return err
	}
	cmd.SetContext(ctx) // connect has ended its own
	return a.process(cmd, cfg.Config)
}

// publish publishes the pages to a deployment.
func (a *archiveIngestion) publish(cmd *cobra.Command, cfg configuration, bus *pipeline.Bus) error {
	s, err := openStore(cmd, cfg)
	if err != nil {
		return fmt.Errorf("looking for pages that were ingested before: %w", err)
	}
	a.config.JS, a.config.Ledger = bus.JS, s
	return errors.Join(ingest.Run(cmd.Context(), a.config, a.archives, a.report.add), s.Close())
}

// process runs a pipeline until the pages are stored.
func (a *archiveIngestion) process(cmd *cobra.Command, cfg pipeline.Config) error {
	return runAround(cmd, cfg, func(ctx context.Context, p *pipeline.Pipeline) error {
		results, err := ingest.Watch(ctx, p.Bus.JS)
		if err != nil {
			return err
		}
		a.config.JS, a.config.Ledger = p.Bus.JS, p.Store
		if err := ingest.Run(ctx, a.config, a.archives, a.report.add); err != nil {
			return err
		}
		if err := drain(ctx, p, a.report.draining); err != nil {
			return err
		}
		a.report.results, err = results.Counts(ctx)
		return err
	})
}

// archiveReport prints how many records of archives were published, rejected or left out.
type archiveReport struct {
	out     io.Writer
	asJSON  bool
	dryRun  bool
	bar     *progressbar.ProgressBar // nil unless standard error is a terminal
	started time.Time
	total   ingest.Summary
	count   int
	failed  bool
	// results are the last outcomes of the pages. They are nil if the pages were only
	// published.
	results map[string]int
}

func newArchiveReport(out, errs io.Writer, asJSON bool, archives []ingest.Archive) *archiveReport {
	r := &archiveReport{out: out, asJSON: asJSON, started: time.Now()}
	if isTerminal(errs) {
		size := int64(0)
		for _, archive := range archives {
			size += archive.Size
		}
		r.bar = newByteBar(errs, size)
	}
	return r
}

// newByteBar returns a progress bar for reading a number of bytes. If the number is 0, it
// is unknown.
func newByteBar(w io.Writer, size int64) *progressbar.ProgressBar {
	const columns, redraw = 30, 65 * time.Millisecond
	return progressbar.NewOptions64(cmp.Or(size, -1),
		progressbar.OptionSetWriter(unescaped(w)), progressbar.OptionSetDescription("ingesting"),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(columns),
		progressbar.OptionThrottle(redraw))
}

func (r *archiveReport) progress(bytes int64) {
	if r.bar != nil {
		_ = r.bar.Add64(bytes) // only the picture is wrong
	}
}

// draining shows how many pages still wait.
func (r *archiveReport) draining(waiting uint64) {
	if r.bar != nil {
		r.bar.Describe(fmt.Sprintf("extracting, %d pages or articles left", waiting))
	}
}

// add reports an archive.
func (r *archiveReport) add(s ingest.Summary) error {
	r.count++
	r.total.Add(s)
	r.failed = r.failed || s.Error != "" || s.Damaged > 0
	if r.asJSON {
		return json.NewEncoder(r.out).Encode(s)
	}
	fmt.Fprintf(r.out, "%s: %s\n", s.Archive, r.sentence(s))
	for _, place := range s.Damages {
		fmt.Fprintf(r.out, "  damaged at byte %d: %s\n", place.Offset, place.Reason)
	}
	if more := s.Damaged - len(s.Damages); more > 0 {
		fmt.Fprintf(r.out, "  and %s more\n", plural(more, "damaged place"))
	}
	if s.Damaged > 0 {
		fmt.Fprintln(r.out, "  the rest was read: compare the size or checksum with that of the original, and copy the "+
			"archive again if they differ")
	}
	if s.Error != "" {
		fmt.Fprintf(r.out, "  the rest was not read: %s\n", s.Error)
	}
	return nil
}

// sentence returns the counts of a summary.
func (r *archiveReport) sentence(s ingest.Summary) string {
	published := "published"
	if r.dryRun {
		published = "to publish"
	}
	parts := []string{fmt.Sprintf("%s, %s %s", plural(s.Records, "record"), plural(s.Published, "page"), published)}
	if s.Duplicates > 0 {
		parts = append(parts, plural(s.Duplicates, "duplicate"))
	}
	if len(s.Rejected) > 0 {
		parts = append(parts, "rejected: "+byCount(s.Rejected))
	}
	if len(s.LeftOut) > 0 {
		parts = append(parts, "left out: "+byCount(s.LeftOut))
	}
	return strings.Join(parts, "; ")
}

// byCount returns reasons with their counts, the most frequent first.
func byCount[K ~string](counts map[K]int) string {
	reasons := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = fmt.Sprintf("%d %s", counts[reason], reason)
	}
	return strings.Join(parts, ", ")
}

// finish prints the totals. It returns errReported if a part of an archive could not be
// read.
func (r *archiveReport) finish() error {
	if r.bar != nil {
		_ = r.bar.Finish() // only the picture is wrong
	}
	switch {
	case r.asJSON && r.results != nil:
		line := struct {
			Results map[string]int `json:"results"`
		}{r.results}
		if err := json.NewEncoder(r.out).Encode(line); err != nil {
			return err
		}
	case !r.asJSON && r.count > 0:
		if r.count > 1 {
			fmt.Fprintf(r.out, "%s: %s\n", plural(r.count, "archive"), r.sentence(r.total))
		}
		if len(r.results) > 0 {
			fmt.Fprintf(r.out, "results of the pages: %s\n", byCount(r.results))
		}
		fmt.Fprintf(r.out, "in %s\n", time.Since(r.started).Round(10*time.Millisecond))
	}
	if r.failed {
		return errReported
	}
	return nil
}

// errNotArchives refuses URLs and archives in the same command.
func errNotArchives(other string) error {
	return &usageError{fmt.Errorf("%s is not a web archive: ingest archives and other inputs one after another", other)}
}
