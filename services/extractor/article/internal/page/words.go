package page

import (
	_ "embed"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/hints.txt
	hintList string
	//go:embed lists/hiding_classes.txt
	hidingNameList string
	//go:embed lists/author_paths.txt
	authorPathList string

	// hintOfWord maps the words of class names and ids to their hints.
	hintOfWord = hintTable(hintList)
	// hidingNames take an element off the screen in the usual style sheets. Only
	// whole names count: "overflow-hidden" hides nothing.
	hidingNames = wordlist.Set(hidingNameList)
	// authorPaths are the segments of paths that lead to an author's page.
	authorPaths = wordlist.Entries(authorPathList)
)

// hintTable maps the words of a list, whose sections are named by HintNames, to
// their hints.
func hintTable(list string) map[string]Hint {
	t := make(map[string]Hint, usualHintWords)
	for name, word := range wordlist.Sections(list) {
		t[word] |= 1 << slices.Index(HintNames[:], name)
	}
	return t
}

// usualHintWords is the initial capacity of the table.
const usualHintWords = 512
