package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/fetcher"
)

func newExtract() *cobra.Command {
	var format, url string
	var explain, follow bool
	cmd := &cobra.Command{
		Use:   "extract URL|FILE|-",
		Short: "Extract one article and print it, without a pipeline or a store",
		Example: `  dateline extract https://example.com/story --format markdown
  dateline extract saved.html --url https://example.com/story --explain
  dateline extract saved.html --explain --format html > why.html`,
		Args: oneArg("one URL, file or -"),
	}
	load := standalone(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "",
		"Output `format`: json, markdown, html or text. The default is json, or text with --explain. "+
			"--explain does not support markdown.")
	cmd.Flags().StringVar(&url, "url", "", "`URL` that a saved page came from, to resolve its relative links.")
	cmd.Flags().BoolVar(&explain, "explain", false,
		"Show why each line of the page was kept or dropped. With --format html, mark the lines in the page itself.")
	cmd.Flags().BoolVar(&follow, "follow", false,
		"Fetch the other pages of an article that is split into several, and join them.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if follow && (explain || !strings.Contains(args[0], "://")) {
			return &usageError{errors.New("--follow needs a URL to fetch, and does not work with --explain")}
		}
		if explain {
			format = cmp.Or(format, "text")
		}
		format = cmp.Or(format, "json")
		cfg, err := load()
		if err != nil {
			return err
		}
		if !slices.Contains(formats, format) || explain && format == "markdown" {
			return &usageError{fmt.Errorf(
				"--format is %q: choose json, markdown, html or text; with --explain json, html or text", format)}
		}
		opts, err := cfg.Extractor.Options()
		if err != nil {
			return &usageError{err}
		}
		page, err := onePage(cmd.Context(), cfg.Config, args[0], url, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if explain {
			explanation, err := article.Explain(cmd.Context(), page, opts)
			if err != nil {
				return noArticle(args[0], err)
			}
			return writeExplanation(cmd.OutOrStdout(), format, explanation)
		}
		found, err := article.Extract(cmd.Context(), page, opts)
		if err != nil {
			return noArticle(args[0], err)
		}
		var missing error
		if follow {
			found, missing = joinPages(cmd.Context(), cfg.Config, found, opts)
		}
		return errors.Join(writeArticle(cmd.OutOrStdout(), format, found), missing)
	}
	return cmd
}

// joinPages fetches the other pages of an article, with the fetcher's usual pause before
// each, and joins them. After an error, it returns the article as far as it was read.
func joinPages(
	ctx context.Context, cfg pipeline.Config, first *article.Article, opts article.Options,
) (*article.Article, error) {
	var rest []*article.Article
	for last := first; last.NextPage != "" && len(rest)+1 < cfg.Extractor.MaxPages; {
		if !loop.Sleep(ctx, cfg.Fetcher.Delay) {
			return article.Join(first, rest...), ctx.Err()
		}
		next, err := nextPage(ctx, cfg.Fetcher, first.URL, last, opts)
		if err != nil {
			return article.Join(first, rest...), fmt.Errorf("reading page %d: %w", len(rest)+2, err)
		}
		rest, last = append(rest, next), next
	}
	return article.Join(first, rest...), nil
}

// nextPage fetches and extracts the page after last.
func nextPage(
	ctx context.Context, cfg fetcher.Config, firstURL string, last *article.Article, opts article.Options,
) (*article.Article, error) {
	page, err := fetchPage(ctx, cfg, last.NextPage)
	if err != nil {
		return nil, err
	}
	page.FirstURL = firstURL
	next, err := article.Extract(ctx, page, opts)
	if err != nil {
		return nil, noArticle(page.URL, err)
	}
	if next.Page <= last.Page {
		return nil, fmt.Errorf("%s leads to %s, which is not a later page of the article", last.NextPage, page.URL)
	}
	return next, nil
}

// formats are the output formats of extract.
var formats = []string{"json", "markdown", "html", "text"}

func noArticle(name string, err error) error {
	return fmt.Errorf("extracting %s (%s): %w", name, article.ReasonOf(err), err)
}

