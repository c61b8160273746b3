package page

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// begin starts a run in the innermost open block.
func (w *walker) begin() {
	w.current = Run{Elem: w.blocks[len(w.blocks)-1], From: int32(len(w.Text)), Links: int32(len(w.Links))}
	if w.link != 0 && len(w.Links) > 0 {
		// A link around several blocks: each block gets a link of its own.
		w.Links = append(w.Links, Link{From: -1, Href: w.href})
	}
	w.space, w.breaks = false, 0
}

// flush ends the current run and keeps it if it has text.
func (w *walker) flush() {
	r := w.current
	r.To, r.LinksTo = int32(len(w.Text)), int32(len(w.Links))
	if r.Chars > 0 {
		w.Runs = append(w.Runs, r)
	} else {
		w.Text = w.Text[:r.From]
	}
}

func (w *walker) addMedia(n *html.Node) {
	kind := EmbedRun
	if n.DataAtom == atom.Img || customImage(n) {
		kind = ImageRun
	}
	elem := int32(len(w.Elems) - 1)
	if w.current.Chars > 0 {
		w.flush()
		w.begin()
	}
	at, links := int32(len(w.Text)), int32(len(w.Links))
	w.Runs = append(w.Runs, Run{Kind: kind, Elem: elem, From: at, To: at, Links: links, LinksTo: links, Media: n})
}

// addText adds a text node to the current run, with each stretch of white space
// as one space. Two line breaks separate paragraphs.
func (w *walker) addText(s string) {
	if w.unseen > 0 {
		return
	}
	for len(s) > 0 {
		if n := w.addWord(s); n > 0 {
			s = s[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if unicode.IsSpace(r) && (w.pre == 0 || w.current.Chars == 0) ||
			r == '\u200b' || r == '\ufeff' || r == '\u00ad' || r == '\u2060' {
			w.space = w.space || unicode.IsSpace(r)
			continue
		}
		if w.breaks > 1 && w.pre == 0 && w.current.Chars > 0 {
			w.flush()
			w.begin()
		}
		w.addSpace()
		w.addRune(r)
	}
}

// addWord adds the ASCII letters and digits that s starts with, if they continue the
// text without white space, and returns their number. Most text consists of them.
func (w *walker) addWord(s string) int {
	if w.space || w.breaks > 0 {
		return 0
	}
	n := 0
	for n < len(s) && (letter(s[n]) || s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n > 0 {
		from := int32(len(w.Text))
		w.Text = append(w.Text, s[:n]...)
		w.countText(from, int32(n))
	}
	return n
}

// countText counts the text from a position on, which has a number of characters, as part
// of the current run and of the open link.
func (w *walker) countText(from, chars int32) {
	w.current.Chars += chars
	if w.link == 0 || len(w.Links) == 0 {
		return
	}
	w.current.LinkedChars += chars
	last := &w.Links[len(w.Links)-1]
	if last.From < 0 {
		last.From = from
	}
	last.To = int32(len(w.Text))
}

func (w *walker) addSpace() {
	if w.current.From < int32(len(w.Text)) {
		switch {
		case w.breaks > 0:
			w.Text = append(w.Text, '\n')
		case w.space:
			w.Text = append(w.Text, ' ')
		}
	}
	w.space, w.breaks = false, 0
}

func (w *walker) addRune(r rune) {
	from := int32(len(w.Text))
	if r < utf8.RuneSelf {
		w.Text = append(w.Text, byte(r))
	} else {
		w.Text = utf8.AppendRune(w.Text, r)
	}
	chars, ends := countRune(r)
	w.current.SentenceEnds += ends
	w.countText(from, chars)
}

// countRune returns the number of characters that a rune counts as, and 1 if it ends a
// sentence. A character of a script that needs few characters counts more than once.
func countRune(r rune) (chars, sentenceEnds int32) {
	switch {
	case r <= ' ':
		return 0, 0
	case r == '.' || r == '!' || r == '?' || r == '؟' || r == '।' || r == '…' || r == '۔':
		return 1, 1
	case r == '。':
		return 3, 1
	case r >= 0x2E80 && r < 0xAC00: // ideographs and kana
		return 3, 0
	case r >= 0xAC00 && r < 0xD7A4: // Hangul syllables
		return 2, 0
	}
	return 1, 0
}
