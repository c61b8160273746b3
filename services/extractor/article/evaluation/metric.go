// Package evaluation measures article extraction on pages whose expected result, the
// truth, is known.
//
// Bodies are measured as in the Article Extraction Benchmark (Scrapinghub, 2020,
// github.com/scrapinghub/article-extraction-benchmark). Texts are split into tokens of
// letters, digits and underscores, with their case, and compared as multisets of
// shingles of four tokens. A text of fewer than four tokens is one shingle. For each
// page, the counts of true positives, false positives and false negatives are divided
// by their sum. Precision is the mean of TP/(TP+FP) over the pages for which it is
// defined, recall is the mean of TP/(TP+FN) likewise, and F1 is the harmonic mean of
// both.
package evaluation

import (
	"slices"
	"strings"
	"unicode"
)

// shingleSize is the number of tokens in a shingle.
const shingleSize = 4

// Tokens splits a text into tokens.
func Tokens(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsNumber(r) && r != '_'
	})
}

// shingles counts the shingles of a text.
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

// Match is the agreement of a text with its truth: the shares of true positives, false
// positives and false negatives among the shingles.
type Match struct {
	TP, FP, FN float64
	// Exact reports whether the token sequences are equal.
	Exact bool
}

// Compare compares a text with its truth.
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

// Precision returns the share of the found text that is right. If nothing was found, it
// is 1 if there was nothing to find and otherwise undefined.
func (m Match) Precision() (value float64, defined bool) {
	if m.TP+m.FP == 0 {
		return 1, m.FN == 0
	}
	return m.TP / (m.TP + m.FP), true
}

// Recall returns the share of the truth that was found. If there was nothing to find,
// it is 1 if nothing was found and otherwise undefined.
func (m Match) Recall() (value float64, defined bool) {
	if m.TP+m.FN == 0 {
		return 1, m.FP == 0
	}
	return m.TP / (m.TP + m.FN), true
}

// F1 returns the harmonic mean of the precision and recall of one page.
func (m Match) F1() float64 {
	if m.TP == 0 {
		return 0
	}
	return 2 * m.TP / (2*m.TP + m.FP + m.FN)
}

// Mean averages matches as the benchmark does; see the package documentation.
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
