package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// diffContext is the number of words shown on either side of a difference.
const diffContext = 8

// printDiff prints the words that are missing from got as [-…-], in red, and the
// extra words as {+…+}, in green. Other words are shown only as context.
// Differences in white space are ignored.
func printDiff(w io.Writer, want, got string) {
	runs := textdiff.Texts(strings.Join(strings.Fields(want), " "), strings.Join(strings.Fields(got), " "))
	if len(runs) == 1 && runs[0].Kind == textdiff.Same {
		fmt.Fprintln(w, "  no word differs")
		return
	}
	for i, run := range runs {
		words := strings.Fields(run.Text)
		if len(words) == 0 {
			continue // only a space
		}
		switch run.Kind {
		case textdiff.Removed:
			style(w, text.FgRed, "  [-%s-]", strings.Join(words, " "))
		case textdiff.Added:
			style(w, text.FgGreen, "  {+%s+}", strings.Join(words, " "))
		default:
			fmt.Fprintf(w, "  %s", strings.Join(contextOf(words, i == 0, i == len(runs)-1), " "))
		}
		fmt.Fprintln(w)
	}
}

// contextOf shortens words between two differences, or before the first or after
// the last difference.
func contextOf(words []string, first, last bool) []string {
	n := len(words)
	switch {
	case first && n > diffContext:
		return append([]string{"…"}, words[n-diffContext:]...)
	case last && n > diffContext:
		return append(words[:diffContext:diffContext], "…")
	case !first && !last && n > 2*diffContext:
		return append(append(words[:diffContext:diffContext], "…\n  …"), words[n-diffContext:]...)
	}
	return words
}
