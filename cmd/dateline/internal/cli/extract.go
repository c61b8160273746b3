package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/fetcher"
)

func newExtract() *cobra.Command {
	var format, url string
	var explain bool
	cmd := &cobra.Command{
		Use:     "extract URL|FILE|-",
		Short:   "Extract one article and print it, without a pipeline or a store",
		Example: "  dateline extract https://example.com/story --format markdown\n  dateline extract saved.html --url https://example.com/story --explain\n  dateline extract saved.html --explain --format html > why.html",
		Args:    exactArgs(1, "one URL, file or -"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "", "Form of the output: json, markdown, html or text; json by default, with --explain text. --explain has no markdown.")
	cmd.Flags().StringVar(&url, "url", "", "Address that a saved page came from, for its relative links.")
	cmd.Flags().BoolVar(&explain, "explain", false, "Show why each line of the page was kept or dropped; as html, on the page itself.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if explain {
			format = cmp.Or(format, "text")
		}
		render, ok := renderers[cmp.Or(format, "json")]
		explainer, explains := explainers[format]
		if !ok || explain && !explains {
			return &usageError{fmt.Errorf("--format is %q: choose json, markdown, html or text; with --explain json, html or text", format)}
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
		if explain {
			e, err := article.Explain(cmd.Context(), page, opts)
			if err != nil {
				return noArticle(args[0], err)
			}
			return explainer(cmd.OutOrStdout(), e)
		}
		found, err := article.Extract(cmd.Context(), page, opts)
		if err != nil {
			return noArticle(args[0], err)
		}
		return render(cmd.OutOrStdout(), found)
	}
	return cmd
}

func noArticle(name string, err error) error {
	return fmt.Errorf("%s holds no article that could be extracted (%s): %w", name, article.ReasonOf(err), err)
}

var renderers = map[string]func(io.Writer, *article.Article) error{
	"json":     func(w io.Writer, a *article.Article) error { return writeJSON(w, a) },
	"markdown": func(w io.Writer, a *article.Article) error { return writeText(w, article.Markdown(a)) },
	"html":     func(w io.Writer, a *article.Article) error { return writeText(w, article.HTML(a)) },
	"text":     func(w io.Writer, a *article.Article) error { return writeText(w, article.PlainText(a)) },
}

var explainers = map[string]func(io.Writer, *article.Explanation) error{
	"json": func(w io.Writer, e *article.Explanation) error { return writeJSON(w, e) },
	"html": func(w io.Writer, e *article.Explanation) error { return e.WriteOverlay(w) },
	"text": writeExplanation,
}

func writeText(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// writeExplanation writes the fields with their sources, and a row for each line
// of the page.
func writeExplanation(w io.Writer, e *article.Explanation) error {
	if e.Err != nil {
		fmt.Fprintf(w, "no article (%s): %v\n\n", article.ReasonOf(e.Err), e.Err)
	} else {
		fields := newTable(width(w), table.Row{"field", "source", "confidence"})
		for _, name := range slices.Sorted(maps.Keys(e.Article.Provenance)) {
			p := e.Article.Provenance[name]
			fields.AppendRow(table.Row{name, p.Source, fmt.Sprintf("%.2f", p.Confidence)})
		}
		fmt.Fprintf(w, "%s\n\n", fields.Render())
	}
	lines := newTable(width(w), table.Row{"kept", "why", "classifier", "element", "text"})
	for _, l := range e.Lines {
		mark, score, why := "", "", string(l.Why)
		if l.Kept {
			mark = "yes"
		}
		if l.Score != nil {
			score = fmt.Sprintf("%+.1f", *l.Score)
		}
		if len(l.Hints) > 0 {
			why += " [" + strings.Join(l.Hints, ", ") + "]"
		}
		lines.AppendRow(table.Row{mark, why, score, l.Path, firstRunes(l.Text, 60)})
	}
	_, err := fmt.Fprintln(w, lines.Render())
	return err
}

// firstRunes is the beginning of a text in one line, with an ellipsis where it
// goes on.
func firstRunes(text string, n int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n]) + "…"
}

// onePage fetches a URL, or reads a saved page.
func onePage(ctx context.Context, cfg pipeline.Config, arg string, stdin io.Reader) (article.Page, error) {
	for it, err := range items([]string{arg}, stdin) {
		if err != nil {
			return article.Page{}, err
		}
		if it.page != nil {
			return article.Page{URL: it.url, Body: it.page, FetchTime: time.Now()}, nil
		}
		page, err := fetcher.FetchOne(ctx, cfg.Fetcher, it.url)
		if err != nil {
			return article.Page{}, err
		}
		contentType := ""
		for _, header := range page.GetHeaders() {
			if header.GetName() == "content-type" {
				contentType = header.GetValue()
			}
		}
		return article.Page{
			URL: page.GetFinalUrl(), ContentType: contentType, ContentEncoding: page.GetContentEncoding(),
			Body: page.GetBody(), FetchTime: page.GetFetchTime().AsTime(),
		}, nil
	}
	return article.Page{}, fmt.Errorf("%s is empty: name a URL or a saved page", arg)
}
