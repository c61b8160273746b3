// Package textdiff compares the words of two texts.
package textdiff

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// timeout is the maximum time to search for the shortest difference. After
// that, a longer but valid difference is returned.
const timeout = time.Second

// The kinds of a Run.
const (
	Same    = "same"
	Added   = "added"
	Removed = "removed"
)

// Run is a part of a difference.
type Run struct {
	Kind string `json:"kind" enum:"same,added,removed" doc:"Whether the text is in both revisions, only in the later one, or only in the earlier one."`
	Text string `json:"text" doc:"Whole words. Paragraphs are separated by blank lines."`
}

// Difference is the difference between two revisions.
type Difference struct {
	Title   []Run `json:"title" doc:"Difference of the headlines."`
	Text    []Run `json:"text" doc:"Difference of the texts."`
	Added   int   `json:"added" doc:"Number of words added to the text."`
	Removed int   `json:"removed" doc:"Number of words removed from the text."`
}

// Of compares two revisions word by word.
func Of(before, after *datelinev1.Article) Difference {
	d := Difference{
		Title: Texts(before.GetTitle(), after.GetTitle()),
		Text:  Texts(before.GetText(), after.GetText()),
	}
	for _, run := range d.Text {
		switch n := len(strings.Fields(run.Text)); run.Kind {
		case Added:
			d.Added += n
		case Removed:
			d.Removed += n
		}
	}
	return d
}

// ellipsis stands for text that was left out.
const ellipsis = "…"

// Shortened returns the difference with about context bytes of unchanged text before and after each change. Each
// text has at most size bytes and an ellipsis.
func (d Difference) Shortened(context, size int) Difference {
	d.Title, d.Text = cut(d.Title, size), cut(aroundChanges(d.Text, context), size)
	return d
}

// aroundChanges cuts unchanged text to whole words around the changes.
func aroundChanges(runs []Run, context int) []Run {
	short := make([]Run, len(runs))
	for i, run := range runs {
		short[i] = run
		if run.Kind != Same || len(run.Text) <= 2*context {
			continue
		}
		head, tail := "", ""
		if i > 0 { // a change is before it
			head = run.Text[:context]
			head = head[:1+strings.LastIndexFunc(head, unicode.IsSpace)]
		}
		if i < len(runs)-1 {
			tail = run.Text[len(run.Text)-context:]
			if at := strings.IndexFunc(tail, unicode.IsSpace); at >= 0 {
				tail = tail[at:]
			} else {
				tail = ""
			}
		}
		short[i].Text = head + ellipsis + tail
	}
	return short
}

// cut returns the first runs with size bytes together.
func cut(runs []Run, size int) []Run {
	all := make([]Run, 0, len(runs)) // never nil, which JSON would have as null
	for _, run := range runs {
		if len(run.Text) > size {
			for size > 0 && !utf8.RuneStart(run.Text[size]) {
				size--
			}
			return append(all, Run{run.Kind, run.Text[:size] + ellipsis})
		}
		size -= len(run.Text)
		all = append(all, run)
	}
	return all
}

// Texts compares two texts word by word. It represents each distinct word
// by a rune and compares the sequences of runes (E. Myers, "An O(ND) difference
// algorithm and its variations", 1986).
func Texts(before, after string) []Run {
	var codes wordCodes
	compare := diffmatchpatch.New()
	compare.DiffTimeout = timeout
	diffs := compare.DiffMainRunes(codes.encode(before), codes.encode(after), false)
	var runs []Run
	for _, d := range compare.DiffCleanupSemantic(diffs) {
		runs = append(runs, Run{runKinds[d.Type], codes.decode(d.Text)})
	}
	return runs
}

var runKinds = map[diffmatchpatch.Operation]string{
	diffmatchpatch.DiffEqual: Same, diffmatchpatch.DiffInsert: Added, diffmatchpatch.DiffDelete: Removed,
}

// wordCodes assigns a rune to each distinct word.
type wordCodes struct {
	codes map[string]rune
	words []string
}

// Surrogates are not valid runes, so the codes skip them.
const (
	firstSurrogate = 0xd800
	surrogates     = 0x800
)

func (c *wordCodes) encode(text string) []rune {
	if c.codes == nil {
		c.codes = make(map[string]rune)
	}
	var runes []rune
	for _, word := range splitWords(text) {
		r, ok := c.codes[word]
		if !ok {
			r = rune(len(c.words)) + 1
			if r >= firstSurrogate {
				r += surrogates
			}
			c.codes[word], c.words = r, append(c.words, word)
		}
		runes = append(runes, r)
	}
	return runes
}

func (c *wordCodes) decode(runes string) string {
	var text strings.Builder
	for _, r := range runes {
		if r >= firstSurrogate {
			r -= surrogates
		}
		text.WriteString(c.words[r-1])
	}
	return text.String()
}

// splitWords splits a text into words, the space between them, and single
// characters of scripts without spaces.
func splitWords(text string) []string {
	var all []string
	start, wasSpace := 0, false
	for i, r := range text {
		isSpace := unicode.IsSpace(r)
		isUnspaced := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
		if i > start && (wasSpace != isSpace || isUnspaced) {
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
