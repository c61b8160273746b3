package article

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// A line that begins with boilerplate counts only if it is short or mostly a link.
var (
	//go:embed lists/boilerplate.txt
	boilerplateList string
	//go:embed lists/endings.txt
	endingList string

	boilerplateSorted = wordlist.Entries(boilerplateList)
	endingsSorted     = wordlist.Entries(endingList)
)

// startsWithBoilerplate says that text, in lower case, begins with a phrase
// that ends there or at the end of a word.
func startsWithBoilerplate(text string) bool {
	// Every prefix of text sorts at or before it.
	i, _ := slices.BinarySearch(boilerplateSorted, text+"\x00")
	for i--; i >= 0 && boilerplateSorted[i][0] == text[0]; i-- {
		if phrase := boilerplateSorted[i]; strings.HasPrefix(text, phrase) && wordEnds(text, len(phrase)) {
			return true
		}
	}
	return false
}

// wordEnds says that no word goes on across s[at].
func wordEnds(s string, at int) bool {
	if at >= len(s) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	next, _ := utf8.DecodeRuneInString(s[at:])
	return !unicode.IsLetter(before) || !unicode.IsLetter(next)
}

// isEnding says that a line, as it is, ends the article.
func isEnding(text string) bool {
	text = strings.Trim(strings.ToLower(text), " :…»›>.!")
	if _, found := slices.BinarySearch(endingsSorted, text); found {
		return true
	}
	// "12 Comments", "Comments (3)"
	bare := strings.Trim(text, "0123456789()[] ")
	return bare != "" && bare != text && (strings.HasPrefix(bare, "comment") || strings.HasPrefix(bare, "kommentar") || bare == "responses" || bare == "replies")
}
