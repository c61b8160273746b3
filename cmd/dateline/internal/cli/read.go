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

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// withStore runs a reading command on the configured store.
func withStore(load func() (pipeline.Config, error), run func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		s, err := store.Open(cmd.Context(), cfg.StoreURL())
		if err != nil {
			return err
		}
		return errors.Join(run(cmd.Context(), cmd, s, args), s.Close())
	}
}

func newSearch() *cobra.Command {
	var asJSON, byRank bool
	var limit int
	var filter articleFlags
	cmd := &cobra.Command{
		Use:   "search [flags] [--] WORDS...",
		Short: "Find stored articles by their words",
		Long: `Finds the articles in which all the words occur, in any form that the language
gives them; words in double quotes are a phrase, as it is written, elect* stands
for every word that begins so, of "ferry OR boat" one has to occur, and -word must
not (write -- before it). Newest first, unless --rank is
given. Without words, the newest articles.`,
		Example: "  dateline search ferry strike\n  dateline search '\"night train\"' --rank --json\n  dateline search --host example.com --since 2026-11-01 -- storm -football",
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each article.")
	cmd.Flags().BoolVar(&byRank, "rank", false, "Put the best matches first instead of the newest.")
	cmd.Flags().IntVar(&limit, "limit", 20, "Most articles to show.")
	filter.add(cmd.Flags())
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		if limit < 1 {
			return &usageError{fmt.Errorf("--limit is %d: it must be at least 1", limit)}
		}
		chosen, err := filter.filter()
		if err != nil {
			return err
		}
		page, err := s.Search(ctx, store.Query{Text: strings.Join(args, " "), Filter: chosen, ByRank: byRank, Limit: limit})
		if err != nil {
			return err
		}
		hits := page.Hits
		if asJSON {
			for _, hit := range hits {
				if err := printJSON(cmd.OutOrStdout(), hit.Article); err != nil {
					return err
				}
			}
			return nil
		}
		t := newTable(width(cmd.OutOrStdout()), table.Row{"published", "lang", "words", "site", "headline", "id"})
		for _, hit := range hits {
			t.AppendRow(articleRow(hit.Article))
		}
		if len(hits) > 0 {
			fmt.Fprintln(cmd.OutOrStdout(), t.Render())
		}
		more := ""
		if page.Next != "" {
			more = "; there are more, see --limit"
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d articles%s\n", len(hits), more)
		return err
	})
	return cmd
}

func newShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID|URL",
		Short: "Print a stored article",
		Args:  exactArgs(1, "one id (or its first letters) or URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the whole record as JSON.")
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		a, err := s.Article(ctx, key(args[0]))
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no article with the id or URL %s is stored; \"dateline explain\" tells what became of a URL", args[0])
		}
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), a.Article)
		}
		return printArticle(cmd.OutOrStdout(), a.Article)
	})
	return cmd
}

func newExplain() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain URL",
		Short: "Tell what became of a URL: each stage's outcome, with reason, attempt and time",
		Args:  exactArgs(1, "one URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each outcome.")
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		outcomes, err := s.Outcomes(ctx, key(args[0]))
		if err != nil {
			return err
		}
		if len(outcomes) == 0 {
			return fmt.Errorf("the ledger knows nothing of %s: it was not published here, or its first outcome is still to come", args[0])
		}
		t := newTable(width(cmd.OutOrStdout()), table.Row{"time", "stage", "verdict", "reason", "attempt", "what happened"})
		for _, o := range outcomes {
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), o); err != nil {
					return err
				}
				continue
			}
			detail := o.GetDetail()
			if detail == "" && o.GetOutputId() != "" {
				detail = "→ " + o.GetOutputId()
			}
			t.AppendRow(table.Row{o.GetTime().AsTime().Format(time.RFC3339), subject.StageName(o.GetStage()), subject.VerdictName(o.GetVerdict()), o.GetReason(), o.GetAttempt(), detail})
		}
		if !asJSON {
			fmt.Fprintln(cmd.OutOrStdout(), t.Render())
		}
		return nil
	})
	return cmd
}

// key brings a URL into canonical form; an id stays as it is.
func key(idOrURL string) string {
	if url, err := weburl.Parse(idOrURL); err == nil {
		return url.String()
	}
	return idOrURL
}

func printJSON(w io.Writer, m proto.Message) error {
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	// protojson varies its spacing on purpose; lines are for machines.
	var compact strings.Builder
	var value json.RawMessage = data
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	_, err = io.WriteString(w, compact.String())
	return err
}

func printArticle(w io.Writer, a *datelinev1.Article) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", text.Bold.Sprint(a.GetTitle()))
	var names []string
	for _, author := range a.GetAuthors() {
		names = append(names, author.GetName())
	}
	for _, part := range []string{a.GetSiteName(), a.GetSection(), strings.Join(names, ", "), published(a.GetPublished())} {
		if part != "" {
			fmt.Fprintf(&b, "%s · ", part)
		}
	}
	fmt.Fprintf(&b, "%d words\n%s\n", a.GetWordCount(), a.GetCanonicalUrl())
	if a.GetSummary() != "" {
		fmt.Fprintf(&b, "\n%s\n", text.Italic.Sprint(a.GetSummary()))
	}
	fmt.Fprintf(&b, "\n%s\n", a.GetText())
	_, err := io.WriteString(w, b.String())
	return err
}
