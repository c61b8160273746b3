package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pmezard/go-difflib/difflib"
)

// diffContext is the number of words shown on either side of a difference.
const diffContext = 8

// printDiff prints the words that got lacks as [-…-], in red, and the words that it
// has too many as {+…+}, in green. Other words are shown only as context.
func printDiff(w io.Writer, want, got string, color bool) {
	a, b := strings.Fields(want), strings.Fields(got)
	codes := difflib.NewMatcher(a, b).GetOpCodes()
	if len(codes) == 1 && codes[0].Tag == 'e' {
		fmt.Fprintln(w, "  no word differs")
		return
	}
	paint := painter(color)
	for i, c := range codes {
		if c.Tag == 'e' {
			fmt.Fprintf(w, "  %s\n", strings.Join(contextOf(a[c.I1:c.I2], i == 0, i == len(codes)-1), " "))
			continue
		}
		if c.I2 > c.I1 {
			fmt.Fprintf(w, "  %s\n", paint(text.FgRed, "[-"+strings.Join(a[c.I1:c.I2], " ")+"-]"))
		}
		if c.J2 > c.J1 {
			fmt.Fprintf(w, "  %s\n", paint(text.FgGreen, "{+"+strings.Join(b[c.J1:c.J2], " ")+"+}"))
		}
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
