package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// region is a region of a page with the quality of the text that its choice gives.
type region struct {
	features []float32
	quality  float64 // F1 after the rules
}

// readRegions returns the regions of a page.
func readRegions(pg *page, s *source) []region {
	if s == nil {
		return nil
	}
	rows, texts := body.RegionRows(s.weighed, s.input)
	shares, full := shares(pg, s, texts)
	tokens := make([]float64, len(texts))
	wanted := 0.0
	for k, text := range texts {
		tokens[k] = float64(len(evaluation.Tokens(text)))
		wanted += max(shares[k], 0) * tokens[k]
	}
	if full && wanted < minBodyTokens {
		return nil
	}
	var regions []region
	for _, row := range rows {
		r := region{features: row.Features}
		if full {
			r.quality = tokenF1(row.Kept, shares, tokens, wanted)
		} else {
			var kept []string
			for k, text := range texts {
				if row.Kept[k] {
					kept = append(kept, text)
				}
			}
			counts := evaluation.CountSnippets(strings.Join(kept, "\n"), pg.truth)
			if counts.Found+counts.Missing == 0 {
				return nil
			}
			r.quality = counts.F1()
		}
		regions = append(regions, r)
	}
	return regions
}

// tokenF1 returns the F1 over tokens of the runs that are kept.
func tokenF1(kept []bool, shares, tokens []float64, wanted float64) float64 {
	right, all := 0.0, 0.0
	for k := range kept {
		if kept[k] {
			right += shares[k] * tokens[k]
			all += tokens[k]
		}
	}
	if right == 0 {
		return 0
	}
	return 2 * right / (all + wanted)
}

// minSpread is the weight of a page whose regions are equally good, relative to one on
// which the choice decides about everything.
const minSpread = 0.2

// variationWeight is the weight of a variation of a page relative to the page.
const variationWeight = 0.5

// trainRegions trains the model of regions on the pages that use selects. Its margin is
// the log-odds of the quality.
func trainRegions(pages []*page, p gbdt.Params, use func(*page) bool) *gbdt.Model {
	var rows [][]float32
	var labels []bool
	var weights []float64
	for _, pg := range pages {
		if !use(pg) {
			continue
		}
		for number, regions := range pg.regions {
			if len(regions) == 0 {
				continue
			}
			best := slices.MaxFunc(regions, byQuality).quality
			worst := slices.MinFunc(regions, byQuality).quality
			w := (minSpread + best - worst) / float64(len(regions)) * max(setWeight[pg.set], 1)
			if number > 0 {
				w *= variationWeight
			}
			for _, r := range regions {
				rows = append(rows, r.features, r.features)
				labels = append(labels, true, false)
				weights = append(weights, w*r.quality, w*(1-r.quality))
			}
		}
	}
	return gbdt.Train(rows, labels, weights, p)
}

func byQuality(a, b region) int { return cmp.Compare(a.quality, b.quality) }
