package gbdt

import (
	"math"
	"slices"
)

// Params are the hyperparameters of training.
type Params struct {
	Trees     int
	Depth     int     // maximum number of splits from the root to a leaf
	Rate      float64 // shrinkage of each tree
	MinWeight float64 // minimum sum of second derivatives in a leaf
	Lambda    float64 // L2 penalty on the outputs of leaves
	Columns   float64 // share of the features that each tree may use
	Rows      float64 // share of the rows that each tree is grown on
}

const (
	// maxBins is the maximum number of ranges into which the values of a feature are
	// divided.
	maxBins = 64
	// minGain is the gain below which a node is not split.
	minGain = 1e-6
)

// Train fits a model to rows of equal length.
func Train(rows [][]float32, labels []bool, weights []float64, p Params) *Model {
	g := &grower{Params: p, rows: len(rows), features: len(rows[0])}
	g.bin(rows)
	m := &Model{features: g.features, bias: logOdds(labels, weights)}
	margins := make([]float64, g.rows)
	for i := range margins {
		margins[i] = float64(m.bias)
	}
	g.grad, g.hess = make([]float64, g.rows), make([]float64, g.rows)
	random := xorshift(88172645463325252)
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
		for f := range g.features {
			if random.next() < p.Columns {
				g.columns = append(g.columns, f)
			}
		}
		var sample []int32
		for i := range g.rows {
			if random.next() < p.Rows {
				sample = append(sample, int32(i))
			}
		}
		g.tree, g.means = tree{{feature: -1}}, []float32{0}
		g.grow(0, sample, p.Depth)
		m.trees, m.means = append(m.trees, g.tree), append(m.means, g.means)
		single := Model{trees: []tree{g.tree}}
		for i := range margins {
			margins[i] += float64(single.Margin(rows[i]))
		}
	}
	return m
}

// logOdds returns the logarithm of the ratio of the positive to the negative weight.
func logOdds(labels []bool, weights []float64) float32 {
	var positive, total float64
	for i, w := range weights {
		total += w
		if labels[i] {
			positive += w
		}
	}
	return float32(math.Log(positive / (total - positive)))
}

// xorshift is a pseudo-random generator whose sequence never changes, so that
// training is reproducible (Marsaglia, "Xorshift RNGs", 2003).
type xorshift uint64

// next returns a number in [0, 1).
func (x *xorshift) next() float64 {
	*x ^= *x << 13
	*x ^= *x >> 7
	*x ^= *x << 17
	return float64(*x>>11) / (1 << 53)
}

// grower grows the trees of a model.
type grower struct {
	Params
	rows, features int
	cuts           [][]float32 // the thresholds, by feature
	bins           [][]uint8   // the range of each value, by feature and row
	grad, hess     []float64   // first and second derivatives of the loss, by row
	columns        []int       // the features that the current tree may use
	tree           tree
	means          []float32 // by node of the tree
}

// bin divides the values of each feature into at most maxBins ranges of about equal
// count.
func (g *grower) bin(rows [][]float32) {
	g.cuts, g.bins = make([][]float32, g.features), make([][]uint8, g.features)
	column := make([]float32, g.rows)
	for f := range g.features {
		for i := range rows {
			column[i] = rows[i][f]
		}
		cuts := thresholds(column)
		bins := make([]uint8, g.rows)
		for i, v := range column {
			at, _ := slices.BinarySearch(cuts, v)
			bins[i] = uint8(at)
		}
		g.cuts[f], g.bins[f] = cuts, bins
	}
}

// thresholds returns the values between the ranges of a feature, rounded as they are
// written to a file.
func thresholds(column []float32) []float32 {
	sorted := slices.Sorted(slices.Values(column))
	distinct := slices.Compact(slices.Clone(sorted))
	var cuts []float32
	if len(distinct) <= maxBins {
		for i := range len(distinct) - 1 {
			cuts = append(cuts, (distinct[i]+distinct[i+1])/2)
		}
	} else {
		for b := 1; b < maxBins; b++ {
			v := sorted[b*len(sorted)/maxBins]
			if at, found := slices.BinarySearch(distinct, v); found && at+1 < len(distinct) {
				v = (v + distinct[at+1]) / 2
			}
			if len(cuts) == 0 || v > cuts[len(cuts)-1] {
				cuts = append(cuts, v)
			}
		}
	}
	for i := range cuts {
		cuts[i] = round(cuts[i])
	}
	return slices.Compact(cuts)
}

// round rounds to five significant digits.
func round(v float32) float32 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(float64(v)))))
	return float32(math.Round(float64(v)*scale) / scale)
}

// split is a division of a node's rows by a feature: rows in a range up to bin go to
// the left child.
type split struct {
	feature, bin int
}

// grow makes node at a leaf for the given rows, and splits it recursively down to
// depth while that reduces the loss.
func (g *grower) grow(at int, rows []int32, depth int) {
	var sumG, sumH float64
	for _, i := range rows {
		sumG += g.grad[i]
		sumH += g.hess[i]
	}
	output := round(float32(-g.Rate * sumG / (sumH + g.Lambda)))
	g.tree[at], g.means[at] = node{feature: -1, value: output}, output
	if depth == 0 || sumH < 2*g.MinWeight {
		return
	}
	best, ok := g.bestSplit(rows, sumG, sumH)
	if !ok {
		return
	}
	var left, right []int32
	bins := g.bins[best.feature]
	for _, i := range rows {
		if int(bins[i]) <= best.bin {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	child := len(g.tree)
	g.tree, g.means = append(g.tree, node{feature: -1}, node{feature: -1}), append(g.means, 0, 0)
	g.tree[at] = node{feature: int16(best.feature), left: int16(child), value: g.cuts[best.feature][best.bin]}
	g.grow(child, left, depth-1)
	g.grow(child+1, right, depth-1)
}

// bestSplit returns the split of rows with the highest gain. sumG and sumH are the
// sums of their derivatives.
func (g *grower) bestSplit(rows []int32, sumG, sumH float64) (best split, ok bool) {
	base := sumG * sumG / (sumH + g.Lambda)
	bestGain := minGain
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
			gain := leftG*leftG/(leftH+g.Lambda) + rightG*rightG/(rightH+g.Lambda) - base
			if gain > bestGain {
				bestGain, best, ok = gain, split{feature: f, bin: b}, true
			}
		}
	}
	return best, ok
}
