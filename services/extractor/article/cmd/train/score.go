package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
)

// outcome is what the extraction gives for a page.
type outcome struct {
	text, refusal string
	row           []float32 // by which F1 is predicted; nil if refused
	match         evaluation.Match
	snippets      evaluation.Snippets
}

// measure extracts pages, each with the models that choose returns for it.
func measure(ctx context.Context, pages []*page, choose func(*page) body.Models) (map[*page]*outcome, error) {
	results := make(map[*page]*outcome, len(pages))
	for _, pg := range pages {
		results[pg] = &outcome{}
	}
	err := each(ctx, pages, func(pg *page, text []byte) {
		o := results[pg]
		o.text, o.row, o.refusal = readSource(pg.truth.URL, text).text(choose(pg))
		o.match = evaluation.Best(o.text, pg.truth)
		o.snippets = evaluation.CountSnippets(o.text, pg.truth)
	})
	return results, err
}

// known reports whether the body of a page is known, and not only snippets of it.
func (pg *page) known() bool { return pg.truth.Body != "" }

// group is the name under which a page is scored: its set, and whether it is an article
// if the set has other pages.
func (pg *page) group() string {
	switch pg.kind {
	case "", "article":
		return pg.set
	}
	return pg.set + ", no articles"
}

// measurement prints the scores of pages with different models.
type measurement struct {
	out    io.Writer
	pages  []*page
	to     string   // prefix of the files with the result of each page, "" for none
	names  []string // of the scores so far
	scores []map[string]score
	cross  []map[string]evaluation.BodyFigures // the same by evaluation.CrossName
}

// score are the scores of a group of pages.
type score struct {
	pages, bodies, exact, refused, bad int

	precision, recall, f1 float64
	snippets              evaluation.Snippets
}

// show measures the pages with models and prints the scores under a name.
func (m *measurement) show(ctx context.Context, name string, choose func(*page) body.Models) error {
	results, err := measure(ctx, m.pages, choose)
	if err != nil {
		return err
	}
	return m.print(name, results)
}

// print prints the scores of results under a name.
func (m *measurement) print(name string, results map[*page]*outcome) error {
	scores := make(map[string]score)
	table := tabwriter.NewWriter(m.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%s\tpages\tprecision\trecall\tF1\texact\tbad\trefused\tsnippets P\tR\tF1\t\n", name)
	for _, group := range groups(m.pages) {
		s := scoreOf(slices.DeleteFunc(slices.Clone(m.pages), func(pg *page) bool { return pg.group() != group }), results)
		scores[group] = s
		fmt.Fprintf(table, "%s\t%d\t%.4f\t%.4f\t%.4f\t%.3f\t%d\t%d\t%.4f\t%.4f\t%.4f\t\n",
			group, s.pages, s.precision, s.recall, s.f1, s.exactShare(), s.bad, s.refused,
			s.snippets.Precision(), s.snippets.Recall(), s.snippets.F1())
	}
	table.Flush()
	m.names, m.scores = append(m.names, name), append(m.scores, scores)
	m.cross = append(m.cross, m.figures(results))
	if m.to == "" {
		return nil
	}
	file, err := os.Create(m.to + "." + strings.ReplaceAll(name, " ", "-"))
	if err != nil {
		return err
	}
	printPages(file, m.pages, results)
	return file.Close()
}

// compare prints the main scores of all measurements side by side.
func (m *measurement) compare() {
	table := tabwriter.NewWriter(m.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\n")
	for _, figure := range []string{"F1", "exact", "snippets F1"} {
		for _, name := range m.names {
			fmt.Fprintf(table, "\t%s, %s", figure, name)
		}
	}
	fmt.Fprint(table, "\t\n")
	for _, group := range groups(m.pages) {
		fmt.Fprint(table, group)
		for _, value := range []func(score) float64{
			func(s score) float64 { return s.f1 }, score.exactShare,
			func(s score) float64 { return s.snippets.F1() },
		} {
			for _, scores := range m.scores {
				fmt.Fprintf(table, "\t%.4f", value(scores[group]))
			}
		}
		fmt.Fprint(table, "\t\n")
	}
	table.Flush()
}

// groups returns the groups of the pages, in order.
func groups(pages []*page) []string {
	var order []string
	for _, pg := range pages {
		if !slices.Contains(order, pg.group()) {
			order = append(order, pg.group())
		}
	}
	return order
}

// exactShare returns the share of pages whose body is equal to the truth.
func (s score) exactShare() float64 { return float64(s.exact) / float64(max(s.bodies, 1)) }

func scoreOf(pages []*page, results map[*page]*outcome) score {
	var s score
	var matches []evaluation.Match
	for _, pg := range pages {
		o := results[pg]
		s.pages++
		if o.refusal != "" {
			s.refused++
		}
		s.snippets.Add(o.snippets)
		if !pg.known() {
			continue
		}
		matches = append(matches, o.match)
		if o.match.Exact {
			s.exact++
		}
		if o.match.F1() < 0.8 {
			s.bad++
		}
	}
	s.bodies = len(matches)
	s.precision, s.recall, s.f1 = evaluation.Mean(matches)
	return s
}

// printPages prints the result of each page, to compare two runs.
func printPages(out io.Writer, pages []*page, results map[*page]*outcome) {
	for _, pg := range pages {
		o := results[pg]
		fmt.Fprintf(out, "%s\t%s\t%.4f\t%v\t%d/%d/%d\t%s\t%s\n", pg.set, pg.truth.ID, o.match.F1(), o.match.Exact,
			o.snippets.Found, o.snippets.Missing, o.snippets.Unwanted, strings.TrimSpace(o.refusal), pg.kind)
	}
}
