package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Bounds of lines before the first prose, in characters.
const (
	maxMetaLine  = 150 // of a byline, date or reading time
	minSentence  = 20  // of a sentence that may open the text
	minParagraph = 50  // of a paragraph without sentence end that may open it
)

// trimStart drops the runs before the text: all runs up to the headline, and then the
// short lines before the first prose or list.
func (s *selection) trimStart() {
	start, first := s.from, s.firstProse()
	for i := s.from; i < first; i++ {
		r := &s.Runs[i]
		if s.title != "" && r.Kind == page.TextRun && norm.Fold(s.TextOf(r)) == s.title {
			start = i + 1
		}
	}
	for i := s.from; i < start; i++ {
		s.drop(i, DroppedBefore)
	}
	for i := start; i < first; i++ {
		if !s.keptText(i) || i == s.opening {
			continue
		}
		r := &s.Runs[i]
		switch {
		case r.Chars < maxMetaLine && fields.MetaLine(s.TextOf(r)):
			s.drop(i, DroppedMeta)
		case !s.opens(r, i == first-1):
			s.drop(i, DroppedBefore)
		}
	}
}

// opens reports whether a run before the first prose can be the start of the
// text.
func (s *selection) opens(r *page.Run, last bool) bool {
	switch tag := s.Tag(r); {
	case tag == atom.Li || tag == atom.Blockquote || page.IsHeading(tag) && last:
		return true
	case tag == atom.P:
		return r.SentenceEnds > 0 && r.Chars > minSentence && r.LinkedChars == 0 ||
			r.Chars > minParagraph && r.LinkedChars*3 < r.Chars
	}
	return false
}

// firstProse returns the first run of prose that is kept, or the start of the
// range.
func (s *selection) firstProse() int {
	for i := s.from; i < s.to; i++ {
		if s.keptText(i) && s.Runs[i].Prose() && s.weights[i] > 0 {
			return i
		}
	}
	return s.from
}

// Bounds of the end of the text.
const (
	maxEndLine     = 60  // characters of a line that ends articles, or signs them
	endShare       = 0.6 // share of the text's weight that must precede such a line
	minLastLine    = 12  // characters of a paragraph without sentence end that may close the text
	maxCaptionLine = 400 // characters of a line after a picture that may be its caption
	maxCreditLine  = 60  // bytes of its credit
)

// trimEnd drops the runs after a line that ends articles, unless more of the text
// follows the line than precedes it, and the short lines after the last prose.
func (s *selection) trimEnd() {
	s.dropAfterEnding()
	for i := s.to - 1; i >= s.from; i-- {
		if !s.keptText(i) {
			continue
		}
		r := &s.Runs[i]
		if r.Chars < maxEndLine && r.SentenceEnds == 0 && fields.HasByWord(s.TextOf(r)) {
			s.drop(i, DroppedMeta)
			continue
		}
		if s.closes(r) && !finePrint(s.Elems[r.Elem].Node) {
			break
		}
		s.drop(i, DroppedAfter)
	}
}

func (s *selection) dropAfterEnding() {
	total, before := float32(0), float32(0)
	for i := s.from; i < s.to; i++ {
		if s.verdicts[i] == Kept {
			total += max(s.weights[i], 0)
		}
	}
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if r.Kind == page.TextRun && r.Chars < maxEndLine && before > total*endShare && isEnding(s.TextOf(r)) &&
			!s.continues(i) {
			for j := i; j < s.to; j++ {
				s.drop(j, DroppedAfter)
			}
			return
		}
		if s.verdicts[i] == Kept {
			before += max(s.weights[i], 0)
		}
	}
}

// closes reports whether a run can be the end of the text.
func (s *selection) closes(r *page.Run) bool {
	tag := s.Tag(r)
	switch {
	case r.Prose(), tag == atom.Td, tag == atom.Pre:
		return true
	case r.SentenceEnds > 0 && r.LinkedChars*2 < r.Chars && !page.IsHeading(tag):
		return true
	case tag == atom.Li && r.LinkedChars == 0:
		return true
	case tag == atom.P && r.LinkedChars*3 < r.Chars && r.Chars > minLastLine:
		return true
	}
	return s.Inside(r.Elem, atom.Blockquote)
}

// continues reports whether the prose before run i and the prose after it are siblings
// and the run is not. The run is then in a box within the text, and not its end.
func (s *selection) continues(i int) bool {
	before, after := int32(-1), int32(-2)
	for j := i - 1; j >= s.from && before < 0; j-- {
		if s.verdicts[j] == Kept && s.Runs[j].Prose() {
			before = s.Elems[s.Runs[j].Elem].Parent
		}
	}
	for j := i + 1; j < s.to && after < 0; j++ {
		if s.verdicts[j] == Kept && s.Runs[j].Prose() {
			after = s.Elems[s.Runs[j].Elem].Parent
		}
	}
	return before == after && s.Elems[s.Runs[i].Elem].Parent != before
}
