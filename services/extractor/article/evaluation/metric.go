// Package evaluation measures article extraction on pages whose truth is known.
//
// The body measure is that of the Article Extraction Benchmark (Scrapinghub,
// 2020, github.com/scrapinghub/article-extraction-benchmark): texts are cut into
// tokens of letters, digits and underscores with case kept, and compared as
// multisets of shingles of four tokens. A text of fewer than four tokens is one
// shingle. Per page the counts of true positives, false positives and false
// negatives are divided by their sum; precision is the mean over pages of
// TP/(TP+FP), recall that of TP/(TP+FN), each over the pages where it is
// defined, and F1 is their harmonic mean.
package evaluation

import (
	"slices"
	"strings"
	"unicode"
)

const shingleSize = 4

// Tokens cuts a text into tokens.
func Tokens(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsNumber(r) && r != '_'
	})
}

// shingles counts the runs of four tokens.
func shingles(tokens []string) map[string]int {
	counts := make(map[string]int, len(tokens))
	if len(tokens) == 0 {
		return counts
	}
	for i := range max(1, len(tokens)-shingleSize+1) {
		counts[strings.Join(tokens[i:min(len(tokens), i+shingleSize)], "\x00")]++
	}
	return counts
}

// Match is how one text agrees with its truth, as shares of all shingles.
type Match struct {
	TP, FP, FN float64
	// Exact says that the token sequences are equal.
	Exact bool
}

// Compare measures got against want.
func Compare(got, want string) Match {
	g, w := Tokens(got), Tokens(want)
	m := Match{Exact: slices.Equal(g, w)}
	gs, ws := shingles(g), shingles(w)
	for s, n := range gs {
		common := min(n, ws[s])
		m.TP += float64(common)
		m.FP += float64(n - common)
	}
	for s, n := range ws {
		m.FN += float64(n - min(n, gs[s]))
	}
	if sum := m.TP + m.FP + m.FN; sum > 0 {
		m.TP, m.FP, m.FN = m.TP/sum, m.FP/sum, m.FN/sum
	}
	return m
}

// Precision is the share of what was found that is right; 1 where nothing was
// found and nothing was there.
func (m Match) Precision() (value float64, defined bool) {
	if m.TP+m.FP == 0 {
		return 0, m.FN == 0
	}
	return m.TP / (m.TP + m.FP), true
}

// Recall is the share of the truth that was found.
func (m Match) Recall() (value float64, defined bool) {
	if m.TP+m.FN == 0 {
		return 0, m.FP == 0
	}
	return m.TP / (m.TP + m.FN), true
}

// F1 is the page's own harmonic mean.
func (m Match) F1() float64 {
	if m.TP == 0 {
		return 0
	}
	return 2 * m.TP / (2*m.TP + m.FP + m.FN)
}

// Mean averages matches as the benchmark does.
func Mean(matches []Match) (precision, recall, f1 float64) {
	var pn, rn int
	for _, m := range matches {
		if v, ok := m.Precision(); ok {
			precision += v
			pn++
		}
		if v, ok := m.Recall(); ok {
			recall += v
			rn++
		}
	}
	if pn > 0 {
		precision /= float64(pn)
	}
	if rn > 0 {
		recall /= float64(rn)
	}
	if precision+recall > 0 {
		f1 = 2 * precision * recall / (precision + recall)
	}
	return precision, recall, f1
}
