package evaluation

import (
	"maps"
	"slices"
	"strings"
)

const (
	// neighbourReach is the maximum distance, in texts, between a short text and the
	// neighbour that decides about it.
	neighbourReach = 11
	// neighbourTokens is the number of tokens of a neighbour that are compared.
	neighbourTokens = 5
	// neighbourShare is the minimum label of such a neighbour.
	neighbourShare = 0.8
	// copyReach is the number of texts before and after a copy that decide whether it
	// is the one in the body.
	copyReach = 8
)

// Label returns a label for each text of a page, given in page order: the share of its
// tokens that belongs to the body. A text that repeats a part of the body elsewhere on
// the page has the label 0.
func Label(texts []string, truth string) []float64 {
	shares := make([]float64, len(texts))
	tokens := make([][]string, len(texts))
	want := Tokens(truth)
	wanted := shingles(want)
	have := map[string]int{}
	for i, text := range texts {
		tokens[i] = Tokens(text)
		if len(tokens[i]) < shingleSize {
			continue
		}
		hits := 0
		for j := 0; j+shingleSize <= len(tokens[i]); j++ {
			s := strings.Join(tokens[i][j:j+shingleSize], "\x00")
			if wanted[s] > 0 {
				hits++
			}
		}
		shares[i] = float64(hits) / float64(len(tokens[i])-shingleSize+1)
		have[strings.Join(tokens[i], " ")]++
	}
	labelShort(tokens, shares, want)
	dropCopies(tokens, shares, " "+strings.Join(want, " ")+" ", have)
	return shares
}

// labelShort labels the texts that are shorter than a shingle. Such a text belongs to
// the body if the body contains it next to the text that precedes or follows it on the
// page.
func labelShort(tokens [][]string, shares []float64, want []string) {
	text := " " + strings.Join(want, " ") + " "
	for i := range tokens {
		if len(tokens[i]) == 0 || len(tokens[i]) >= shingleSize {
			continue
		}
		self := strings.Join(tokens[i], " ")
		before, after := neighbour(tokens, shares, i, -1), neighbour(tokens, shares, i, 1)
		if before != "" && strings.Contains(text, " "+before+" "+self+" ") ||
			after != "" && strings.Contains(text, " "+self+" "+after+" ") {
			shares[i] = 1
		}
	}
}

// neighbour returns the last tokens (step -1) or first tokens (step 1) of the nearest
// text before or after text i that belongs to the body.
func neighbour(tokens [][]string, shares []float64, i, step int) string {
	for distance := 1; distance <= neighbourReach; distance++ {
		j := i + step*distance
		if j < 0 || j >= len(tokens) {
			break
		}
		if shares[j] < neighbourShare {
			continue
		}
		t := tokens[j]
		if step < 0 {
			return strings.Join(t[max(0, len(t)-neighbourTokens):], " ")
		}
		return strings.Join(t[:min(len(t), neighbourTokens)], " ")
	}
	return ""
}

// dropCopies sets the labels of surplus copies to 0. Of the texts that a page repeats,
// it keeps as many as the body contains: those with the most body text around them.
func dropCopies(tokens [][]string, shares []float64, body string, counts map[string]int) {
	around := func(i int) float64 {
		sum := 0.0
		for j := max(0, i-copyReach); j <= min(len(tokens)-1, i+copyReach); j++ {
			if j != i && shares[j] > 0.5 {
				sum += float64(len(tokens[j]))
			}
		}
		return sum
	}
	// The order is fixed because each choice changes the text around the next.
	for _, self := range slices.Sorted(maps.Keys(counts)) {
		allowed := max(strings.Count(body, " "+self+" "), 1)
		for range counts[self] - allowed {
			worst, least := -1, 0.0
			for i := range tokens {
				if shares[i] > 0.5 && strings.Join(tokens[i], " ") == self {
					if a := around(i); worst < 0 || a < least {
						worst, least = i, a
					}
				}
			}
			if worst < 0 {
				break
			}
			shares[worst] = 0
		}
	}
}
