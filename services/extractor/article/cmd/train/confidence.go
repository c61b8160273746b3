package main

import (
	"fmt"
	"math"
	"text/tabwriter"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// confidenceParams are the hyperparameters of the model that predicts F1. There are about a
// thousand pages to train it on, so it is small.
var confidenceParams = gbdt.Params{
	Columns: 0.7, Rows: 0.7, Trees: 60, Depth: 3, Rate: 0.07, MinWeight: 2, Lambda: 2,
}

// trainConfidence trains the model that predicts the F1 of a text, on the pages that use
// selects and results of models that have not seen them. Its margin is the log-odds of F1.
func trainConfidence(pages []*page, results map[*page]*outcome, use func(*page) bool) *gbdt.Model {
	var rows [][]float32
	var labels []bool
	var weights []float64
	for _, pg := range pages {
		o := results[pg]
		if o.row == nil || !pg.known() || !use(pg) {
			continue
		}
		f1 := o.match.F1()
		rows, labels = append(rows, o.row, o.row), append(labels, true, false)
		weights = append(weights, f1, 1-f1)
	}
	return gbdt.Train(rows, labels, weights, confidenceParams)
}

// bandEdges are the lower edges of the bands of predicted F1 that are printed.
var bandEdges = []float64{0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95}

// band are the pages with about the same predicted F1.
type band struct {
	pages           int
	predicted, true float64 // sums of F1
	good            int     // pages with F1 of at least 0.8
}

// printCalibration compares the predicted with the true F1 of pages whose site none of the
// models has seen, and of the pages of sets that are not trained on.
func (t *trainer) printCalibration(m *measurement, unseen map[*page]*outcome, whole *gbdt.Model) {
	folds := make([]*gbdt.Model, len(t.folds))
	for fold := range folds {
		folds[fold] = trainConfidence(t.pages, unseen, func(pg *page) bool { return pg.siteHash%len(folds) != fold })
	}
	trained, others := make([]band, len(bandEdges)), make([]band, len(bandEdges))
	own := make(map[*page]bool, len(t.pages))
	for _, pg := range t.pages {
		own[pg] = true
	}
	for _, pg := range m.pages {
		switch o := unseen[pg]; {
		case o.row == nil || !pg.known():
		case own[pg]:
			add(trained, folds[pg.siteHash%len(folds)].Margin(o.row), o)
		default:
			add(others, whole.Margin(o.row), o)
		}
	}
	m.printBands("without the site", trained)
	m.printBands("other sets", others)
}

func add(bands []band, margin float32, o *outcome) {
	predicted := 1 / (1 + math.Exp(-float64(margin)))
	at := 0
	for at+1 < len(bandEdges) && predicted >= bandEdges[at+1] {
		at++
	}
	b := &bands[at]
	b.pages++
	b.predicted += predicted
	b.true += o.match.F1()
	if o.match.F1() >= 0.8 {
		b.good++
	}
}

// printBands prints the bands, and the mean distance between predicted and true F1 over
// them, weighted by pages.
func (m *measurement) printBands(name string, bands []band) {
	table := tabwriter.NewWriter(m.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "confidence, %s\tpages\tpredicted F1\ttrue F1\tshare of 0.8 or more\t\n", name)
	var distance, pages float64
	for i, b := range bands {
		if b.pages == 0 {
			continue
		}
		n := float64(b.pages)
		fmt.Fprintf(table, "from %.2f\t%d\t%.3f\t%.3f\t%.3f\t\n",
			bandEdges[i], b.pages, b.predicted/n, b.true/n, float64(b.good)/n)
		distance += math.Abs(b.predicted - b.true)
		pages += n
	}
	table.Flush()
	fmt.Fprintf(m.out, "calibration error %.4f\n", distance/max(pages, 1))
}
