package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/pmezard/go-difflib/difflib"
)

// diffContext is how many words are shown on either side of a difference.
const diffContext = 8

// writeDiff shows the words that are missing in got, as [-…-], and those that
// are too much, as {+…+}; in red and green where colour is wanted.
func writeDiff(w io.Writer, want, got string, colour bool) {
	a, b := strings.Fields(want), strings.Fields(got)
	missing, extra := text.Colors{text.FgRed}, text.Colors{text.FgGreen}
	paint := func(c text.Colors, s string) string {
		if colour {
			return c.EscapeSeq() + s + text.EscapeReset
		}
		return s
	}
	codes := difflib.NewMatcher(a, b).GetOpCodes()
	for i, c := range codes {
		if c.Tag == 'e' {
			words := a[c.I1:c.I2]
			switch {
			case len(codes) == 1:
				fmt.Fprintln(w, "  no word differs")
			case i == 0 && len(words) > diffContext:
				words = append([]string{"…"}, words[len(words)-diffContext:]...)
			case i == len(codes)-1 && len(words) > diffContext:
				words = append(words[:diffContext:diffContext], "…")
			case len(words) > 2*diffContext:
				words = append(append(words[:diffContext:diffContext], "…\n  …"), words[len(words)-diffContext:]...)
			}
			if len(codes) > 1 {
				fmt.Fprintf(w, "  %s\n", strings.Join(words, " "))
			}
			continue
		}
		if c.I2 > c.I1 {
			fmt.Fprintf(w, "  %s\n", paint(missing, "[-"+strings.Join(a[c.I1:c.I2], " ")+"-]"))
		}
		if c.J2 > c.J1 {
			fmt.Fprintf(w, "  %s\n", paint(extra, "{+"+strings.Join(b[c.J1:c.J2], " ")+"+}"))
		}
	}
}
