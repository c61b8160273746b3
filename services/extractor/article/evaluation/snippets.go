package evaluation

import "strings"

// Snippets counts the snippets of pages whose truth names pieces of text that the body
// must contain, and pieces that it must not contain.
type Snippets struct {
	Found    int // required and there
	Missing  int // required and not there
	Unwanted int // there although they must not be
}

// CountSnippets counts the snippets of a truth in a text. Differences in white space do
// not count.
func CountSnippets(text string, t *Truth) Snippets {
	text = strings.Join(strings.Fields(text), " ")
	contains := func(snippet string) bool {
		return strings.Contains(text, strings.Join(strings.Fields(snippet), " "))
	}
	var s Snippets
	for _, snippet := range t.With {
		if contains(snippet) {
			s.Found++
		} else {
			s.Missing++
		}
	}
	for _, snippet := range t.Without {
		if contains(snippet) {
			s.Unwanted++
		}
	}
	return s
}

// Add adds the counts of another page.
func (s *Snippets) Add(other Snippets) {
	s.Found += other.Found
	s.Missing += other.Missing
	s.Unwanted += other.Unwanted
}

// opens reports whether a text contains the first required snippet of a truth, which is of
// the start of the article. Differences in white space do not count.
func opens(text string, t *Truth) bool {
	return CountSnippets(text, &Truth{With: t.With[:1]}).Found > 0
}

// Precision returns the share of required snippets among those that were found.
func (s Snippets) Precision() float64 { return share(s.Found, s.Found+s.Unwanted) }

// Recall returns the share of the required snippets that were found.
func (s Snippets) Recall() float64 { return share(s.Found, s.Found+s.Missing) }

// F1 returns the harmonic mean of precision and recall.
func (s Snippets) F1() float64 { return share(2*s.Found, 2*s.Found+s.Unwanted+s.Missing) }

func share(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }
