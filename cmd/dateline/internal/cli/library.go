package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newExport() *cobra.Command {
	var format, output string
	var filter articleFlags
	cmd := &cobra.Command{
		Use:     "export [flags] [--] [WORDS...]",
		Short:   "Write stored articles as JSON Lines or Parquet",
		Long:    "Writes every article that the words and flags find, as \"search\" does, newest first\nand of any number.",
		Example: "  dateline export --language ku > kurdish.jsonl\n  dateline export --since 2026-11-01 --format parquet --output november.parquet",
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl (a record on each line) or parquet.")
	cmd.Flags().StringVarP(&output, "output", "o", "", "File to write; standard output unless given.")
	filter.add(cmd.Flags())
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		write := map[string]func(io.Writer, func(yield func(store.Hit, error) bool)) error{"jsonl": library.WriteJSONLines, "parquet": library.WriteParquet}[format]
		if write == nil {
			return &usageError{fmt.Errorf("--format is %q: write jsonl or parquet", format)}
		}
		chosen, err := filter.filter()
		if err != nil {
			return err
		}
		target := cmd.OutOrStdout()
		if output != "" {
			file, err := os.Create(output)
			if err != nil {
				return fmt.Errorf("creating the export: %w", err)
			}
			defer file.Close()
			target = file
		}
		out := bufio.NewWriterSize(target, 64<<10)
		query := store.Query{Text: strings.Join(args, " "), Filter: chosen}
		if err := write(out, library.New(s, nil).Walk(ctx, query)); err != nil {
			return err
		}
		return out.Flush()
	})
	return cmd
}

func newHistory() *cobra.Command {
	var changes bool
	cmd := &cobra.Command{
		Use:     "history ID|URL",
		Short:   "List a stored article's revisions, its changes and its copies",
		Example: "  dateline history 65695434 --changes",
		Args:    exactArgs(1, "one id (or its first letters) or URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&changes, "changes", false, "Show what each revision changed: [-gone-] and {+new+}.")
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		hit, err := s.Article(ctx, library.Name(args[0]))
		if err != nil {
			return err
		}
		revisions, err := s.Revisions(ctx, hit.ID)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		t := newTable(width(out), table.Row{"revision", "first seen", "last seen", "words", "headline", "correction"})
		for _, r := range revisions {
			t.AppendRow(table.Row{r.Number, r.FirstSeen.Format(time.RFC3339), r.LastSeen.Format(time.RFC3339), r.Article.GetWordCount(), r.Article.GetTitle(), library.Correction(r.Article)})
		}
		fmt.Fprintln(out, t.Render())
		if changes {
			for i := 1; i < len(revisions); i++ {
				fmt.Fprintf(out, "\nfrom revision %d to %d:\n", revisions[i-1].Number, revisions[i].Number)
				d := library.Diff(revisions[i-1].Article, revisions[i].Article)
				writeRuns(out, append(append(d.Title, library.Run{Kind: "same", Text: "\n"}), d.Text...), isTerminal(out))
			}
		}
		members, err := s.Story(ctx, hit.ID)
		if err != nil || len(members) == 0 {
			return err
		}
		fmt.Fprintln(out, "\ncopies of this story, the first publisher's first:")
		for _, m := range members {
			fmt.Fprintf(out, "  %s  %s  %s\n", m.Time.Format(time.RFC3339), m.URL, m.Title)
		}
		return nil
	})
	return cmd
}

// writeRuns shows a difference; what is the same is cut to a few words.
func writeRuns(w io.Writer, runs []library.Run, colour bool) {
	paint := func(c text.Color, s string) string {
		if colour {
			return c.EscapeSeq() + s + text.EscapeReset
		}
		return s
	}
	for _, run := range runs {
		switch run.Kind {
		case "added":
			fmt.Fprint(w, paint(text.FgGreen, "{+"+run.Text+"+}"))
		case "removed":
			fmt.Fprint(w, paint(text.FgRed, "[-"+run.Text+"-]"))
		default:
			if words := strings.Fields(run.Text); len(words) > 2*diffContext {
				run.Text = " " + strings.Join(words[:diffContext], " ") + " … " + strings.Join(words[len(words)-diffContext:], " ") + " "
			}
			fmt.Fprint(w, run.Text)
		}
	}
	fmt.Fprintln(w)
}

func newErase() *cobra.Command {
	var sure, asJSON bool
	cmd := &cobra.Command{
		Use:   "erase ID|URL",
		Short: "Erase an article for good, so that it does not come back",
		Long: `Removes an article with its revisions, words, pages, records on streams and dead
letters, and leaves a tombstone, so that it is not stored again. The tombstone and
the ledger keep its URLs. This cannot be undone.`,
		Args: exactArgs(1, "one id (or its first letters) or URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&sure, "yes", false, "Do it; without this, only what would be erased is said.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print what was erased as JSON.")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		cfg, err := load()
		if err != nil {
			return err
		}
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		s, err := store.Open(ctx, cfg.StoreURL())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if !sure {
			hit, err := s.Article(ctx, library.Name(args[0]))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "%s\n%s\n%d revisions would be erased for good; give --yes to do it\n", hit.Article.GetTitle(), hit.Article.GetCanonicalUrl(), hit.Revisions)
			return err
		}
		bus, err := pipeline.OpenBus(ctx, cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bus.Close()) }()
		erased, err := library.New(s, bus.JS).Erase(ctx, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(out).Encode(erased)
		}
		_, err = fmt.Fprintf(out, "erased %s: %d revisions, %d pages, %d records on streams, %d dead letters\n", erased.ID, erased.Revisions, erased.Pages, erased.Records, erased.DeadLetters)
		return err
	}
	return cmd
}
