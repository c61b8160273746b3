package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newHistory() *cobra.Command {
	var changes bool
	cmd := &cobra.Command{
		Use:     "history ID|URL",
		Short:   "List the revisions of a stored article, and its copies on other sites",
		Example: "  dateline history 65695434 --changes",
		Args:    oneArg(idOrURL),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&changes, "changes", false, "Also show what each revision changed, as [-removed-] and {+added+}.")
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
		printRevisions(out, revisions)
		if changes {
			printChanges(out, revisions)
		}
		copies, err := s.Story(ctx, hit.ID)
		if err != nil || len(copies) == 0 {
			return err
		}
		fmt.Fprintln(out, "\ncopies of this article, earliest publication first:")
		for _, c := range copies {
			fmt.Fprintf(out, "  %s  %s  %s\n", c.Time.Format(time.RFC3339), c.URL, c.Title)
		}
		return nil
	})
	return cmd
}

func printRevisions(w io.Writer, revisions []store.Revision) {
	t := newTable(width(w), "revision", "first seen", "last seen", "words", "headline", "correction")
	for _, r := range revisions {
		t.AppendRow([]any{
			r.Number, r.FirstSeen.Format(time.RFC3339), r.LastSeen.Format(time.RFC3339),
			r.Article.GetWordCount(), r.Article.GetTitle(), library.Correction(r.Article),
		})
	}
	fmt.Fprintln(w, t.Render())
}

func printChanges(w io.Writer, revisions []store.Revision) {
	for i := 1; i < len(revisions); i++ {
		before, after := revisions[i-1], revisions[i]
		fmt.Fprintf(w, "\nfrom revision %d to %d:\n", before.Number, after.Number)
		d := library.Diff(before.Article, after.Article)
		printRuns(w, d.Title)
		printRuns(w, d.Text)
	}
}

// printRuns prints a difference. Long passages that are the same in both revisions
// are shortened.
func printRuns(w io.Writer, runs []library.Run) {
	paint := painter(wantsColor(w))
	for _, run := range runs {
		switch run.Kind {
		case "added":
			fmt.Fprint(w, paint(text.FgGreen, "{+"+run.Text+"+}"))
		case "removed":
			fmt.Fprint(w, paint(text.FgRed, "[-"+run.Text+"-]"))
		default:
			if words := strings.Fields(run.Text); len(words) > 2*diffContext {
				run.Text = " " + strings.Join(words[:diffContext], " ") + " … " +
					strings.Join(words[len(words)-diffContext:], " ") + " "
			}
			fmt.Fprint(w, run.Text)
		}
	}
	fmt.Fprintln(w)
}

// painter returns a function that colors a text, or leaves it as it is.
func painter(color bool) func(text.Color, string) string {
	return func(c text.Color, s string) string {
		if !color {
			return s
		}
		return c.EscapeSeq() + s + text.EscapeReset
	}
}
