package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

// printFigures prints the figures of each set, and how they changed since a baseline.
func printFigures(out io.Writer, report, before evaluation.Report) {
	t := newTable(width(out), "set", "pages", "refused", "precision", "recall", "F1", "±", "exact",
		"title", "authors", "date", "CPU/parse", "slowest", "MB/page")
	for _, name := range report.Sets() {
		g := report[name]
		if name == madeSet {
			continue // its pages are too small and too similar for these figures
		}
		t.AppendRow(table.Row{
			name, g.Pages, g.Refused, figure(4, g.Precision), figure(4, g.Recall), figure(4, g.F1), figure(4, g.F1Error),
			figure(3, g.Exact), figure(3, g.Title), figure(3, g.Authors), figure(3, g.Date),
			figure(2, &g.CPU), figure(1, &g.Slowest), figure(2, &g.Megabytes),
		})
		if was, ok := before[name]; ok {
			t.AppendRow(table.Row{
				"  change", g.Pages - was.Pages, g.Refused - was.Refused,
				change(4, g.Precision, was.Precision), change(4, g.Recall, was.Recall), change(4, g.F1, was.F1), "",
				change(3, g.Exact, was.Exact), change(3, g.Title, was.Title), change(3, g.Authors, was.Authors),
				change(3, g.Date, was.Date),
				change(2, &g.CPU, &was.CPU), change(1, &g.Slowest, &was.Slowest), change(2, &g.Megabytes, &was.Megabytes),
			})
		}
	}
	fmt.Fprintln(out, t.Render())
	for _, name := range report.Sets() {
		if was, ok := before[name]; ok && name != madeSet {
			printMoved(out, name, report[name], was)
		}
	}
}

// printKinds prints the snippets that were found, and the errors about the kind
// of pages, and how they changed since a baseline.
func printKinds(out io.Writer, report, before evaluation.Report) {
	t := newTable(width(out), "set", "snippets P", "R", "F1", "first", "articles refused", "lists accepted")
	for _, name := range report.Sets() {
		g := report[name]
		t.AppendRow(table.Row{
			name, figure(4, g.SnippetsPrecision), figure(4, g.SnippetsRecall), figure(4, g.SnippetsF1), figure(3, g.First),
			figure(4, g.ArticlesRefused), figure(4, g.ListsAccepted),
		})
		if was, ok := before[name]; ok {
			t.AppendRow(table.Row{
				"  change", change(4, g.SnippetsPrecision, was.SnippetsPrecision),
				change(4, g.SnippetsRecall, was.SnippetsRecall), change(4, g.SnippetsF1, was.SnippetsF1),
				change(3, g.First, was.First), change(4, g.ArticlesRefused, was.ArticlesRefused),
				change(4, g.ListsAccepted, was.ListsAccepted),
			})
		}
	}
	fmt.Fprintf(out, "\n%s\n", t.Render())
}

// printCross prints the figures of the text on the pages that the models were trained on,
// without their sites, and without their sets.
func printCross(out io.Writer, report evaluation.Report) {
	t := newTable(width(out), "set", "F1", "no site", "no set", "exact", "no site", "no set",
		"snippets", "no site", "no set")
	var known, unknown []string
	for _, name := range report.Sets() {
		c := report[name].Cross
		if c == nil {
			if name != madeSet {
				unknown = append(unknown, name)
			}
			continue
		}
		known = append(known, name)
		t.AppendRow(table.Row{
			name,
			figure(4, c.Seen.F1), figure(4, c.WithoutSite.F1), figure(4, c.WithoutSet.F1),
			figure(3, c.Seen.Exact), figure(3, c.WithoutSite.Exact), figure(3, c.WithoutSet.Exact),
			figure(4, c.Seen.SnippetsF1), figure(4, c.WithoutSite.SnippetsF1), figure(4, c.WithoutSet.SnippetsF1),
		})
	}
	fmt.Fprintln(out, "\nWhen the models were trained, and with models that have not seen the site or the set of a page:")
	if len(known) > 0 {
		fmt.Fprintln(out, t.Render())
	}
	for _, name := range unknown {
		fmt.Fprintf(out, "%s: no figures of these pages; no model was measured on them in training\n", name)
	}
}

// maxMoved is the number of changed pages that are listed.
const maxMoved = 10

// printMoved lists the pages whose F1 changed most since the baseline.
func printMoved(out io.Writer, name string, now, was evaluation.Figures) {
	moved := now.Moved(was)
	if len(moved) == 0 {
		fmt.Fprintf(out, "%s: no page's F1 changed\n", name)
		return
	}
	better := 0
	for _, m := range moved {
		if m.Now > m.Was {
			better++
		}
	}
	fmt.Fprintf(out, "%s: %s better, %d worse\n", name, plural(better, "page"), len(moved)-better)
	for _, m := range moved[:min(len(moved), maxMoved)] {
		fmt.Fprintf(out, "  %+.4f  %.4f → %.4f  %s\n", m.Now-m.Was, m.Was, m.Now, m.ID)
	}
}

// printPages prints the worst pages and the misses of a set, if the flags request them.
func (f *evalFlags) printPages(out io.Writer, name string, res *evaluation.Result) {
	pages := slices.DeleteFunc(slices.Clone(res.Pages), func(p evaluation.Page) bool { return p.Truth.Body == "" })
	slices.SortStableFunc(pages, func(a, b evaluation.Page) int { return cmp.Compare(a.Body.F1(), b.Body.F1()) })
	for _, p := range pages[:max(0, min(f.worst, len(pages)))] {
		fmt.Fprintf(out, "\n%s %s  F1 %.3f  %s\n", name, p.Truth.ID, p.Body.F1(), p.Truth.URL)
		if p.Err != nil {
			fmt.Fprintf(out, "  refused: %v\n", p.Err)
			continue
		}
		printDiff(out, p.Truth.Body, p.Got.Text)
	}
	if !f.misses {
		return
	}
	for _, p := range res.Pages {
		for _, m := range p.Misses {
			fmt.Fprintf(out, "%s %s: got %q, want %q\n", p.Truth.ID, m.Field, m.Got, m.Want)
		}
	}
}

// printCalibration compares the confidence of fields with how often they are right.
func printCalibration(out io.Writer, results []*evaluation.Result) {
	var all evaluation.Calibration
	for _, res := range results {
		all.Add(&res.Calibration)
	}
	t := newTable(width(out), "confidence", "fields", "right")
	bands := float64(len(all))
	for i, band := range all {
		if band.Of > 0 {
			t.AppendRow(table.Row{
				fmt.Sprintf("%.2f to %.2f, mean %.3f", float64(i)/bands, float64(i+1)/bands, band.Sum/float64(band.Of)),
				band.Of, fmt.Sprintf("%.3f", band.Value()),
			})
		}
	}
	fmt.Fprintf(out, "\n%s\nexpected calibration error of titles, authors and dates: %.3f\n", t.Render(), all.Error())
}

// figure formats a figure with some decimal places, or as a dash if it is unknown.
func figure(places int, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", places, *v)
}

// change formats the difference between two figures, if both are known.
func change(places int, now, was *float64) string {
	if now == nil || was == nil {
		return ""
	}
	return fmt.Sprintf("%+.*f", places, *now-*was)
}
