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
		Short: "Try a site's extraction rules on one of its pages",
		Long: `Shows what the selectors in extractor.rules-dir for the page's host match on the
page, and the article that results. The exit code is 1 if a selector matches nothing.`,
		Example: "  dateline rules saved.html --url https://example.com/story --extractor-rules-dir rules",
		Args:    oneArg("one URL, file or -"),
	}
	load := standalone(cmd, quiet)
	cmd.Flags().StringVar(&url, "url", "", "`URL` that a saved page came from. Its host determines the rules.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print what the selectors match as JSON, without the article.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if cfg.Extractor.RulesDir == "" {
			return &usageError{errors.New("there are no rules: name their folder with --extractor-rules-dir")}
		}
		opts, err := cfg.Extractor.Options()
		if err != nil {
			return &usageError{err}
		}
		page, err := onePage(cmd.Context(), cfg.Config, args[0], url, cmd.InOrStdin())
		if err != nil {
			return err
		}
		return tryRules(cmd, args[0], page, opts, asJSON)
	}
	return cmd
}

// tryRules prints what the rules match on a page.
func tryRules(cmd *cobra.Command, name string, page article.Page, opts article.Options, asJSON bool) error {
	out := cmd.OutOrStdout()
	matches, err := opts.Rules.Try(page, opts)
	if err != nil {
		return err
	}
	t := newTable(width(out), "field", "selector", "matches", "first value")
	missed := false
	for _, m := range matches {
		missed = missed || m.Matches == 0
		t.AppendRow(table.Row{m.Field, m.Selector, m.Matches, firstRunes(m.Value, maxCellPrefix)})
	}
	if asJSON {
		if err := writeJSON(out, matches); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%s\n\n", t.Render())
		found, err := article.Extract(cmd.Context(), page, opts)
		if err != nil {
			return noArticle(name, err)
		}
		if err := writeArticle(out, "text", found); err != nil {
			return err
		}
	}
	if missed {
		return fmt.Errorf("%s: a selector matches nothing: correct it, or remove the field from the rules", name)
	}
	return nil
}
