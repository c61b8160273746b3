package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
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
	cmd.RunE = withArticles(load, func(ctx context.Context, cmd *cobra.Command, s articles, args []string) error {
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
		t := newTable(width(out), "published", "URL", "headline")
		for _, c := range copies {
			t.AppendRow([]any{when(out, c.Time), c.URL, c.Title})
		}
		_, err = fmt.Fprintln(out, t.Render())
		return err
	})
	return cmd
}

func printRevisions(w io.Writer, revisions []store.Revision) {
	t := newTable(width(w), "revision", "first seen", "last seen", "words", "headline", "correction")
	for _, r := range revisions {
		t.AppendRow([]any{
			r.Number, when(w, r.FirstSeen), when(w, r.LastSeen),
			r.Article.GetWordCount(), r.Article.GetTitle(), library.Correction(r.Article),
		})
	}
	fmt.Fprintln(w, t.Render())
	for _, r := range revisions {
		if again := library.ExtractedAgain(r.Article); again != "" {
			fmt.Fprintf(w, "revision %d: %s\n", r.Number, again)
		}
		if note := library.TextNote(r); note != "" {
			fmt.Fprintln(w, note)
		}
	}
}

func printChanges(w io.Writer, revisions []store.Revision) {
	for i := 1; i < len(revisions); i++ {
		before, after := revisions[i-1], revisions[i]
		fmt.Fprintf(w, "\nfrom revision %d to %d:\n", before.Number, after.Number)
		d := textdiff.Of(before.Article, after.Article)
		printRuns(w, d.Title)
		if note := cmp.Or(library.TextNote(before), library.TextNote(after)); note != "" {
			fmt.Fprintln(w, note)
			continue
		}
		printRuns(w, d.Text)
	}
}

// printRuns prints a difference. Long passages that are the same in both revisions
// are shortened.
func printRuns(w io.Writer, runs []textdiff.Run) {
	for _, run := range runs {
		switch run.Kind {
		case "added":
			style(w, text.FgGreen, "{+%s+}", run.Text)
		case "removed":
			style(w, text.FgRed, "[-%s-]", run.Text)
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
