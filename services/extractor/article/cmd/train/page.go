package main

import (
	"context"
	"hash/crc32"
	"math"
	"path/filepath"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// page is the training data of one page.
type page struct {
	set, kind string
	heldOut   bool
	siteHash  int // assigns all pages of a site to the same fold
	rows      []body.Row
	shares    []float64 // the share of each row's tokens that belongs to the truth
	tokens    []int     // the number of tokens of each row
	truth     *evaluation.Truth
}

// readSet reads the pages of a set whose body is known.
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
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pages = append(pages, newPage(set, t, readRows(t.URL, raw)))
	}
	return pages, nil
}

func newPage(set string, t *evaluation.Truth, rows []body.Row) *page {
	pg := &page{
		set: set, kind: t.PageType, heldOut: t.HeldOut(), truth: t, rows: rows,
		siteHash: int(crc32.ChecksumIEEE([]byte("fold"+t.Site())) >> 3),
	}
	var texts []string
	for _, row := range rows {
		texts = append(texts, row.Text)
		pg.tokens = append(pg.tokens, len(evaluation.Tokens(row.Text)))
	}
	pg.shares = evaluation.Label(texts, t.Body)
	return pg
}

const (
	// minBodyTokens is the number of labelled tokens below which a page is not trained
	// on: its truth was not found on it.
	minBodyTokens = 10
	// Terms that smooth the weights of short runs and short pages, in tokens.
	runSmoothing  = 3
	pageSmoothing = 100
	// minCertainty is the minimum factor for a run of which only a part belongs to the
	// truth.
	minCertainty = 0.1
)

// setWeight balances the sets a little: the largest has ten times as many pages as the
// smallest.
var setWeight = map[string]float64{"aeb-dev": 3, "fundus-dev": 3, "wcxb-dev": 1}

// train trains a model on the pages that use selects. The weight of a run is the cost
// of a wrong decision about it, which is its share of the page's text, so that all pages
// count about the same.
func train(pages []*page, p gbdt.Params, use func(*page) bool) *gbdt.Model {
	var rows [][]float32
	var labels []bool
	var weights []float64
	for _, pg := range pages {
		if !use(pg) {
			continue
		}
		body := 0.0 // tokens that belong to the truth
		for k := range pg.rows {
			body += pg.shares[k] * float64(pg.tokens[k])
		}
		if body < minBodyTokens {
			continue
		}
		optional := optionalText(pg.truth)
		for k, row := range pg.rows {
			if row.Fixed || pg.tokens[k] == 0 || optional != "" && strings.Contains(optional, row.Text) {
				continue
			}
			share := pg.shares[k]
			w := (math.Min(float64(pg.tokens[k]), body) + runSmoothing) / (body + pageSmoothing) *
				math.Max(minCertainty, math.Abs(2*share-1))
			rows, labels = append(rows, row.Features), append(labels, share > 0.5)
			weights = append(weights, w*setWeight[pg.set])
		}
	}
	return gbdt.Train(rows, labels, weights, p)
}

// optionalText returns the paragraphs that a body may contain or lack.
func optionalText(t *evaluation.Truth) string {
	var b strings.Builder
	for _, p := range t.Paragraphs {
		if p.Optional {
			b.WriteString(p.Text + "\n")
		}
	}
	return b.String()
}
