package main

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

const (
	// minDeclared is the minimum number of tokens of a text in structured data that is
	// the truth of a page without another one.
	minDeclared = 120
	// minShown is the share of such a text that the page must show.
	minShown = 0.9
	// unknown is the label of a run about which the truth says nothing.
	unknown = -1
)

// label returns the rows of a page with labels.
func label(pg *page, s *source, regions *gbdt.Model) []labelled {
	if s == nil {
		return nil
	}
	rows := body.Rows(s.weighed, s.input, regions)
	var texts []string
	for _, row := range rows {
		texts = append(texts, row.Text)
	}
	labels, _ := shares(pg, s, texts)
	out := make([]labelled, len(rows))
	for k, row := range rows {
		out[k] = labelled{Row: row, share: labels[k], tokens: len(evaluation.Tokens(row.Text))}
	}
	return out
}

// shares returns the shares of the tokens of each text of a page that belong to the truth,
// and whether the whole truth is known: the body, or the text that the page declares in
// its structured data. Otherwise the shares are those that snippets give.
func shares(pg *page, s *source, texts []string) (labels []float64, full bool) {
	if pg.known() {
		return evaluation.Label(texts, pg.truth.Body), true
	}
	if declared := s.declared(); declared != "" {
		if labels = evaluation.Label(texts, declared); shownShare(texts, labels, declared) > minShown {
			return labels, true
		}
	}
	for _, text := range texts {
		labels = append(labels, snippetLabel(text, pg.truth))
	}
	return labels, false
}

func shownShare(texts []string, labels []float64, truth string) float64 {
	shown := 0.0
	for k, text := range texts {
		shown += labels[k] * float64(len(evaluation.Tokens(text)))
	}
	return shown / float64(len(evaluation.Tokens(truth)))
}

// snippetLabel returns the label of a text of which only snippets are known.
func snippetLabel(text string, t *evaluation.Truth) float64 {
	switch s := evaluation.CountSnippets(text, t); {
	case s.Found > 0 && s.Unwanted == 0:
		return 1
	case s.Unwanted > 0 && s.Found == 0:
		return 0
	}
	return unknown
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
	// minRowWeight is the weight below which runs are sampled, to save time.
	minRowWeight = 0.02
)

// setWeight balances the sets a little: the largest has ten times as many pages as the
// smallest.
var setWeight = map[string]float64{"aeb-dev": 3, "fundus-dev": 3, "newspaper4k-dev": 2, "trafilatura-dev": 1.5}

// train trains a model on the pages that use selects. The weight of a run is the cost
// of a wrong decision about it, which is its share of the page's text, so that all pages
// count about the same.
func train(pages []*page, p gbdt.Params, use func(*page) bool) *gbdt.Model {
	var rows [][]float32
	var labels []bool
	var weights []float64
	random := rand.New(rand.NewPCG(1, 2)) // the same in each run
	for _, pg := range pages {
		if !use(pg) {
			continue
		}
		body := 0.0 // tokens that belong to the truth
		for _, row := range pg.rows {
			body += max(row.share, 0) * float64(row.tokens)
		}
		if body < minBodyTokens {
			continue
		}
		for _, row := range pg.rows {
			if row.Fixed || row.tokens == 0 || row.share < 0 ||
				pg.optional != "" && strings.Contains(pg.optional, row.Text) {
				continue
			}
			w := (math.Min(float64(row.tokens), body) + runSmoothing) / (body + pageSmoothing) *
				math.Max(minCertainty, math.Abs(2*row.share-1))
			if w *= max(setWeight[pg.set], 1); w < minRowWeight {
				// Of the many runs of little weight, some stand for all.
				if random.Float64()*minRowWeight > w {
					continue
				}
				w = minRowWeight
			}
			rows, labels = append(rows, row.Features), append(labels, row.share > 0.5)
			weights = append(weights, w)
		}
	}
	return gbdt.Train(rows, labels, weights, p)
}
