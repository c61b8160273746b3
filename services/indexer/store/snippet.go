package store

import (
	"slices"
	"strings"
	"unicode"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	snippetWords = 32 // about three lines in a terminal
	leadInWords  = 8  // how many of them precede the first match
	// maxFinalMark is the maximum length of the punctuation after the last word.
	// Longer punctuation becomes an ellipsis.
	maxFinalMark = 4
)

// Snippet is a passage of an article's text.
type Snippet struct {
	// Text is the passage on one line. An ellipsis marks where the article's text
	// precedes or continues it.
	Text string
	// Matches are the parts of Text that match the query, in order and without
	// overlaps. Each is a half-open range of bytes.
	Matches [][2]int
}

// matcher finds the parts of one article's texts that match a query.
type matcher struct {
	query   []phrase
	stemmer *words.Stemmer // of the article's language
}

// snippet returns the passage around the first match in the body. If the body
// has no match, it returns the body's beginning.
func (m matcher) snippet(article *datelinev1.Article) Snippet {
	text := article.GetText()
	if text == "" {
		text = article.GetSummary()
	}
	if len(text) > maxBodyBytes {
		text = strings.ToValidUTF8(text[:maxBodyBytes], "")
	}
	var seen []words.Word
	first, last := 0, -1 // the passage is seen[first:last]
	for w := range words.In(text) {
		seen = append(seen, w)
		if last < 0 && m.endsPhrase(text, seen) > 0 {
			first = max(0, len(seen)-1-leadInWords)
			last = first + snippetWords
		}
		if last >= 0 && len(seen) > last {
			break
		}
	}
	if last < 0 {
		last = snippetWords
	}
	last = min(last, len(seen))
	if last == 0 {
		return Snippet{}
	}
	return m.cutSnippet(text, seen, first, last)
}

// endsPhrase returns the number of words in the longest phrase that ends with
// the last word, or 0 if none does.
func (m matcher) endsPhrase(text string, seen []words.Word) int {
	longest := 0
	last := seen[len(seen)-1]
	stem, isStemmed := "", false
	for _, p := range m.query {
		n := len(p.words)
		if n <= longest || n > len(seen) {
			continue
		}
		if p.stems == nil {
			if p.matches(seen[len(seen)-n:]) {
				longest = n
			}
			continue
		}
		if !isStemmed {
			stem, isStemmed = m.stemmer.Stem(text, last), true
		}
		if last.Folded == p.words[0] || slices.Contains(p.stems, last.Folded) || slices.Contains(p.stems, stem) {
			longest = n
		}
	}
	return longest
}

// matches reports whether the given words are those of the phrase, which has as many
// words. It ignores stems.
func (p phrase) matches(seen []words.Word) bool {
	for i, word := range p.words {
		found := seen[i].Folded
		isPrefix := p.prefix && i == len(p.words)-1
		if found != word && (!isPrefix || !strings.HasPrefix(found, word)) {
			return false
		}
	}
	return true
}

// cutSnippet returns the snippet of the words seen[first:last].
func (m matcher) cutSnippet(text string, seen []words.Word, first, last int) Snippet {
	var b strings.Builder
	var matches [][2]int
	if first > 0 {
		b.WriteString("… ")
	}
	starts := make([]int, last) // of each word in the snippet
	end := seen[first].Start
	for i := first; i < last; i++ {
		b.WriteString(collapseSpace(text[end:seen[i].Start]))
		starts[i] = b.Len()
		b.WriteString(text[seen[i].Start:seen[i].End])
		end = seen[i].End
		if n := m.endsPhrase(text, seen[first:i+1]); n > 0 {
			matches = addMatch(matches, [2]int{starts[i+1-n], b.Len()})
		}
	}
	if last < len(seen) || strings.TrimSpace(text[end:]) != "" {
		mark, _, _ := strings.Cut(text[end:], " ")
		endsText := last == len(seen) && len(mark) == len(strings.TrimSpace(text[end:]))
		if endsText && len(mark) <= maxFinalMark {
			b.WriteString(mark)
		} else {
			b.WriteString(" …")
		}
	}
	return Snippet{b.String(), matches}
}

// collapseSpace replaces each run of white space by a single space.
func collapseSpace(text string) string {
	var b strings.Builder
	wasSpace := false
	for _, r := range text {
		isSpace := unicode.IsSpace(r)
		switch {
		case !isSpace:
			b.WriteRune(r)
		case !wasSpace:
			b.WriteByte(' ')
		}
		wasSpace = isSpace
	}
	return b.String()
}

// matchesIn returns the parts of a text that match the query.
func (m matcher) matchesIn(text string) [][2]int {
	if len(m.query) == 0 {
		return nil
	}
	var seen []words.Word
	var matches [][2]int
	for w := range words.In(text) {
		seen = append(seen, w)
		if n := m.endsPhrase(text, seen); n > 0 {
			matches = addMatch(matches, [2]int{seen[len(seen)-n].Start, w.End})
		}
	}
	return matches
}

// isIn reports whether a text has a match of the query.
func (m matcher) isIn(text string) bool {
	var seen []words.Word
	for w := range words.In(text) {
		seen = append(seen, w)
		if m.endsPhrase(text, seen) > 0 {
			return true
		}
	}
	return false
}

// addMatch appends a match, merged with the preceding ones that it overlaps.
func addMatch(matches [][2]int, m [2]int) [][2]int {
	for len(matches) > 0 && matches[len(matches)-1][1] > m[0] {
		m[0] = min(m[0], matches[len(matches)-1][0])
		matches = matches[:len(matches)-1]
	}
	return append(matches, m)
}
