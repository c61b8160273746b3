package evaluation

import (
	"maps"
	"slices"
	"strings"
)

// Label says for each of a page's texts, in page order, which share of its
// tokens belongs to the truth: the body in the places where it stands, not
// where it is repeated.
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

// labelShort labels texts below the shingle's length: one belongs to the truth
// if it stands there between, before or behind what the page has around it.
func labelShort(tokens [][]string, shares []float64, want []string) {
	text := " " + strings.Join(want, " ") + " "
	for i := range tokens {
		if len(tokens[i]) == 0 || len(tokens[i]) >= shingleSize {
			continue
		}
		self := strings.Join(tokens[i], " ")
		if before := neighbourTokens(tokens, shares, i, -1); before != "" && strings.Contains(text, " "+before+" "+self+" ") {
			shares[i] = 1
		} else if behind := neighbourTokens(tokens, shares, i, 1); behind != "" && strings.Contains(text, " "+self+" "+behind+" ") {
			shares[i] = 1
		}
	}
}

// neighbourTokens are the last (step -1) or first (step 1) tokens of the
// nearest text that belongs to the truth.
func neighbourTokens(tokens [][]string, shares []float64, i, step int) string {
	for j := i + step; j >= 0 && j < len(tokens) && j-i < 12 && i-j < 12; j += step {
		if shares[j] < 0.8 {
			continue
		}
		t := tokens[j]
		if step < 0 {
			return strings.Join(t[max(0, len(t)-5):], " ")
		}
		return strings.Join(t[:min(len(t), 5)], " ")
	}
	return ""
}

// dropCopies leaves of texts that a page repeats as many as the truth has, those
// with the most of the truth around them.
func dropCopies(tokens [][]string, shares []float64, text string, have map[string]int) {
	around := func(i int) float64 {
		sum := 0.0
		for j := max(0, i-8); j <= min(len(tokens)-1, i+8); j++ {
			if j != i && shares[j] > 0.5 {
				sum += float64(len(tokens[j]))
			}
		}
		return sum
	}
	for _, self := range slices.Sorted(maps.Keys(have)) { // in order, since each choice changes what is around the next
		n := have[self]
		allowed := strings.Count(text, " "+self+" ")
		for ; n > max(allowed, 1); n-- {
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
