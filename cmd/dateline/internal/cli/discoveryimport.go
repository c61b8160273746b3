package cli

import (
	"context"
	"fmt"
	"maps"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

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
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
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
			var policy *sources.Policy // a source that exists keeps its own
			if !one.policy.IsZero() {
				policy = &one.policy
			}
			source, err := newSource(one.url, own)
			if err == nil {
				err = d.AddSite(ctx, source, policy)
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
