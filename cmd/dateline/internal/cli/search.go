package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func newSearch() *cobra.Command {
	var asJSON, byRank bool
	var limit int
	var filter articleFlags
	cmd := &cobra.Command{
		Use:   "search [flags] [--] [WORDS...]",
		Short: "Search the stored articles",
		Long: `Lists the articles that contain all the words, in any inflection that the search
knows for the article's language. The newest article comes first, or the best match
with --rank. Without words, the newest articles are listed.

  "night train"   the exact phrase
  elect*          any word that starts with elect
  ferry OR boat   at least one of the two words
  -football       not this word (write -- before the words)`,
		Example: `  dateline search ferry strike
  dateline search '"night train"' --rank --json
  dateline search --host example.com --since 2026-11-01 -- storm -football`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each article as a line of JSON.")
	cmd.Flags().BoolVar(&byRank, "rank", false, "List the best of the newest 2,000 matches first.")
	cmd.Flags().IntVar(&limit, "limit", 20, "Maximum number of articles to list.")
	filter.add(cmd.Flags())
	search := func(ctx context.Context, cmd *cobra.Command, s articles, args []string) error {
		if limit < 1 {
			return &usageError{fmt.Errorf("--limit is %d: it must be at least 1", limit)}
		}
		chosen, err := filter.filter()
		if err != nil {
			return err
		}
		page, err := s.Search(ctx, store.Query{
			Text: strings.Join(args, " "), Filter: chosen, ByRank: byRank, Limit: limit,
		})
		if err != nil {
			return err
		}
		return printHits(cmd, page, asJSON)
	}
	cmd.RunE = withArticles(load, search)
	return cmd
}

func printHits(cmd *cobra.Command, page store.Page, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		for _, hit := range page.Hits {
			if err := printJSON(out, hit.Article); err != nil {
				return err
			}
		}
		return nil
	}
	t := newArticleTable(width(out))
	for _, hit := range page.Hits {
		t.AppendRow(articleRow(hit.Article))
	}
	if len(page.Hits) > 0 {
		fmt.Fprintln(out, t.Render())
	}
	more := ""
	if page.Next != "" {
		more = "; there are more, see --limit"
	}
	_, err := fmt.Fprintf(out, "%s%s\n", plural(len(page.Hits), "article"), more)
	return err
}
