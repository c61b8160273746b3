package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dateline-news/dateline/internal/escape"
)

// grid is a table that fits an output. Text columns shrink if their cells are too wide.
// Ids, times and numbers never do, because a part of one is useless.
type grid struct {
	columns int
	header  table.Row
	rows    []table.Row
}

// newTable returns a table for an output with the given number of columns.
func newTable(columns int, header ...any) *grid {
	return &grid{columns: columns, header: header}
}

// AppendRow adds a row. Each cell becomes one line, so that none can pretend to be
// another row.
func (g *grid) AppendRow(row table.Row) {
	cells := make(table.Row, len(row))
	for i, cell := range row {
		cells[i] = cell
		if _, isText := cell.(string); isText || !isNumber(cell) {
			cells[i] = escape.Line(fmt.Sprint(cell))
		}
	}
	g.rows = append(g.rows, cells)
}

// isNumber reports whether a cell is aligned to the right.
func isNumber(cell any) bool {
	switch cell.(type) {
	case int, int32, int64, uint, uint32, uint64, float32, float64:
		return true
	}
	return false
}

// shrinking describes a column whose cells may be shortened or wrapped.
type shrinking struct {
	least  int // minimum width, in characters
	fit    func(s string, columns int) string
	weight int // a column with twice the weight gets twice the width
}

// shrinkable are the columns that shrink, by their headers.
var shrinkable = map[any]shrinking{
	"headline":    {16, snip, 3},
	"text":        {16, snip, 3},
	"correction":  {12, snip, 1},
	"first value": {16, snip, 2},
	"before":      {16, snip, 2},
	"after":       {16, snip, 2},
	"selector":    {12, snip, 1},
	"proposed by": {16, wrap, 2},
	"because":     {20, wrap, 2},
	"element":     {14, snipStart, 3},
	"site":        {8, snip, 1},
	"host":        {12, elide, 1},
	"labels":      {8, snip, 1},
	"server":      {16, elide, 2},
	"web":         {12, elide, 1},
	"URL":         {14, elide, 2},
	// The URL of an endpoint matters more than when it was polled, and has twice the space of
	// a reason.
	"endpoint":        {34, elide, 2},
	"note":            {16, wrap, 1},
	"retired because": {16, wrap, 1},
	"details":         {12, wrap, 2},
	"finding":         {16, wrap, 1},
	"what to do":      {16, wrap, 1},
	"meaning":         {24, wrap, 1},
}

// droppable are the columns that are left out, in this order, if an output is too narrow
// for the others.
var droppable = []any{"classifier", "attempts", "attempt", "words", "articles", "usual", "lang", "last seen", "stage",
	"last poll", "endpoints", "next poll"}

// Gaps around the cells of a row: one space on each side.
const cellPadding = 2

// Render returns the table without a trailing newline.
func (g *grid) Render() string {
	for _, name := range droppable {
		if g.least() <= g.columns {
			break
		}
		g.drop(name)
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(g.header)
	t.AppendRows(g.rows)
	var configs []table.ColumnConfig
	for i, limit := range g.limits() {
		config := table.ColumnConfig{Number: i + 1}
		if limit > 0 {
			config.WidthMax, config.WidthMaxEnforcer = limit, shrinkable[g.header[i]].fit
		}
		configs = append(configs, config)
	}
	t.SetColumnConfigs(configs)
	lines := strings.Split(t.Render(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// natural returns the width of the widest cell of a column.
func (g *grid) natural(column int) int {
	widest := text.StringWidthWithoutEscSequences(fmt.Sprint(g.header[column]))
	for _, row := range g.rows {
		if column < len(row) {
			widest = max(widest, text.StringWidthWithoutEscSequences(fmt.Sprint(row[column])))
		}
	}
	return widest
}

// least returns the minimum width of the table.
func (g *grid) least() int {
	total := 0
	for i, name := range g.header {
		need := g.natural(i)
		if column, shrinks := shrinkable[name]; shrinks {
			need = min(need, column.least)
		}
		total += need + cellPadding
	}
	return total
}

// drop leaves out the column with this header, if the table has it.
func (g *grid) drop(name any) {
	at := slices.Index(g.header, name)
	if at < 0 {
		return
	}
	g.header = slices.Delete(slices.Clone(g.header), at, at+1)
	for i, row := range g.rows {
		if at < len(row) {
			g.rows[i] = slices.Delete(row, at, at+1)
		}
	}
}

// limits returns the maximum width of each column that has to shrink, and 0 for the
// others. The space that the fixed columns leave is divided by weight. A column that needs
// less than its share gives the rest to the others; one whose share is less than its
// minimum takes from them.
func (g *grid) limits() []int {
	limits, space := make([]int, len(g.header)), g.columns
	var open []int
	for i, name := range g.header {
		space -= cellPadding
		if _, shrinks := shrinkable[name]; shrinks {
			open = append(open, i)
		} else {
			space -= g.natural(i)
		}
	}
	for len(open) > 0 {
		weights := 0
		for _, i := range open {
			weights += shrinkable[g.header[i]].weight
		}
		share := func(i int) int { return space * shrinkable[g.header[i]].weight / weights }
		least := func(i int) int { return shrinkable[g.header[i]].least }
		at := slices.IndexFunc(open, func(i int) bool { return g.natural(i) <= share(i) })
		if at >= 0 {
			space -= g.natural(open[at])
		} else if at = slices.IndexFunc(open, func(i int) bool { return share(i) < least(i) }); at >= 0 {
			limits[open[at]] = least(open[at])
			space -= least(open[at])
		} else {
			for _, i := range open {
				limits[i] = share(i)
			}
			break
		}
		open = slices.Delete(open, at, at+1)
	}
	return limits
}

// wrap breaks a text between words. It elides words that are too wide, such as URLs,
// because a URL split over two lines is useless.
func wrap(s string, columns int) string {
	words := strings.Fields(s)
	for i, word := range words {
		words[i] = elide(word, columns)
	}
	return text.WrapSoft(strings.Join(words, " "), columns)
}

// snip cuts a text that is too wide, and marks the cut.
func snip(s string, columns int) string { return text.Snip(s, columns, "…") }

// snipStart cuts the start off a text that is too wide, such as the path of an element,
// because its end is more informative.
func snipStart(s string, columns int) string {
	if text.StringWidthWithoutEscSequences(s) <= columns {
		return s
	}
	runes := []rune(s)
	from := len(runes)
	for used := 1; from > 0; from-- {
		if used += text.RuneWidth(runes[from-1]); used > columns {
			break
		}
	}
	return "…" + string(runes[from:])
}

// elide cuts the middle out of a text that is too wide: the host and the end of a URL are
// more informative than the folders in between.
func elide(s string, columns int) string {
	if text.StringWidthWithoutEscSequences(s) <= columns {
		return s
	}
	runes := []rune(s)
	head, tail := 0, len(runes)
	for used := 1; head < tail; {
		// Two thirds are for the start.
		fromHead := head <= 2*(len(runes)-tail)
		next := runes[head]
		if !fromHead {
			next = runes[tail-1]
		}
		if used += text.RuneWidth(next); used > columns {
			break
		}
		if fromHead {
			head++
		} else {
			tail--
		}
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}