func writeArticle(w io.Writer, format string, a *article.Article) error {
	var text string
	switch format {
	case "json":
		return writeJSON(w, a)
	case "markdown":
		text = article.Markdown(a)
	case "html":
		text = article.HTML(a)
	case "text":
		text = article.PlainText(a)
	}
	_, err := io.WriteString(w, text)
	return err
}

func writeExplanation(w io.Writer, format string, e *article.Explanation) error {
	switch format {
	case "json":
		return writeJSON(w, e)
	case "html":
		return e.WriteOverlay(w)
	}
	return printExplanation(w, e)
}

// printExplanation prints the fields with their sources, the regions that were compared,
// and a row for each line of the page.
func printExplanation(w io.Writer, e *article.Explanation) error {
	if e.Err != nil {
		fmt.Fprintf(w, "no article (%s): %v\n\n", article.ReasonOf(e.Err), e.Err)
	} else {
		fields := newTable(width(w), "field", "source", "confidence")
		for _, name := range slices.Sorted(maps.Keys(e.Article.Provenance)) {
			p := e.Article.Provenance[name]
			fields.AppendRow(table.Row{name, p.Source, fmt.Sprintf("%.2f", p.Confidence)})
		}
		fmt.Fprintf(w, "%s\n\n", fields.Render())
	}
	if len(e.Regions) > 0 {
		regions := newTable(width(w), "chosen", "F1", "region", "proposed by", "because")
		for _, r := range e.Regions {
			chosen := ""
			if r.Chosen {
				chosen = "yes"
			}
			regions.AppendRow(table.Row{
				chosen, fmt.Sprintf("%.2f", r.F1), r.Path, strings.Join(r.ProposedBy, ", "), causes(r.Causes),
			})
		}
		fmt.Fprintf(w, "%s\n\n", regions.Render())
	}
	lines := newTable(width(w), "kept", "why", "classifier", "because", "element", "text")
	for _, l := range e.Lines {
		kept, score, why := "", "", string(l.Why)
		if l.Kept {
			kept = "yes"
		}
		if l.Score != nil {
			score = fmt.Sprintf("%+.1f", *l.Score)
		}
		if len(l.Hints) > 0 {
			why += " [" + strings.Join(l.Hints, ", ") + "]"
		}
		lines.AppendRow(table.Row{kept, why, score, causes(l.Causes), l.Path, firstRunes(l.Text, maxCellPrefix)})
	}
	_, err := fmt.Fprintln(w, lines.Render())
	return err
}

// causes returns features with their values and their effects on the log-odds, separated
// by semicolons.
func causes(all []article.Cause) string {
	var texts []string
	for _, c := range all {
		texts = append(texts, fmt.Sprintf("%s %.3g: %+.1f", c.Feature, c.Value, c.Effect))
	}
	return strings.Join(texts, "; ")
}

// onePage fetches a URL or reads a saved page. url, if not empty, replaces the
// page's address.
func onePage(
	ctx context.Context, cfg pipeline.Config, arg, url string, stdin io.Reader,
) (page article.Page, err error) {
	for in, err := range readInputs([]string{arg}, stdin) {
		if err != nil {
			return page, err
		}
		if in.page != nil {
			page = article.Page{URL: in.url, Body: in.page, FetchTime: time.Now()}
		} else if page, err = fetchPage(ctx, cfg.Fetcher, in.url); err != nil {
			return page, err
		}
		page.URL = cmp.Or(url, page.URL)
		return page, nil
	}
	return page, fmt.Errorf("%s is empty: give a URL or a saved page", arg)
}

func fetchPage(ctx context.Context, cfg fetcher.Config, url string) (article.Page, error) {
	page, err := fetcher.FetchOne(ctx, cfg, url)
	if err != nil {
		return article.Page{}, err
	}
	var contentTypes []string
	for _, header := range page.GetHeaders() {
		if header.GetName() == "content-type" {
			contentTypes = append(contentTypes, header.GetValue())
		}
	}
	return article.Page{
		URL: page.GetFinalUrl(), ContentType: strings.Join(contentTypes, ", "), ContentEncoding: page.GetContentEncoding(),
		Body: page.GetBody(), FetchTime: page.GetFetchTime().AsTime(),
	}, nil
}
