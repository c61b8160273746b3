package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// idOrURL describes the argument of commands about one stored article.
const idOrURL = "one id (or its first eight or more digits) or URL"

func newShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID|URL",
		Short: "Print a stored article",
		Args:  oneArg(idOrURL),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the whole record as a line of JSON.")
	cmd.RunE = withArticles(load, func(ctx context.Context, cmd *cobra.Command, s articles, args []string) error {
		hit, err := s.Article(ctx, canonical(args[0]))
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no article with the id or URL %s is stored; \"dateline explain URL\" shows how a URL ended",
				args[0])
		}
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), hit.Article)
		}
		return printArticle(cmd.OutOrStdout(), hit.Article)
	})
	return cmd
}

// canonical returns the canonical form of a URL, and anything else unchanged.
func canonical(idOrURL string) string {
	if url, err := weburl.Parse(idOrURL); err == nil {
		return url.String()
	}
	return idOrURL
}

// printJSON prints a record as a line of JSON.
func printJSON(w io.Writer, m proto.Message) error {
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	// protojson varies its spacing on purpose. Encoding again makes the lines stable.
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(json.RawMessage(data))
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

func printArticle(w io.Writer, a *datelinev1.Article) error {
	style(w, text.Bold, "%s", escape.Line(a.GetTitle()))
	fmt.Fprintln(w)
	var names []string
	for _, author := range a.GetAuthors() {
		names = append(names, author.GetName())
	}
	facts := []string{a.GetSiteName(), a.GetSection(), strings.Join(names, ", "), published(a.GetPublished())}
	for _, fact := range facts {
		if fact != "" {
			fmt.Fprintf(w, "%s · ", escape.Line(fact))
		}
	}
	fmt.Fprintf(w, "%s\n%s\n", plural(int(a.GetWordCount()), "word"), escape.Line(a.GetCanonicalUrl()))
	if a.GetSummary() != "" {
		fmt.Fprintln(w)
		style(w, text.Italic, "%s", escape.Line(a.GetSummary()))
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", a.GetText())
	return err
}

// newArticleTable returns a table for the rows of articleRow.
func newArticleTable(columns int) *grid {
	return newTable(columns, "published", "lang", "words", "site", "headline", "id")
}

// shownID is how many digits of an article's id are shown. Eight are enough to name
// an article.
const shownID = 12

func articleRow(a *datelinev1.Article) table.Row {
	site := a.GetSiteName()
	if site == "" {
		site = a.GetHost()
	}
	id := a.GetId()[:min(shownID, len(a.GetId()))]
	return table.Row{published(a.GetPublished()), a.GetLanguage(), a.GetWordCount(), site, a.GetTitle(), id}
}

// published formats a publication time in its own zone, without the time of day if
// only the day is known.
func published(t *datelinev1.PublicationTime) string {
	if t == nil {
		return ""
	}
	at := t.GetValue().AsTime()
	if t.UtcOffsetMinutes != nil {
		at = at.In(time.FixedZone("", int(t.GetUtcOffsetMinutes())*60))
	}
	if t.GetPrecision() == datelinev1.TimePrecision_TIME_PRECISION_DAY {
		return at.Format(time.DateOnly)
	}
	return at.Format(minuteForm)
}
