package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// inBody reports whether a run becomes part of the body.
func inBody(margin float32, row *body.Row) bool {
	return row.Fixed && row.Kept || !row.Fixed && margin > 0
}

// margins returns the margin of each row of a page.
func margins(m *gbdt.Model, pg *page) []float32 {
	out := make([]float32, len(pg.rows))
	for k := range pg.rows {
		out[k] = m.Margin(pg.rows[k].Features)
	}
	return out
}

// score prints the scores of the bodies that consist of the rows selected by keep, for
// each set and for its articles.
func score(out io.Writer, name string, pages []*page, keep func(k int, pg *page) bool) {
	groups := make(map[string][]evaluation.Match)
	var order []string
	for _, pg := range pages {
		var b strings.Builder
		for k := range pg.rows {
			if keep(k, pg) {
				b.WriteString(pg.rows[k].Text + "\n\n")
			}
		}
		m := evaluation.Best(b.String(), pg.truth)
		keys := []string{pg.set}
		if pg.kind == "article" {
			keys = append(keys, pg.set+" article")
		}
		for _, key := range keys {
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], m)
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%s\tpages\tprecision\trecall\tF1\texact\t\n", name)
	for _, key := range order {
		matches := groups[key]
		exact := 0
		for _, m := range matches {
			if m.Exact {
				exact++
			}
		}
		precision, recall, f1 := evaluation.Mean(matches)
		fmt.Fprintf(table, "%s\t%d\t%.4f\t%.4f\t%.4f\t%.3f\t\n",
			key, len(matches), precision, recall, f1, float64(exact)/float64(len(matches)))
	}
	table.Flush()
}
