package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

func newSourcesBackfill() *cobra.Command {
	var since, until string
	var undated, stop, dryRun bool
	cmd := &cobra.Command{
		Use:   "backfill URL",
		Short: "Take the older articles of a source: a running pipeline walks its sitemaps",
		Long: `Starts a backfill of a source. A running pipeline reads the sitemaps of the site, also
old ones that an index names, and requests the articles that are not stored yet, in the
lane for backfill: all other requests for a host come first. At most
discoverer.backfill-per-day requests are made in 24 hours. "dateline sources show" shows
the progress. A backfill continues after a restart, and pauses with its source.

The date of an article is the one that the sitemap or the URL states. If only the date of
its last change is known, the article is taken if it can be in the range.`,
		Example: `  dateline sources backfill https://example.com --since 2024-01-01 --until 2024-12-31
  dateline sources backfill https://example.com --since 2024-01-01 --dry-run
  dateline sources backfill https://example.com --cancel`,
		Args: oneArg(sourceArg),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&since, "since", "",
		"Only articles from this `time` on: a day (2026-11-25), a time in RFC 3339, or how long ago (90d).")
	cmd.Flags().StringVar(&until, "until", "", "Only articles until this `time`, or until the end of this day.")
	cmd.Flags().BoolVar(&undated, "undated", false,
		"Also take articles whose date is unknown, or too vague to compare with the range.")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "Store nothing: read at most 100 sitemaps of the site, with the usual "+
		"pause between them, and print how many URLs would be requested. URLs that are stored already count as well.")
	cmd.Flags().BoolVar(&stop, "cancel", false, "End the running backfill. URLs that were requested are still fetched.")
	start := func(ctx context.Context, d discovery, id string) error {
		within, err := backfillRange(since, until, undated)
		if err != nil {
			return err
		}
		return d.BackfillSite(ctx, id, within)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case stop && (dryRun || undated || since != "" || until != ""):
			return &usageError{errors.New("--cancel ends a backfill: leave out --since, --until, --undated and --dry-run")}
		case dryRun:
			within, err := backfillRange(since, until, undated)
			if err != nil {
				return err
			}
			return tryBackfill(load, within)(cmd, args)
		case !stop:
			text := "backfill of %s started: \"dateline sources show\" shows the progress\n"
			return changeSource(load, text, start)(cmd, args)
		}
		return changeSource(load, "backfill of %s cancelled\n", func(ctx context.Context, d discovery, id string) error {
			return d.CancelBackfill(ctx, id)
		})(cmd, args)
	}
	return cmd
}

func backfillRange(since, until string, undated bool) (within sources.BackfillRange, err error) {
	within.Undated = undated
	if within.Since, err = parseBound("since", since); err != nil {
		return within, err
	}
	if within.Until, err = parseBound("until", until); err != nil {
		return within, err
	}
	if _, err := time.Parse(time.DateOnly, until); err == nil || until == "today" || until == "yesterday" {
		within.Until = within.Until.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	if err := within.Validate(); err != nil {
		return within, &usageError{fmt.Errorf("--since and --until: %w", err)}
	}
	return within, nil
}

// printBackfill prints the progress of a backfill.
func printBackfill(w io.Writer, b sources.Backfill) {
	fmt.Fprintf(w, "backfill %s, started %s", b.State, when(w, b.Run))
	if !b.EndTime.IsZero() {
		fmt.Fprintf(w, ", ended %s", when(w, b.EndTime))
	}
	fmt.Fprintf(w, ": %d of %s read, %d failed; %s found, %d stored before, %d waiting, %d in progress, %s, %d others",
		b.SitemapsRead, plural(int(b.Sitemaps), "sitemap"), b.SitemapsFailed, plural(int(b.Found), "URL"), b.Known,
		b.Waiting(), b.InFlight(), plural(int(b.Articles), "article"), b.Others)
	if b.LeftOut+b.LeftUndated > 0 {
		fmt.Fprintf(w, "; left out %d by date or policy, %d without a date", b.LeftOut, b.LeftUndated)
	}
	if b.Reason != "" {
		fmt.Fprintf(w, "; last problem: %s", escape.Line(b.Reason))
	}
	fmt.Fprintln(w)
}
