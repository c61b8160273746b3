package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// sourceArg describes the argument that names a source.
const sourceArg = "the URL of one source, as \"dateline sources list\" shows it"

// discovery manages the sites whose new articles are found, in the store of a deployment or
// over its HTTP API. Its methods are described at sources.Sources.
type discovery interface {
	Overviews(ctx context.Context, after string, limit int) ([]sources.Overview, error)
	Details(ctx context.Context, id string) (sources.Details, error)
	AddSite(ctx context.Context, source sources.Source, policy *sources.Policy) error
	SetPolicy(ctx context.Context, id string, policy sources.Policy) error
	SetState(ctx context.Context, id, state string) error
	Remove(ctx context.Context, id string) error
	BackfillSite(ctx context.Context, id string, within sources.BackfillRange) error
	CancelBackfill(ctx context.Context, id string) error
}

// withDiscovery returns a function for RunE that calls run with the sources of the deployment.
// If this machine cannot reach the store, they are managed over the HTTP API.
func withDiscovery(load loader, run func(context.Context, *cobra.Command, discovery, []string) error) func(
	*cobra.Command, []string) error {
	return storeOrAPI(load, func(cmd *cobra.Command, _ configuration, api webapi.Client, args []string) error {
		return run(cmd.Context(), cmd, api, args)
	}, func(cmd *cobra.Command, _ configuration, s store.Store, args []string) error {
		return run(cmd.Context(), cmd, sources.Of(s), args)
	})
}

// changeSource returns a function for RunE that changes the source with the URL in the
// argument, and then prints a text with the URL.
func changeSource(load loader, text string, change func(context.Context, discovery, string) error) func(
	*cobra.Command, []string) error {
	return withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		if err := change(ctx, d, source.ID); err != nil {
			return fmt.Errorf("%s: %w", source.URL, err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), text, source.URL)
		return err
	})
}

// newSource returns a source for the site with a home page.
func newSource(raw string, labels map[string]string) (sources.Source, error) {
	home, err := weburl.Parse(raw)
	if err != nil {
		return sources.Source{}, &usageError{err}
	}
	return sources.New(home, labels, time.Now()), nil
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
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
		source, err := newSource(args[0], labels)
		if err != nil {
			return err
		}
		if err := d.AddSite(ctx, source, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "added %s\n", source.URL)
		return err
	})
	return cmd
}

func newSourcesRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove URL", Short: "Remove a source and its endpoints; its articles stay", Args: oneArg(sourceArg),
	}
	load := configured(cmd, quiet)
	cmd.RunE = changeSource(load, "removed %s\n", func(ctx context.Context, d discovery, id string) error {
		return d.Remove(ctx, id)
	})
	return cmd
}

// newSourcesState returns a command that sets the state of a source.
func newSourcesState(name, short, state string) *cobra.Command {
	cmd := &cobra.Command{Use: name + " URL", Short: short, Args: oneArg(sourceArg)}
	text := "%s is " + state + "\n"
	cmd.RunE = changeSource(configured(cmd, quiet), text, func(ctx context.Context, d discovery, id string) error {
		return d.SetState(ctx, id, state)
	})
	return cmd
}
