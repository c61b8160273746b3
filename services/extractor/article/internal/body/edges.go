package body

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Bounds of a short sentence that ends the text.
const (
	minLastSentence = 15  // characters
	maxLastSentence = 200 // characters
	minLastWords    = 3
	maxShortText    = 1200 // characters of a text that a last sentence is a part of
)

// keptChars returns the number of characters of the text.
func (s *selection) keptChars() (chars int32) {
	for i := s.from; i < s.to; i++ {
		if s.keptText(i) {
			chars += s.Runs[i].Chars
		}
	}
	return chars
}

// keepLastSentence keeps a single sentence that directly follows a short text: short last
// paragraphs are often in another container.
func (s *selection) keepLastSentence() {
	_, last := s.keptRange()
	i := last + 1
	if last < s.from || i >= len(s.Runs) || s.Runs[last].SentenceEnds == 0 {
		return
	}
	r := &s.Runs[i]
	if r.Kind != page.TextRun || r.LinkedChars > 0 || r.SentenceEnds == 0 || r.Chars < minLastSentence ||
		page.IsHeading(s.Tag(r)) || s.keptChars() > maxShortText ||
		r.Chars > maxLastSentence || s.within[r.Elem]&^s.within[s.Runs[last].Elem] != 0 {
		return
	}
	text := s.Text[r.From:r.To]
	switch v := s.verdicts[i]; {
	case v != Undecided && v != DroppedAfter && v != DroppedLearned, finePrint(s.Elems[r.Elem].Node),
		len(bytes.Fields(text)) < minLastWords, !bytes.HasSuffix(text, []byte(".")), boilerplateLine(string(text), r),
		fields.MetaLine(string(text)), !s.near(s.Runs[last].Elem, r.Elem), s.proseAfter(i):
		return
	}
	s.verdicts[i] = Kept
	s.widen()
}

// proseAfter reports whether the text run after run i is prose or a paragraph like it.
func (s *selection) proseAfter(i int) bool {
	for j := i + 1; j < len(s.Runs); j++ {
		if r := &s.Runs[j]; r.Kind == page.TextRun {
			return r.Prose() || s.Elems[r.Elem].Parent == s.Elems[s.Runs[i].Elem].Parent && r.LinkedChars == 0
		}
	}
	return false
}

// finePrint reports whether all text of an element is set in a small size.
func finePrint(n *html.Node) bool {
	for n != nil {
		switch n.DataAtom {
		case atom.Small:
			return true
		case atom.Font:
			if size := page.Attr(n, "size"); size == "1" || size == "-1" || size == "-2" {
				return true
			}
		}
		n = onlyChild(n)
	}
	return false
}

// onlyChild returns the element that contains all text of an element, or nil.
func onlyChild(n *html.Node) *html.Node {
	var only *html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.ElementNode && only == nil:
			only = c
		case c.Type == html.ElementNode, c.Type == html.TextNode && len(bytes.TrimSpace([]byte(c.Data))) > 0:
			return nil
		}
	}
	return only
}
