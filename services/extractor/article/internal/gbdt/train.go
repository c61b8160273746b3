package gbdt

import (
	"math"
	"slices"
)

// Params are the knobs of training.
type Params struct {
	Trees     int
	Depth     int     // most splits from root to leaf
	Rate      float64 // shrinkage of each tree
	MinWeight float64 // least sum of second derivatives in a leaf
	Lambda    float64 // L2 penalty on leaf outputs
	Columns   float64 // share of features that each tree may use
	Rows      float64 // share of rows that each tree is grown on
}

const maxBins = 64

// Train fits a model to rows of equal length with labels and weights.
func Train(rows [][]float32, labels []bool, weights []float64, p Params) *Model {
	g := &grower{Params: p, n: len(rows), f: len(rows[0])}
	g.bin(rows)
	var pos, all float64
	for i, w := range weights {
		all += w
		if labels[i] {
			pos += w
		}
	}
	m := &Model{features: g.f, bias: float32(math.Log(pos / (all - pos)))}
	margins := make([]float64, g.n)
	for i := range margins {
		margins[i] = float64(m.bias)
	}
	g.grad, g.hess = make([]float64, g.n), make([]float64, g.n)
	random := uint64(88172645463325252)
	next := func() float64 {
		random ^= random << 13
		random ^= random >> 7
		random ^= random << 17
		return float64(random>>11) / (1 << 53)
	}
	for range p.Trees {
		for i := range margins {
			prob := 1 / (1 + math.Exp(-margins[i]))
			y := 0.0
			if labels[i] {
				y = 1
			}
			g.grad[i] = weights[i] * (prob - y)
			g.hess[i] = weights[i] * prob * (1 - prob)
		}
		g.columns = g.columns[:0]
		for f := range g.f {
			if next() < p.Columns {
				g.columns = append(g.columns, f)
			}
		}
		var sample []int32
		for i := range g.n {
			if next() < p.Rows {
				sample = append(sample, int32(i))
			}
		}
		g.tree = tree{{feature: -1}}
		g.grow(0, sample, p.Depth)
		m.trees = append(m.trees, g.tree)
		one := Model{trees: []tree{g.tree}}
		for i := range margins {
			margins[i] += float64(one.Margin(rows[i]))
		}
	}
	return m
}

type grower struct {
	Params
	n, f       int
	cuts       [][]float32 // a feature's thresholds
	bins       [][]uint8   // by feature, then row
	grad, hess []float64
	columns    []int
	tree       tree
}

// bin cuts each feature into at most maxBins ranges of about equal count.
func (g *grower) bin(rows [][]float32) {
	g.cuts, g.bins = make([][]float32, g.f), make([][]uint8, g.f)
	column := make([]float32, g.n)
	for f := range g.f {
		for i := range rows {
			column[i] = rows[i][f]
		}
		sorted := slices.Clone(column)
		slices.Sort(sorted)
		var cuts []float32
		distinct := slices.Compact(slices.Clone(sorted))
		if len(distinct) <= maxBins {
			for i := range len(distinct) - 1 {
				cuts = append(cuts, (distinct[i]+distinct[i+1])/2)
			}
		} else {
			for b := 1; b < maxBins; b++ {
				v := sorted[b*g.n/maxBins]
				if at, found := slices.BinarySearch(distinct, v); found && at+1 < len(distinct) {
					v = (v + distinct[at+1]) / 2
				}
				if len(cuts) == 0 || v > cuts[len(cuts)-1] {
					cuts = append(cuts, v)
				}
			}
		}
		for i := range cuts {
			// As it is read back from the file.
			cuts[i] = round(cuts[i])
		}
		cuts = slices.Compact(cuts)
		bins := make([]uint8, g.n)
		for i, v := range column {
			at, _ := slices.BinarySearch(cuts, v)
			bins[i] = uint8(at)
		}
		g.cuts[f], g.bins[f] = cuts, bins
	}
}

func round(v float32) float32 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(float64(v)))))
	return float32(math.Round(float64(v)*scale) / scale)
}

// grow splits node at on the rows given, down to depth.
func (g *grower) grow(at int, rows []int32, depth int) {
	var sumG, sumH float64
	for _, i := range rows {
		sumG += g.grad[i]
		sumH += g.hess[i]
	}
	g.tree[at] = node{feature: -1, value: round(float32(-g.Rate * sumG / (sumH + g.Lambda)))}
	if depth == 0 || sumH < 2*g.MinWeight {
		return
	}
	base := sumG * sumG / (sumH + g.Lambda)
	bestGain, bestFeature, bestBin := 1e-6, -1, 0
	var histG, histH [maxBins]float64
	for _, f := range g.columns {
		k := len(g.cuts[f])
		if k == 0 {
			continue
		}
		clear(histG[:k+1])
		clear(histH[:k+1])
		bins := g.bins[f]
		for _, i := range rows {
			b := bins[i]
			histG[b] += g.grad[i]
			histH[b] += g.hess[i]
		}
		var leftG, leftH float64
		for b := range k {
			leftG += histG[b]
			leftH += histH[b]
			rightG, rightH := sumG-leftG, sumH-leftH
			if leftH < g.MinWeight || rightH < g.MinWeight {
				continue
			}
			if gain := leftG*leftG/(leftH+g.Lambda) + rightG*rightG/(rightH+g.Lambda) - base; gain > bestGain {
				bestGain, bestFeature, bestBin = gain, f, b
			}
		}
	}
	if bestFeature < 0 {
		return
	}
	var left, right []int32
	bins := g.bins[bestFeature]
	for _, i := range rows {
		if int(bins[i]) <= bestBin {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	child := len(g.tree)
	g.tree = append(g.tree, node{feature: -1}, node{feature: -1})
	g.tree[at] = node{feature: int16(bestFeature), left: int16(child), value: g.cuts[bestFeature][bestBin]}
	g.grow(child, left, depth-1)
	g.grow(child+1, right, depth-1)
}
