package store

import (
	"slices"
	"strings"
	"unicode"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	snippetWords = 32 // about three lines on a terminal
	leadInWords  = 8  // of them before the first match
)

// Snippet is a passage of an article's text.
type Snippet struct {
	// Text is the passage on one line, with an ellipsis where the text goes on.
	Text string
	// Matches are the places in Text that match the query, as pairs of the
	// first byte and the byte after the last, in order and apart.
	Matches [][2]int
}

// matcher finds what meets a query in the texts of one article.
type matcher struct {
	query   []phrase
	stemmer *words.Stemmer // of the article's language
}

// snippet returns the passage around the first match in the body, or the
// beginning of the body where the match is elsewhere.
func (m matcher) snippet(article *datelinev1.Article) Snippet {
	text := article.GetText()
	if text == "" {
		text = article.GetSummary()
	}
	if len(text) > maxBodyBytes {
		text = strings.ToValidUTF8(text[:maxBodyBytes], "")
	}
	var seen []words.Word
	first, last := 0, -1 // the passage's words within seen
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

// endsPhrase returns the length in words of the longest phrase that ends with
// the last of the words, and 0 where none does.
func (m matcher) endsPhrase(text string, seen []words.Word) int {
	longest := 0
	last := seen[len(seen)-1]
	stem, isStemmed := "", false
	for _, p := range m.query {
		n := len(p.words)
		if n <= longest || n > len(seen) {
			continue
		}
		if p.stems != nil {
			if !isStemmed {
				stem, isStemmed = m.stemmer.Stem(text, last), true
			}
			if last.Folded == p.words[0] || slices.Contains(p.stems, last.Folded) || slices.Contains(p.stems, stem) {
				longest = n
			}
			continue
		}
		tail := seen[len(seen)-n:]
		matches := true
		for i, word := range p.words {
			if found := tail[i].Folded; found != word && !(p.prefix && i == n-1 && strings.HasPrefix(found, word)) {
				matches = false
				break
			}
		}
		if matches {
			longest = n
		}
	}
	return longest
}

func (m matcher) cutSnippet(text string, seen []words.Word, first, last int) Snippet {
	var b strings.Builder
	var matches [][2]int
	if first > 0 {
		b.WriteString("… ")
	}
	shift := make([]int, last) // where each word begins in the snippet
	end := seen[first].Start
	for i := first; i < last; i++ {
		between := text[end:seen[i].Start]
		b.WriteString(onOneLine(between))
		shift[i] = b.Len()
		b.WriteString(text[seen[i].Start:seen[i].End])
		end = seen[i].End
		if n := m.endsPhrase(text, seen[first:i+1]); n > 0 {
			matches = addMatch(matches, [2]int{shift[i+1-n], b.Len()})
		}
	}
	if last < len(seen) || strings.TrimSpace(text[end:]) != "" {
		rest, _, _ := strings.Cut(text[end:], " ")
		if last == len(seen) && len(rest) <= 4 && len(rest) == len(strings.TrimSpace(text[end:])) {
			b.WriteString(rest) // the full stop that ends the text
		} else {
			b.WriteString(" …")
		}
	}
	return Snippet{b.String(), matches}
}

// onOneLine puts a single space for each run of them and of line breaks.
func onOneLine(text string) string {
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

// matchesIn returns the places of a text that match the query.
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

// addMatch appends a match, joined with those that it overlaps.
func addMatch(matches [][2]int, m [2]int) [][2]int {
	for len(matches) > 0 && matches[len(matches)-1][1] > m[0] {
		m[0] = min(m[0], matches[len(matches)-1][0])
		matches = matches[:len(matches)-1]
	}
	return append(matches, m)
}
