package cli

import (
	"errors"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func newRules() *cobra.Command {
	var url string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rules URL|FILE|-",
		Short: "Try the rules for a site on one of its pages: what each selector finds",
		Long: `Shows what the rules of extractor.rules-dir for a page's host select on it, and
the article that results. The exit code is 1 where a selector finds nothing.`,
		Example: "  dateline rules saved.html --url https://example.com/story --extractor-rules-dir rules",
		Args:    exactArgs(1, "one URL, file or -"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&url, "url", "", "Address that a saved page came from: its host chooses the rules.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print what the selectors find as JSON.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if cfg.Extractor.RulesDir == "" {
			return &usageError{errors.New("no rules: name their folder with --extractor-rules-dir")}
		}
		opts, err := cfg.Extractor.Options()
		if err != nil {
			return &usageError{err}
		}
		page, err := onePage(cmd.Context(), cfg, args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		if url != "" {
			page.URL = url
		}
		matches, err := opts.Rules.Try(page, opts)
		if err != nil {
			return err
		}
		if asJSON {
			if err := writeJSON(cmd.OutOrStdout(), matches); err != nil {
				return err
			}
		}
		t := newTable(width(cmd.OutOrStdout()), table.Row{"field", "selector", "found", "value of the first"})
		missed := false
		for _, m := range matches {
			missed = missed || m.Matches == 0
			t.AppendRow(table.Row{m.Field, m.Selector, m.Matches, firstRunes(m.Value, 60)})
		}
		if !asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", t.Render())
			found, err := article.Extract(cmd.Context(), page, opts)
			if err != nil {
				return noArticle(args[0], err)
			}
			if err := writeText(cmd.OutOrStdout(), article.PlainText(found)); err != nil {
				return err
			}
		}
		if missed {
			return fmt.Errorf("%s: a selector finds nothing: correct it, or take the field out of the rules", args[0])
		}
		return nil
	}
	return cmd
}
