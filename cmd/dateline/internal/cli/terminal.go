package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/dateline-news/dateline/internal/escape"
)

// unescaped returns the writer below one that escapes text: for binary data, and for
// programs that draw on a terminal.
func unescaped(w io.Writer) io.Writer {
	if e, ok := w.(*escape.Writer); ok {
		return e.Unwrap()
	}
	return w
}

func isTerminal(w io.Writer) bool {
	f, ok := unescaped(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// wantsColor reports whether w is a terminal and the user has not disabled color
// (https://no-color.org).
func wantsColor(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// defaultWidth is the number of columns of an output that is not a terminal, unless the
// environment variable COLUMNS sets it.
const defaultWidth = 120

// width returns the number of columns of an output.
func width(w io.Writer) int {
	if f, ok := unescaped(w).(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	return defaultWidth
}

// minuteForm is the form of times of publication.
const minuteForm = "2006-01-02 15:04"

// when returns a time for a table: relative to now on a terminal, and in RFC 3339 in a
// pipe. The zero time is empty.
func when(w io.Writer, at time.Time) string {
	switch {
	case at.IsZero():
		return ""
	case isTerminal(w):
		return relative(time.Now(), at)
	}
	return at.UTC().Format(time.RFC3339)
}

// relative describes a time relative to now, such as "5 minutes ago" or "in 2 hours". A
// time that is more than two months away is a date.
func relative(now, at time.Time) string {
	const day, limit = 24 * time.Hour, 60 * 24 * time.Hour
	if at.IsZero() {
		return ""
	}
	distance := now.Sub(at)
	if distance.Abs() > limit {
		return at.UTC().Format(time.DateOnly)
	}
	for _, unit := range []struct {
		name string
		long time.Duration
	}{
		{"day", day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second},
	} {
		n := int(distance.Abs() / unit.long)
		switch {
		case n > 0 && distance > 0:
			return plural(n, unit.name) + " ago"
		case n > 0:
			return "in " + plural(n, unit.name)
		}
	}
	return "just now"
}

// maxCellPrefix is the maximum number of characters shown of a text that is cut to its
// start.
const maxCellPrefix = 60

// style writes text in a style, such as a color, if w is a terminal that shows styles.
func style(w io.Writer, with text.Color, format string, args ...any) {
	if !wantsColor(w) {
		fmt.Fprintf(w, format, args...)
		return
	}
	_, _ = io.WriteString(unescaped(w), with.EscapeSeq())
	fmt.Fprintf(w, format, args...)
	_, _ = io.WriteString(unescaped(w), text.EscapeReset)
}

// firstRunes returns the start of a text as one line, with an ellipsis if the text
// goes on.
func firstRunes(text string, n int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n]) + "…"
}

// plural returns a number with its noun: 1 article, 2 articles, 2 deliveries.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "ry"); ok {
		return fmt.Sprintf("%d %sries", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
