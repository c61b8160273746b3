package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// wantsColor reports whether w is a terminal and the user has not disabled color
// (https://no-color.org).
func wantsColor(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// defaultWidth is the number of columns of an output that is not a terminal.
const defaultWidth = 120

// width returns the number of columns of an output.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return defaultWidth
}

// The widths of table columns that hold texts of any length.
const (
	otherColumns  = 44 // the columns beside a headline
	minHeadline   = 24
	maxSite       = 24
	minWrapped    = 32
	firstColumns  = 32 // status and name of a check, beside two wrapped columns
	minHalf       = 20
	maxCellPrefix = 60 // characters of a text of which only the start is shown
)

// newTable returns a table for an output with the given number of columns. Texts that
// are too wide are cut or wrapped, depending on the header of their column.
func newTable(columns int, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row(header))
	wrapped, half := max(minWrapped, columns/2), max(minHalf, (columns-firstColumns)/2)
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "headline", WidthMax: max(minHeadline, (columns-otherColumns)*2/3), WidthMaxEnforcer: snip},
		{Name: "site", WidthMax: maxSite, WidthMaxEnforcer: snip},
		{Name: "URL", WidthMax: wrapped, WidthMaxEnforcer: text.WrapHard},
		{Name: "details", WidthMax: wrapped, WidthMaxEnforcer: text.WrapSoft},
		{Name: "finding", WidthMax: half, WidthMaxEnforcer: text.WrapSoft},
		{Name: "what to do", WidthMax: half, WidthMaxEnforcer: text.WrapSoft},
	})
	return t
}

// snip cuts a text that is too wide, and marks the cut.
func snip(s string, columns int) string { return text.Snip(s, columns, "…") }

// firstRunes returns the start of a text as one line, with an ellipsis if the text
// goes on.
func firstRunes(text string, n int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n]) + "…"
}

// plural returns a number with its noun: 1 article, 2 articles.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
