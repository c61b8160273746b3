// Command peers compares other article extractors for Go with Dateline's, on the same
// pages in the same run. The figures are defined in docs/evaluation.md.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	readability "codeberg.org/readeck/go-readability/v2"
	distiller "github.com/markusmobius/go-domdistiller"
	"github.com/markusmobius/go-trafilatura"

	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// extractors lists the extractors in the order in which they are measured.
var extractors = []struct {
	name    string
	extract evaluation.Extractor
}{
	{"dateline", func(ctx context.Context, page article.Page) (*article.Article, error) {
		return article.Extract(ctx, page, article.Options{})
	}},
	{"go-trafilatura", func(_ context.Context, page article.Page) (*article.Article, error) {
		return useTrafilatura(page, false)
	}},
	{"go-trafilatura, fallback", func(_ context.Context, page article.Page) (*article.Article, error) {
		return useTrafilatura(page, true)
	}},
	{"go-readability", useReadability},
	{"go-domdistiller", useDistiller},
}

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %v\n", err)
		return 1
	}
	return 0
}

func run(ctx context.Context) error {
	corpus := flag.String("corpus", "../../shared/corpus", "`folder` of the sets")
	sets := flag.String("set", "", "comma-separated `sets` to measure (default all)")
	pageType := flag.String("type", "", "measure only pages with this page_type")
	only := flag.String("only", "", "measure only extractors whose name contains this")
	flag.Parse()
	truths, err := filepath.Glob(filepath.Join(*corpus, "*", "truth.jsonl"))
	if err != nil || len(truths) == 0 {
		return fmt.Errorf("no sets in %s: pass a folder with SET/truth.jsonl and SET/pages as -corpus", *corpus)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\textractor\tpages\trefused\tF1\texact\ttitle\tauthors\tdate\tCPU/parse\tslowest\tMB/page")
	for _, truth := range truths {
		set := filepath.Dir(truth)
		if *sets != "" && !strings.Contains(","+*sets+",", ","+filepath.Base(set)+",") {
			continue
		}
		for _, e := range extractors {
			if !strings.Contains(e.name, *only) {
				continue
			}
			res, err := evaluation.Run(ctx, set, evaluation.Selection{
				Want:    func(t *evaluation.Truth) bool { return *pageType == "" || t.PageType == *pageType },
				Extract: guarded(e.extract),
			})
			if err != nil {
				return fmt.Errorf("measuring %s on %s: %w", e.name, set, err)
			}
			g := res.Figures()
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%.2f\t%.1f\t%.2f\n",
				filepath.Base(set), e.name, g.Pages, g.Refused,
				figure(4, g.F1), figure(3, g.Exact), figure(3, g.Title), figure(3, g.Authors), figure(3, g.Date),
				g.CPU, g.Slowest, g.Megabytes)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func figure(places int, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", places, *v)
}

// guarded turns a panic of an extractor into an error.
func guarded(extract evaluation.Extractor) evaluation.Extractor {
	return func(ctx context.Context, page article.Page) (a *article.Article, err error) {
		defer func() {
			if failure := recover(); failure != nil {
				a, err = nil, fmt.Errorf("the extractor panicked: %v", failure)
			}
		}()
		return extract(ctx, page)
	}
}

func useTrafilatura(page article.Page, fallback bool) (*article.Article, error) {
	address, err := url.Parse(page.URL)
	if err != nil {
		return nil, err
	}
	res, err := trafilatura.Extract(bytes.NewReader(page.Body), trafilatura.Options{
		OriginalURL: address, EnableFallback: fallback, ExcludeComments: true,
	})
	if err != nil {
		return nil, err
	}
	return record(res.Metadata.Title, res.ContentText, names(res.Metadata.Author, ";"), res.Metadata.Date), nil
}

func useReadability(_ context.Context, page article.Page) (*article.Article, error) {
	address, err := url.Parse(page.URL)
	if err != nil {
		return nil, err
	}
	res, err := readability.FromReader(bytes.NewReader(page.Body), address)
	if err != nil {
		return nil, err
	}
	if res.Node == nil {
		return nil, errors.New("no article")
	}
	var text strings.Builder
	if err := res.RenderText(&text); err != nil {
		return nil, err
	}
	published, _ := res.PublishedTime() // a page without a date has the zero time
	return record(res.Title(), text.String(), names(res.Byline(), ","), published), nil
}

func useDistiller(_ context.Context, page article.Page) (*article.Article, error) {
	address, err := url.Parse(page.URL)
	if err != nil {
		return nil, err
	}
	options := &distiller.Options{OriginalURL: address, SkipPagination: true}
	res, err := distiller.ApplyForReader(bytes.NewReader(page.Body), options)
	if err != nil {
		return nil, err
	}
	published, _ := time.Parse(time.RFC3339, res.MarkupInfo.Article.PublishedTime) // as above
	return record(res.Title, res.Text, names(res.MarkupInfo.Author, ","), published), nil
}

func record(title, text string, authors []article.Author, published time.Time) *article.Article {
	a := &article.Article{Title: title, Text: text, Authors: authors}
	if !published.IsZero() {
		a.Published = &article.Timestamp{Value: published.Format(time.RFC3339), Time: published, HasZone: true}
	}
	return a
}

func names(list, separator string) []article.Author {
	var authors []article.Author
	for name := range strings.SplitSeq(list, separator) {
		if name = strings.TrimSpace(name); name != "" {
			authors = append(authors, article.Author{Name: name})
		}
	}
	return authors
}
