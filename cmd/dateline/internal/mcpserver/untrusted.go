package mcpserver

import (
	"crypto/rand"
	"strings"
	"unicode"
)

// fence marks untrusted text in one answer. Its code is drawn after the text was stored,
// so the text cannot contain it.
type fence struct{ code string }

func newFence() fence { return fence{rand.Text()} }

// The brackets of the lines around untrusted text.
const opening, closing = "⟦", "⟧"

// replacer replaces the brackets in the text itself, so that it has no line that
// looks like those around it.
var replacer = strings.NewReplacer(opening, "[", closing, "]")

// around returns a text between two lines that mark it as untrusted, and "" for no text.
func (f fence) around(text string) string {
	text = replacer.Replace(visible(text))
	if text == "" {
		return ""
	}
	return opening + "untrusted text " + f.code + closing + "\n" + text + "\n" + opening + "end of untrusted text " +
		f.code + closing
}

// visible removes what people do not see but language models read: control characters,
// bidirectional controls, and the tags and variation selectors of planes beyond the first
// in which whole sentences can be hidden. Line feeds and tabs stay.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		const firstTag, lastSelector = 0xe0000, 0xe0fff
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r >= firstTag && r <= lastSelector:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Limits of the values that sites give, in characters.
const (
	maxTitle   = 300
	maxName    = 100
	maxSummary = 800
	maxURL     = 2000
	// maxValues is the maximum number of values in a list.
	maxValues = 20
)

// line returns a text of a site on one line, at most limit characters of it.
func line(text string, limit int) string {
	// What is removed may make room for more, but a long text must not take long.
	const removed = 4
	text, _ = cut(text, removed*limit)
	return first(replacer.Replace(strings.Join(strings.Fields(visible(text)), " ")), limit)
}

// lines is like line for a list.
func lines(texts []string, limit int) []string {
	var all []string
	for _, text := range texts[:min(len(texts), maxValues)] {
		if text = line(text, limit); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// first returns the first characters of a text, with an ellipsis if the text goes on.
func first(text string, limit int) string {
	if part, rest := cut(text, limit); rest {
		return part + "…"
	}
	return text
}

// cut returns the first characters of a text, and reports whether the text goes on.
func cut(text string, limit int) (part string, rest bool) {
	n := 0
	for i := range text {
		if n == limit {
			return text[:i], true
		}
		n++
	}
	return text, false
}
