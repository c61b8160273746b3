package body

import (
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

const (
	maxPhrase  = 60 // characters of a line that is a phrase although it is a sentence
	maxLeading = 24 // bytes at the start of a phrase in which a colon marks a label
)

// boilerplateLine reports whether a short line is a phrase that publishers put
// around texts. A sentence that only starts like one is longer and has no link.
func boilerplateLine(text string, r *page.Run) bool {
	lower := strings.ToLower(text)
	if !startsWithBoilerplate(lower) {
		return isEnding(text)
	}
	return r.LinkedChars > 0 || r.Chars < maxPhrase || r.SentenceEnds == 0 ||
		strings.ContainsRune(lower[:min(len(lower), maxLeading)], ':') || strings.HasPrefix(lower, "©")
}

// startsWithBoilerplate reports whether a text in lower case starts with a phrase
// that ends at the end of a word.
func startsWithBoilerplate(text string) bool {
	// Every prefix of text sorts at or before it.
	i, found := slices.BinarySearch(boilerplate, text)
	if !found {
		i--
	}
	for ; i >= 0 && boilerplate[i][0] == text[0]; i-- {
		if phrase := boilerplate[i]; strings.HasPrefix(text, phrase) && norm.WordEnds(text, len(phrase)) {
			return true
		}
	}
	return false
}

// isEnding reports whether a line ends an article.
func isEnding(text string) bool {
	text = strings.Trim(strings.ToLower(text), " :…»›>.!")
	if _, found := slices.BinarySearch(endings, text); found {
		return true
	}
	// "12 Comments", "Comments (3)"
	bare := strings.Trim(text, "0123456789()[] ")
	return bare != "" && bare != text && (strings.HasPrefix(bare, "comment") || strings.HasPrefix(bare, "kommentar") ||
		bare == "responses" || bare == "replies")
}
