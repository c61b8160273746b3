package library

import (
	"strings"
	"time"
	"unicode"

	"github.com/sergi/go-diff/diffmatchpatch"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// diffTimeout bounds the search for the shortest difference; after it, a longer
// one is given.
const diffTimeout = time.Second

// Run is a piece of a difference.
type Run struct {
	Kind string `json:"kind" enum:"same,added,removed" doc:"Whether both revisions have it, only the later one, or only the earlier one."`
	Text string `json:"text" doc:"Whole words; paragraphs are parted by blank lines."`
}

// Difference is what changed from one revision to another.
type Difference struct {
	Title []Run `json:"title" doc:"The headline."`
	Text  []Run `json:"text" doc:"The text."`
	// Added and Removed count words of the text.
	Added   int `json:"added" doc:"How many words of the text are new."`
	Removed int `json:"removed" doc:"How many words of the text are gone."`
}

// Diff compares two revisions word by word.
func Diff(before, after *datelinev1.Article) Difference {
	d := Difference{Title: diffWords(before.GetTitle(), after.GetTitle()), Text: diffWords(before.GetText(), after.GetText())}
	for _, run := range d.Text {
		switch n := len(strings.Fields(run.Text)); run.Kind {
		case "added":
			d.Added += n
		case "removed":
			d.Removed += n
		}
	}
	return d
}

// diffWords gives each different word a rune of its own and compares the rows
// of runes (E. Myers, "An O(ND) difference algorithm and its variations", 1986).
func diffWords(before, after string) []Run {
	known := make(map[string]rune)
	var all []string
	encode := func(text string) []rune {
		var runes []rune
		for _, word := range splitWords(text) {
			r, ok := known[word]
			if !ok {
				r = rune(len(all)) + 1
				if r >= 0xd800 { // surrogates are no runes
					r += 0x800
				}
				known[word], all = r, append(all, word)
			}
			runes = append(runes, r)
		}
		return runes
	}
	compare := diffmatchpatch.New()
	compare.DiffTimeout = diffTimeout
	diffs := compare.DiffCleanupSemantic(compare.DiffMainRunes(encode(before), encode(after), false))
	var runs []Run
	for _, d := range diffs {
		var text strings.Builder
		for _, r := range d.Text {
			if r > 0xd800 {
				r -= 0x800
			}
			text.WriteString(all[r-1])
		}
		kind := map[diffmatchpatch.Operation]string{
			diffmatchpatch.DiffEqual: "same", diffmatchpatch.DiffInsert: "added", diffmatchpatch.DiffDelete: "removed",
		}[d.Type]
		runs = append(runs, Run{kind, text.String()})
	}
	return runs
}

// splitWords parts a text into words, the space between them, and characters of
// scripts without spaces.
func splitWords(text string) []string {
	var all []string
	start, wasSpace := 0, false
	for i, r := range text {
		isSpace := unicode.IsSpace(r)
		if i > start && (wasSpace != isSpace || !isSpace && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)) {
			all = append(all, text[start:i])
			start = i
		}
		wasSpace = isSpace
	}
	if start < len(text) {
		all = append(all, text[start:])
	}
	return all
}
