package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// discoveryPage is the number of sources of discovery that are read at once. Their labels and
// policies fit into one response of the HTTP API.
const discoveryPage = 50

// sourcesOf yields all sources.
func sourcesOf(ctx context.Context, d discovery, do func(sources.Overview) error) error {
	for after := ""; ; {
		page, err := d.Overviews(ctx, after, discoveryPage)
		if err != nil {
			return err
		}
		for _, source := range page {
			if err := do(source); err != nil {
				return err
			}
			after = source.ID
		}
		if len(page) < discoveryPage {
			return nil
		}
	}
}

func newSourcesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the sites that were added", Args: noArgs,
		Long: `Lists the sites that were added. The delay is the median time from the publication of
an article to its discovery, of the last 64 articles with a time. The requests are those
of the last 24 hours, other than the first for an article.`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each source as a line of JSON.")
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, _ []string) error {
		out := cmd.OutOrStdout()
		t := newTable(width(out), "URL", "state", "endpoints", "listed", "last new", "delay", "requests", "labels")
		count := 0
		err := sourcesOf(ctx, d, func(source sources.Overview) error {
			count++
			if asJSON {
				return json.NewEncoder(out).Encode(source)
			}
			t.AppendRow([]any{
				source.URL, source.State, source.Working, source.Found, when(out, source.LastNew), delayText(source.MedianDelay),
				source.Requests, labelText(source.Labels),
			})
			return nil
		})
		if err != nil || asJSON {
			return err
		}
		if count > 0 {
			fmt.Fprintln(out, t.Render())
		}
		_, err = fmt.Fprintln(out, plural(count, "source"))
		return err
	})
	return cmd
}

func newSourcesShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "show URL", Short: "Show a source with its endpoints", Args: oneArg(sourceArg)}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the source as a line of JSON.")
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
		wanted, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		source, err := d.Details(ctx, wanted.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", wanted.URL, err)
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(source)
		}
		return printSource(cmd.OutOrStdout(), source)
	})
	return cmd
}

func printSource(out io.Writer, source sources.Details) error {
	fmt.Fprintf(out, "%s  %s  added %s  %s\n", source.URL, source.State, when(out, source.AddTime),
		labelText(source.Labels))
	delay := ""
	if source.MedianDelay != nil {
		delay = "; median delay " + delayText(source.MedianDelay)
	}
	fmt.Fprintf(out, "policy %s; %s and %s in 24 hours%s\n", policyText(source.Policy),
		plural(source.Requests, "request"), plural(source.Articles, "article"), delay)
	if source.Backfill != nil {
		printBackfill(out, *source.Backfill)
	}
	printHubs(out, source.Endpoints)
	return printEndpoints(out, source.Endpoints)
}

// printEndpoints prints the endpoints in use, and below them the retired ones. Notes and
// reasons are long, so they have tables of their own, with few other columns.
func printEndpoints(out io.Writer, endpoints []sources.EndpointDetails) error {
	used := newTable(width(out), "kind", "state", "articles", "last new", "last poll", "next poll", "endpoint")
	noted := newTable(width(out), "kind", "endpoint", "note")
	retired := newTable(width(out), "kind", "articles", "endpoint", "retired because")
	for _, e := range endpoints {
		if e.State == sources.Retired {
			retired.AppendRow([]any{e.Kind, e.Articles, e.URL, e.Reason})
			continue
		}
		used.AppendRow([]any{e.Kind, e.State, e.Articles, when(out, e.LastNew), when(out, e.LastPoll), when(out, e.NextPoll),
			e.URL})
		note := e.Reason
		if note == "" && e.Waiting > 0 {
			note = plural(int(e.Waiting), "article") + " beyond the daily maximum"
		}
		if note != "" {
			noted.AppendRow([]any{e.Kind, e.URL, note})
		}
	}
	var tables []string
	for _, t := range []*grid{used, noted, retired} {
		if len(t.rows) > 0 {
			tables = append(tables, t.Render())
		}
	}
	_, err := fmt.Fprintln(out, strings.Join(tables, "\n\n"))
	return err
}

func newSourcesExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Print the URL of each source on a line, for \"sources import\"", Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, _ []string) error {
		return sourcesOf(ctx, d, func(source sources.Overview) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), source.URL)
			return err
		})
	})
	return cmd
}

// delayText returns a delay in seconds as a text, or "" if it is unknown.
func delayText(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return (time.Duration(*seconds) * time.Second).String()
}

// labelText returns labels as key=value pairs, in the order of their keys.
func labelText(labels map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, " ")
}
