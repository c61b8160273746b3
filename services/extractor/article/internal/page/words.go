package page

import (
	"embed"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/*.txt
var lists embed.FS

var (
	// hintOfWord maps the words of class names and ids to their hints,
	// and to signs of whether their text is shown.
	hintOfWord = hintTable(wordlist.Read(lists, "hints"), wordlist.Read(lists, "spoken_names"))
	// hidingNames are class names that hide an element in widely used style sheets.
	// Only whole names count: "overflow-hidden" hides nothing.
	hidingNames = wordlist.Set(wordlist.Read(lists, "hiding_classes"))
	// authorPaths are the segments of paths that lead to an author's page.
	authorPaths = wordlist.Entries(wordlist.Read(lists, "author_paths"))
)

// hintTable maps the words of a list, whose sections are named by HintNames, to
// their hints, and those of the list of spoken names to their signs.
func hintTable(list, spoken string) map[string]Hint {
	t := make(map[string]Hint, strings.Count(list, "\n"))
	for name, word := range wordlist.Sections(list) {
		t[word] |= 1 << slices.Index(HintNames[:], name)
	}
	for name, word := range wordlist.Sections(spoken) {
		if name == "shown" {
			t[word] |= namedShown
		} else {
			t[word] |= spokenName
		}
	}
	return t
}
