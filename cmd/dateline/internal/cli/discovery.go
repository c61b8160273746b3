package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/fetcher"
)

// sourceArg describes the argument that names a source.
const sourceArg = "the URL of one source, as \"dateline sources list\" shows it"

// withSources returns a function for RunE that calls run with the configured sources.
func withSources(load loader, run func(context.Context, *cobra.Command, *sources.Sources, []string) error) func(
	*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		s, err := openStore(cmd, cfg)
		if err != nil {
			return err
		}
		return errors.Join(run(cmd.Context(), cmd, sources.Of(s), args), s.Close())
	}
}

// newSource returns a source for the site with a home page.
func newSource(raw string, labels map[string]string) (sources.Source, error) {
	home, err := weburl.Parse(raw)
	if err != nil {
		return sources.Source{}, &usageError{err}
	}
	return sources.New(home, labels, time.Now()), nil
}

func addSource(ctx context.Context, s *sources.Sources, source sources.Source) error {
	first, err := sources.First(source)
	if err != nil {
		return err
	}
	return s.Add(ctx, source, first)
}

func newSourcesAdd() *cobra.Command {
	var labels map[string]string
	cmd := &cobra.Command{
		Use:   "add URL",
		Short: "Add a site: a running pipeline finds its new articles from then on",
		Long: `Adds a site by the URL of its home page, or of one feed or sitemap. A running
pipeline looks for its feeds, sitemaps and pages of links, takes the articles of the
last days (see discoverer.max-age), and polls for new ones. Adding a site again replaces
its labels and resumes it.`,
		Args: oneArg("the URL of one site"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringToStringVar(&labels, "label", nil, "Attach this label to every article, as `key=value`; repeatable.")
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, args []string) error {
		source, err := newSource(args[0], labels)
		if err != nil {
			return err
		}
		if err := addSource(ctx, s, source); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "added %s\n", source.URL)
		return err
	})
	return cmd
}

func newSourcesTry() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "try URL",
		Short: "Show which endpoints and articles would be found on a site, without storing anything",
		Long: `Fetches the home page and robots.txt of a site, and then the feeds, sitemaps and
pages of links that they name, with at most 30 requests and the usual pause between
them. It needs no running pipeline and stores nothing.`,
		Args: oneArg("the URL of one site"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each endpoint as a line of JSON.")
	apply := policyFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		if err := apply(&source.Policy); err != nil {
			return err
		}
		requested := false
		get := func(ctx context.Context, e sources.Endpoint) (*datelinev1.Page, error) {
			if requested {
				loop.Sleep(ctx, cfg.Fetcher.Delay)
			}
			requested = true
			return fetcher.FetchFor(ctx, cfg.Fetcher, e.URL, e.Purpose)
		}
		out := cmd.OutOrStdout()
		return discoverer.Try(cmd.Context(), source, cfg.Discoverer, get, func(trial discoverer.Trial) {
			if asJSON {
				_ = json.NewEncoder(out).Encode(trial)
				return
			}
			printTrial(out, trial)
		})
	}
	return cmd
}

// maxPreview is the number of articles that are shown for each endpoint.
const maxPreview = 5

func printTrial(w io.Writer, t discoverer.Trial) {
	if t.Error != "" {
		fmt.Fprintf(w, "%s %s: %s\n", t.Purpose, t.URL, escape.Line(t.Error))
		return
	}
	leftOut := ""
	if t.LeftOut > 0 {
		leftOut = fmt.Sprintf(", %d left out", t.LeftOut)
	}
	fmt.Fprintf(w, "%s %s: %s listed, %d new%s\n", t.Purpose, t.URL, plural(t.Listed, "article"), len(t.New), leftOut)
	for _, a := range t.New[:min(len(t.New), maxPreview)] {
		date := "          "
		if !a.Published.IsZero() {
			date = a.Published.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "  %s  %s  %s\n", date, a.URL, escape.Line(a.Title))
	}
}

// sourcesOf yields all sources.
func sourcesOf(ctx context.Context, s *sources.Sources, do func(sources.Source) error) error {
	for after := ""; ; {
		page, err := s.List(ctx, after, sourcesPage)
		if err != nil {
			return err
		}
		for _, source := range page {
			if err := do(source); err != nil {
				return err
			}
			after = source.ID
		}
		if len(page) < sourcesPage {
			return nil
		}
	}
}

func newSourcesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the sites that were added", Args: noArgs}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each source as a line of JSON.")
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, _ []string) error {
		out := cmd.OutOrStdout()
		t := newTable(width(out), "URL", "state", "endpoints", "articles", "last new", "labels")
		count := 0
		err := sourcesOf(ctx, s, func(source sources.Source) error {
			count++
			if asJSON {
				return json.NewEncoder(out).Encode(source)
			}
			endpoints, err := s.Endpoints(ctx, source.ID)
			if err != nil {
				return err
			}
			active, articles, last := 0, int64(0), time.Time{}
			for _, e := range endpoints {
				articles += e.Articles
				if e.State == sources.Active {
					active++
				}
				if e.NewTime.After(last) {
					last = e.NewTime
				}
			}
			t.AppendRow([]any{source.URL, source.State, active, articles, when(out, last), labelText(source.Labels)})
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
	cmd := &cobra.Command{Use: "show URL", Short: "Show a source with its endpoints", Args: oneArg(sourceArg)}
	load := configured(cmd, quiet)
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, args []string) error {
		wanted, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		source, err := s.Get(ctx, wanted.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", wanted.URL, err)
		}
		endpoints, err := s.Endpoints(ctx, source.ID)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s  %s  added %s  %s\n", source.URL, source.State, when(out, source.AddTime),
			labelText(source.Labels))
		fmt.Fprintf(out, "policy %s; %s and %s in 24 hours\n", policyText(source.Policy),
			plural(source.Budget.Used(time.Now()), "request"), plural(source.Taken.Used(time.Now()), "article"))
		if err := printBackfill(ctx, out, s, source.ID); err != nil {
			return err
		}
		t := newTable(width(out), "kind", "state", "articles", "last new", "last poll", "next poll", "URL", "details")
		for _, e := range endpoints {
			next := when(out, e.NextPoll)
			if e.State == sources.Retired {
				next = ""
			}
			t.AppendRow([]any{
				subject.PurposeName(e.Purpose), e.State, e.Articles, when(out, e.NewTime), when(out, e.PollTime), next, e.URL,
				e.Reason,
			})
		}
		_, err = fmt.Fprintln(out, t.Render())
		return err
	})
	return cmd
}

func newSourcesRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove URL", Short: "Remove a source and its endpoints; its articles stay", Args: oneArg(sourceArg),
	}
	load := configured(cmd, quiet)
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, args []string) error {
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		if err := s.Remove(ctx, source.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", source.URL)
		return err
	})
	return cmd
}

// newSourcesState returns a command that sets the state of a source.
func newSourcesState(name, short, state string) *cobra.Command {
	cmd := &cobra.Command{Use: name + " URL", Short: short, Args: oneArg(sourceArg)}
	load := configured(cmd, quiet)
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, args []string) error {
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		if err := s.SetState(ctx, source.ID, state); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", source.URL, state)
		return err
	})
	return cmd
}

func newSourcesImport() *cobra.Command {
	var labels map[string]string
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Add the sites of an OPML or CSV file, or of a file with one URL per line",
		Long: `Adds each feed of an OPML file, each line of a CSV file, or each URL of a file with one
URL per line. Lines of the latter that start with # are ignored. The first line of a CSV
file names its columns: url, and as needed label.KEY, include, exclude, languages,
articles_per_day, polls_per_day and revisits. Lists are separated by spaces.`,
		Args: oneArg("one file, or - for standard input"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringToStringVar(&labels, "label", nil, "Attach this label to every article, as `key=value`; repeatable.")
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, args []string) error {
		all, err := readSources(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		added := 0
		for _, one := range all {
			own := maps.Clone(labels)
			if len(one.labels) > 0 {
				own = maps.Clone(one.labels)
				maps.Copy(own, labels)
			}
			source, err := newSource(one.url, own)
			if err == nil {
				err = addSource(ctx, s, source)
			}
			if err == nil && !reflect.DeepEqual(one.policy, sources.Policy{}) {
				err = s.SetPolicy(ctx, source.ID, one.policy)
			}
			if err != nil {
				return fmt.Errorf("%s: %w (%s added before this error)", one.url, err, plural(added, "source"))
			}
			added++
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "added %s\n", plural(added, "source"))
		return err
	})
	return cmd
}

func newSourcesExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Print the URL of each source on a line, for \"sources import\"", Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.RunE = withSources(load, func(ctx context.Context, cmd *cobra.Command, s *sources.Sources, _ []string) error {
		return sourcesOf(ctx, s, func(source sources.Source) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), source.URL)
			return err
		})
	})
	return cmd
}

// labelText returns labels as key=value pairs, in the order of their keys.
func labelText(labels map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, " ")
}
