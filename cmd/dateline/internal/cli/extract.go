package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/fetcher"
)

func newExtract() *cobra.Command {
	var format, url string
	cmd := &cobra.Command{
		Use:   "extract URL|FILE|-",
		Short: "Extract one article and print it, without a pipeline or a store",
		Args:  exactArgs(1, "one URL, file or -"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "json", "Form of the output: json, markdown or text.")
	cmd.Flags().StringVar(&url, "url", "", "Address that a saved page came from, for its relative links.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		render, ok := renderers[format]
		if !ok {
			return &usageError{fmt.Errorf("--format is %q: choose json, markdown or text", format)}
		}
		page, err := onePage(cmd.Context(), cfg, args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		if url != "" {
			page.URL = url
		}
		found, err := article.Extract(cmd.Context(), page, article.Options{MaxDecodedBytes: cfg.Extractor.MaxDecodedBytes})
		if err != nil {
			return fmt.Errorf("%s holds no article that could be extracted (%s): %w", args[0], article.ReasonOf(err), err)
		}
		return render(cmd.OutOrStdout(), found)
	}
	return cmd
}

var renderers = map[string]func(io.Writer, *article.Article) error{
	"json": func(w io.Writer, a *article.Article) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(a)
	},
	"markdown": func(w io.Writer, a *article.Article) error {
		_, err := io.WriteString(w, article.Markdown(a))
		return err
	},
	"text": func(w io.Writer, a *article.Article) error {
		_, err := io.WriteString(w, article.PlainText(a))
		return err
	},
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
