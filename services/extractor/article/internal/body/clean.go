package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// clean decides for each run of the container whether it is part of the text.
func (s *selection) clean() {
	s.from, s.to = s.RunsOf(s.box)
	above := page.Hint(0)
	if s.box > 0 {
		above = s.within[s.box]
	}
	for i := s.from; i < s.to; i++ {
		if s.verdicts[i] == Undecided {
			s.verdicts[i] = s.judge(&s.Runs[i], s.within[s.Runs[i].Elem]&^above)
		}
	}
	s.dropLinkLists()
	s.trimStart()
	s.trimEnd()
	s.dropLooseHeadings()
}

// Maximum lengths of runs to which a rule applies, in characters. A longer run is
// part of the text whatever its surroundings.
const (
	maxCaption   = 600
	maxRepeat    = 500 // of a pull quote that is named as one
	maxShort     = 200 // of a byline, date, kicker or repeated title
	maxPaywall   = 400
	maxPhraseRun = 160
	maxLinkLine  = 120
)

// paywallWeight is the maximum weight of prose in the notice of a paywall. An
// element of that name with more prose contains the text behind the paywall.
const paywallWeight = 450

// judge returns the verdict of the rules on a run, from its text and the hints
// that apply to it but not to the whole container.
func (s *selection) judge(r *page.Run, hints page.Hint) Verdict {
	if hints&s.against != 0 {
		return DroppedHint
	}
	if r.Kind != page.TextRun {
		return Kept
	}
	short := r.Chars < maxShort
	switch {
	case r.Chars < maxCaption && (hints&(page.HintCaption|page.HintCredit) != 0 || s.figureText(r)):
		return DroppedCaption
	case hints&page.HintPullQuote != 0 && r.Chars < maxRepeat:
		return DroppedRepeat
	case hints&(page.HintByline|page.HintDate|page.HintKicker) != 0 && short && !r.Prose():
		return DroppedMeta
	case hints&page.HintPaywall != 0 && r.Chars < maxPaywall &&
		s.good[max(0, s.HintHolder(r.Elem, page.HintPaywall))] < paywallWeight:
		return DroppedTruncation
	}
	text := s.TextOf(r)
	if short && s.title != "" && norm.Fold(text) == s.title {
		return DroppedStated
	}
	if (r.Chars < maxPhraseRun || r.LinkedChars*2 > r.Chars) && boilerplateLine(text, r) {
		return DroppedPhrase
	}
	if r.LinkedChars*10 > r.Chars*9 && r.Chars < maxLinkLine && r.SentenceEnds == 0 &&
		!page.IsHeading(s.Tag(r)) && !s.Inside(r.Elem, atom.Blockquote) {
		return DroppedLinks
	}
	return Kept
}

// figureText reports whether a run is text in a figure that is not its content:
// code, a table or a quote.
func (s *selection) figureText(r *page.Run) bool {
	return s.Inside(r.Elem, atom.Figure) && s.Tag(r) != atom.Pre && !s.Inside(r.Elem, atom.Table) &&
		!s.Inside(r.Elem, atom.Blockquote)
}

// dropLinkLists drops lists whose items are mostly links.
func (s *selection) dropLinkLists() {
	for i := s.from; i < s.to; {
		list := s.listOf(s.Runs[i].Elem)
		if list < 0 {
			i++
			continue
		}
		end := s.Elems[list].End
		var chars, linked int32
		j := i
		for ; j < s.to && s.Runs[j].Elem >= list && s.Runs[j].Elem < end; j++ {
			chars += s.Runs[j].Chars
			linked += s.Runs[j].LinkedChars
		}
		if linked*10 > chars*7 {
			for k := i; k < j; k++ {
				if s.verdicts[k] == Kept {
					s.verdicts[k] = DroppedLinks
				}
			}
		}
		i = max(j, i+1)
	}
}

// listDepth is how many levels listOf climbs.
const listDepth = 8

// listOf returns the outermost list around an element within a few levels, or -1.
func (s *selection) listOf(elem int32) int32 {
	found := int32(-1)
	for depth := 0; depth < listDepth && elem > 0; depth++ {
		switch s.Elems[elem].Node.DataAtom {
		case atom.Ul, atom.Ol:
			found = elem
		}
		elem = s.Elems[elem].Parent
	}
	return found
}

// Bounds of lines before the first prose, in characters.
const (
	maxMetaLine  = 150 // of a byline, date or reading time
	minSentence  = 20  // of a sentence that may open the text
	minParagraph = 50  // of a paragraph without sentence end that may open it
)

// trimStart drops what precedes the text: everything up to the headline, and then
// the short lines before the first prose or list.
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
		if !s.keptText(i) {
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

// trimEnd drops what follows a line that ends articles, unless more of the text
// follows it than precedes it, and the short lines after the last prose.
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
		if s.closes(r) {
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

// continues reports whether the prose before and after run i are siblings and the
// run is elsewhere: it is then in a box within the text, and not its end.
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

// dropLooseHeadings drops headings whose whole section was dropped.
func (s *selection) dropLooseHeadings() {
	for i := s.from; i < s.to; i++ {
		if !s.keptText(i) || !page.IsHeading(s.Tag(&s.Runs[i])) {
			continue
		}
		next, dropped := i+1, 0
		for ; next < s.to; next++ {
			r := &s.Runs[next]
			if r.Kind != page.TextRun {
				continue
			}
			if s.verdicts[next] == Kept || page.IsHeading(s.Tag(r)) {
				break
			}
			dropped++
		}
		if next == s.to || dropped > 1 && page.IsHeading(s.Tag(&s.Runs[next])) {
			s.drop(i, DroppedLoose)
		}
	}
}

// dropCaptions drops the lines after pictures that end in a credit, if no figure
// element marks them as captions.
func (s *selection) dropCaptions() {
	for i := range s.Runs[:max(0, len(s.Runs)-1)] {
		if s.Runs[i].Kind != page.ImageRun {
			continue
		}
		next := &s.Runs[i+1]
		if next.Kind != page.TextRun || next.Chars > maxCaptionLine || page.IsHeading(s.Tag(next)) {
			continue
		}
		if _, credit := fields.SplitCredit(s.TextOf(next)); credit != "" && len(credit) < maxCreditLine {
			s.verdicts[i+1] = DroppedCaption
		}
	}
}
