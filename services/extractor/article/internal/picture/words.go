package picture

import (
	"embed"
	"iter"
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/*.txt
var lists embed.FS

var (
	placeholderWords = wordlist.Set(wordlist.Read(lists, "placeholder_words"))
	fillerWords      = wordlist.Set(wordlist.Read(lists, "filler_words"))
	previewWords     = wordlist.Set(wordlist.Read(lists, "preview_words"))
	decorationWords  = wordlist.Set(wordlist.Read(lists, "decoration_words"))
)

// words yields the words of a name in lower case. Words are separated by capitals, and by
// characters that are neither letters nor digits.
func words(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from, lower := 0, false
		for i, c := range name {
			separates := !unicode.IsLetter(c) && !unicode.IsDigit(c)
			if (separates || lower && unicode.IsUpper(c)) && from < i {
				if !yield(strings.ToLower(name[from:i])) {
					return
				}
				from = i
			}
			if separates {
				from = i + len(string(c))
			}
			lower = unicode.IsLower(c)
		}
		if from < len(name) {
			yield(strings.ToLower(name[from:]))
		}
	}
}

// names reports whether one of the words of a name is in a set.
func names(name string, set map[string]bool) bool {
	for word := range words(name) {
		if set[word] {
			return true
		}
	}
	return false
}
