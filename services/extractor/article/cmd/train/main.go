// Train makes the classifier of text runs, body.model, from a corpus: a folder
// of sets, each with pages/*.html.gz and truth.jsonl. It trains on the two
// thirds of the sites that rules may be made from; the other third measures it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/training"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// page is what is learned from one page.
type page struct {
	set, id string
	kind    string
	held    bool
	fold    int
	rows    []training.Row
	shares  []float64 // of each row's tokens, those that belong to the truth
	tokens  []int
	truth   *evaluation.Truth
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	corpus := flags.String("corpus", "", "folder of sets")
	sets := flags.String("sets", "aeb-dev,fundus-dev,wcxb-dev", "the sets to learn from, parted by commas")
	output := flags.String("out", "body.model", "file to write the model to")
	all := flags.Bool("all", false, "train on all sites, those kept for measuring too")
	folds := flags.Int("folds", 0, "measure by cross-validation over so many parts of the sites, and write no model")
	p := gbdt.Params{Columns: 0.5, Rows: 0.7}
	flags.IntVar(&p.Trees, "trees", 100, "number of trees")
	flags.IntVar(&p.Depth, "depth", 5, "depth of a tree")
	flags.Float64Var(&p.Rate, "rate", 0.1, "shrinkage")
	flags.Float64Var(&p.MinWeight, "min-weight", 0.5, "least weight in a leaf, in pages")
	flags.Float64Var(&p.Lambda, "lambda", 0.5, "L2 penalty")
	oracle := flags.Bool("oracle", false, "print how good a choice of runs could be at best")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var pages []*page
	for _, set := range strings.Split(*sets, ",") {
		read, err := readSet(ctx, *corpus, set)
		if err != nil {
			return err
		}
		pages = append(pages, read...)
	}
	if len(pages) == 0 {
		return errors.New("the sets hold no page with a body: name the folder of sets with -corpus")
	}
	if *oracle {
		score(out, "oracle", pages, func(k int, pg *page) bool { return pg.shares[k] > 0.5 })
	}
	score(out, "as is", pages, func(k int, pg *page) bool { return pg.rows[k].Kept })
	if *folds > 1 {
		predicted := map[*page][]float32{}
		for f := range *folds {
			m := train(pages, p, func(pg *page) bool { return pg.fold%*folds != f })
			for _, pg := range pages {
				if pg.fold%*folds == f {
					predicted[pg] = margins(m, pg)
				}
			}
		}
		score(out, "cross-validated", pages, func(k int, pg *page) bool { return chosen(predicted[pg][k], &pg.rows[k]) })
		return nil
	}
	start := time.Now()
	m := train(pages, p, func(pg *page) bool { return *all || !pg.held })
	fmt.Fprintf(out, "trained in %s\n", time.Since(start).Round(time.Second))
	for _, held := range []bool{false, true} {
		part := pages[:0:0]
		for _, pg := range pages {
			if pg.held == held {
				part = append(part, pg)
			}
		}
		score(out, map[bool]string{false: "learned from", true: "held"}[held], part, func(k int, pg *page) bool {
			return chosen(m.Margin(pg.rows[k].Features), &pg.rows[k])
		})
	}
	file, err := os.Create(*output)
	if err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	if err := errors.Join(m.Write(file), file.Close()); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	return nil
}

// chosen says that a run becomes part of the body.
func chosen(margin float32, row *training.Row) bool {
	return row.Fixed && row.Kept || !row.Fixed && margin > 0
}

func margins(m *gbdt.Model, pg *page) []float32 {
	out := make([]float32, len(pg.rows))
	for k := range pg.rows {
		out[k] = m.Margin(pg.rows[k].Features)
	}
	return out
}

func readSet(ctx context.Context, corpus, set string) ([]*page, error) {
	dir := filepath.Join(corpus, set)
	truths, err := evaluation.ReadTruth(dir)
	if err != nil {
		return nil, err
	}
	var pages []*page
	for i := range truths {
		t := &truths[i]
		if t.Body == "" {
			continue
		}
		raw, err := evaluation.ReadPage(dir, t.ID)
		if err != nil {
			return nil, err
		}
		rec := &training.Recorder{}
		_, _ = article.Extract(training.WithRecorder(ctx, rec), article.Page{URL: t.URL, Body: raw}, article.Options{})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pg := &page{set: set, id: t.ID, kind: t.PageType, held: t.HeldOut(), fold: int(crc32.ChecksumIEEE([]byte("fold"+t.Site())) >> 3), truth: t, rows: rec.Rows}
		var texts []string
		for _, row := range rec.Rows {
			texts = append(texts, row.Text)
			pg.tokens = append(pg.tokens, len(evaluation.Tokens(row.Text)))
		}
		pg.shares = evaluation.Label(texts, t.Body)
		pages = append(pages, pg)
	}
	return pages, nil
}

// train weighs each run by what it costs to be wrong about it: its share of the
// page's text, so that each page counts about the same.
func train(pages []*page, p gbdt.Params, use func(*page) bool) *gbdt.Model {
	var rows [][]float32
	var labels []bool
	var weights []float64
	for _, pg := range pages {
		if !use(pg) {
			continue
		}
		whole := 0.0
		for k := range pg.rows {
			whole += pg.shares[k] * float64(pg.tokens[k])
		}
		if whole < 10 {
			continue
		}
		optional := optionalText(pg.truth)
		for k, row := range pg.rows {
			if row.Fixed || pg.tokens[k] == 0 || optional != "" && strings.Contains(optional, row.Text) {
				continue
			}
			s := pg.shares[k]
			w := (math.Min(float64(pg.tokens[k]), whole) + 3) / (whole + 100) * math.Max(0.1, math.Abs(2*s-1))
			rows, labels, weights = append(rows, row.Features), append(labels, s > 0.5), append(weights, w*setWeight[pg.set])
		}
	}
	return gbdt.Train(rows, labels, weights, p)
}

// setWeight evens the sets out a little: the largest has ten times the pages of
// the smallest.
var setWeight = map[string]float64{"aeb-dev": 3, "fundus-dev": 3, "wcxb-dev": 1}

func optionalText(t *evaluation.Truth) string {
	var b strings.Builder
	for _, p := range t.Paragraphs {
		if p.Optional {
			b.WriteString(p.Text + "\n")
		}
	}
	return b.String()
}

func score(out io.Writer, name string, pages []*page, keep func(k int, pg *page) bool) {
	type group struct{ matches []evaluation.Match }
	groups := map[string]*group{}
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
				groups[key] = &group{}
				order = append(order, key)
			}
			groups[key].matches = append(groups[key].matches, m)
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%s\tpages\tprecision\trecall\tF1\texact\t\n", name)
	for _, key := range order {
		g := groups[key]
		exact := 0
		for _, m := range g.matches {
			if m.Exact {
				exact++
			}
		}
		pr, re, f1 := evaluation.Mean(g.matches)
		fmt.Fprintf(table, "%s\t%d\t%.4f\t%.4f\t%.4f\t%.3f\t\n", key, len(g.matches), pr, re, f1, float64(exact)/float64(len(g.matches)))
	}
	table.Flush()
}
