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
	maxRepeat    = 500 // of an element whose names hint at a pull quote
	maxShort     = 200 // of a byline, date, kicker or repeated title
	maxPaywall   = 400
	maxPhraseRun = 160
	maxLinkLine  = 120
)

// paywallWeight is the maximum weight of prose in the notice of a paywall. An
// element of that name with more prose contains the text behind the paywall.
const paywallWeight = 450

// maxWalled is the maximum distance, in elements, of the siblings of a paragraph that count
// as text behind the same paywall.
const maxWalled = 200

// judge returns the verdict of the rules on a run, from its text and the hints
// that apply to it but not to the whole container.
func (s *selection) judge(r *page.Run, hints page.Hint) Verdict {
	if hints&s.choice.against != 0 {
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
	case hints&page.HintPaywall != 0 && r.Chars < maxPaywall && s.paywalled(r.Elem) < paywallWeight:
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

// paywalled returns the weight of the prose in the element around elem that is named after a
// paywall. If that element is a paragraph, its siblings of such a name count too: some sites
// name each paragraph behind the paywall.
func (s *selection) paywalled(elem int32) float32 {
	holder := max(0, s.HintHolder(elem, page.HintPaywall))
	if s.Elems[holder].Node.DataAtom != atom.P {
		return s.good[holder]
	}
	parent, prose := s.Elems[holder].Parent, float32(0)
	for i := max(parent+1, holder-maxWalled); i < min(holder+maxWalled, s.Elems[parent].End); i++ {
		if s.Elems[i].Parent == parent && s.Elems[i].Hints&page.HintPaywall != 0 {
			prose += s.good[i]
		}
	}
	return prose
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

// listDepth is the maximum number of levels that listOf climbs.
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
