package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/fetcher"
)

// maxTrialSitemaps is the maximum number of requests of a dry run.
const maxTrialSitemaps = 100

// politeGet returns a function that fetches endpoints, with the usual pause in between.
func politeGet(config fetcher.Config) func(context.Context, sources.Endpoint) (*datelinev1.Page, error) {
	requested := false
	return func(ctx context.Context, e sources.Endpoint) (*datelinev1.Page, error) {
		if requested {
			loop.Sleep(ctx, config.Delay)
		}
		requested = true
		return fetcher.FetchFor(ctx, config, e.URL, e.Purpose)
	}
}

// tryBackfill returns a function for RunE that prints what a backfill of the source with the URL
// in the argument would find. The source may be one that is not stored.
func tryBackfill(load loader, within sources.BackfillRange) func(*cobra.Command, []string) error {
	return withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		var known []sources.Endpoint
		stored, err := d.Details(ctx, source.ID)
		switch {
		case err == nil:
			source, known = stored.Source, sitemapsOf(stored)
		case !errors.Is(err, sources.ErrNotFound):
			return err
		}
		return printTrialOfBackfill(ctx, cmd.OutOrStdout(), cfg, source, known, within)
	})
}

// sitemapsOf returns the sitemaps of a source.
func sitemapsOf(source sources.Details) []sources.Endpoint {
	var all []sources.Endpoint
	for _, e := range source.Endpoints {
		if purpose := datelinev1.Purpose_PURPOSE_SITEMAP; e.Kind == subject.PurposeName(purpose) {
			all = append(all, sources.Endpoint{SourceID: source.ID, URL: e.URL, Purpose: purpose, State: e.State, Hint: e.Hint})
		}
	}
	return all
}

func printTrialOfBackfill(
	ctx context.Context, w io.Writer, config configuration, source sources.Source, known []sources.Endpoint,
	within sources.BackfillRange,
) error {
	read, failed, urls, leftOut, undated := 0, 0, 0, 0, 0
	left, err := discoverer.TryBackfill(ctx, source, known, within, maxTrialSitemaps, politeGet(config.Fetcher),
		func(t discoverer.SitemapTrial) {
			urls, leftOut, undated = urls+t.URLs, leftOut+t.LeftOut, undated+t.LeftUndated
			if t.Error != "" {
				failed++
				fmt.Fprintf(w, "%s: %s\n", t.URL, escape.Line(t.Error))
				return
			}
			read++
			fmt.Fprintf(w, "%s: %s, %s", t.URL, plural(t.URLs, "URL"), plural(t.Sitemaps, "sitemap"))
			if t.LeftOut+t.LeftUndated > 0 {
				fmt.Fprintf(w, ", left out %d by date or policy, %d without a date", t.LeftOut, t.LeftUndated)
			}
			if t.Warning != "" {
				fmt.Fprintf(w, "; incomplete: %s", escape.Line(t.Warning))
			}
			fmt.Fprintln(w)
		})
	if err != nil {
		return err
	}
	perDay := max(1, source.BackfillIn24Hours(config.Discoverer.BackfillPerDay))
	fmt.Fprintf(w, "%s would be requested, which takes %s; left out %d by date or policy, %d without a date\n",
		plural(urls, "URL"), plural((urls+read+perDay-1)/perDay, "day"), leftOut, undated)
	if left > 0 {
		fmt.Fprintf(w, "%s not read: the numbers are those of the first %d, the newest\n",
			plural(left, "sitemap"), maxTrialSitemaps)
	}
	if failed > 0 {
		fmt.Fprintf(w, "%s could not be read\n", plural(failed, "sitemap"))
	}
	return nil
}
