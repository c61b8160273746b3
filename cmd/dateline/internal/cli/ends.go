package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
)

// endTable prints the final outcomes of published requests: as lines of JSON at once, or
// as a table at the end.
type endTable struct {
	out    io.Writer
	asJSON bool
	rows   []table.Row

	articles, known, failed int
}

// add reports the end of a request.
func (t *endTable) add(end follow.End) error {
	switch {
	case seen(end):
		t.known++
	case end.Failed():
		t.failed++
	default:
		t.articles++
	}
	if t.asJSON {
		line := newEndLine(end)
		line.Seen = line.Seen || seen(end)
		return json.NewEncoder(t.out).Encode(line)
	}
	if len(t.rows) < maxRows {
		t.rows = append(t.rows, endRow(end))
	}
	return nil
}

// finish prints the table. It returns errReported if a request led to no article.
func (t *endTable) finish() error {
	if all := t.articles + t.known + t.failed; !t.asJSON && all > 0 {
		shown := newTable(width(t.out), "stage", "verdict", "reason", "URL", "id", "details")
		for _, row := range t.rows {
			shown.AppendRow(row)
		}
		fmt.Fprintln(t.out, shown.Render())
		if more := all - len(t.rows); more > 0 {
			fmt.Fprintf(t.out, "and %s more\n", plural(more, "URL"))
		}
		known := ""
		if t.known > 0 {
			known = fmt.Sprintf(", %d requested before", t.known)
		}
		fmt.Fprintf(t.out, "%d of %s led to an article%s\n", t.articles, plural(all, "URL"), known)
	}
	if t.failed > 0 {
		return errReported
	}
	return nil
}
