package body

import (
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// readSummary reads the standfirst and drops it from the body, unless it opens the text.
// The standfirst is the element that a site's rules select, or a block before the text
// that is repeated in metadata, named as a standfirst, or followed by the dateline. Without
// a standfirst, the summary is the declared description.
func (t *Text) readSummary() {
	if v, n := t.Picked.Text(page.FieldSummary); v != "" {
		t.Summary = record.NewField(v, record.FromRule, record.RuleConfidence)
		if elem := t.ElemOf(n); elem >= 0 {
			t.dropElem(elem)
		}
		return
	}
	declared := t.declaredSummaries()
	if i, confidence := t.standfirst(declared[:]); i >= 0 {
		t.Summary = record.NewField(norm.Squeeze(t.TextOf(&t.Runs[i])), record.FromStructure, confidence)
		t.verdicts[i] = DroppedStated
		if !t.Picked.Has(page.FieldBody) && !t.beforeDateline(i) && t.opensText(i) {
			t.verdicts[i], t.opening, t.from = Kept, i, min(t.from, i)
		}
		return
	}
	t.Summary = t.describedApart(declared[:3])
}

// dropElem drops the runs in an element.
func (s *selection) dropElem(elem int32) {
	for i := range s.Runs {
		if s.Contains(elem, s.Runs[i].Elem) {
			s.verdicts[i] = DroppedStated
		}
	}
}

// declaredSummaries returns the descriptions in metadata, followed by the alternative
// headline, which only helps to find the standfirst.
func (s *selection) declaredSummaries() [4]record.Field[string] {
	meta := s.Facts.First("description", "twitter:description", "dc.description")
	return [4]record.Field[string]{
		record.NewField(s.Facts.LD("description"), record.FromJSONLD, 0.8),
		record.NewField(s.Facts.First("og:description"), record.FromOpenGraph, 0.8),
		record.NewField(meta, record.FromMeta, 0.75),
		record.NewField(s.Facts.LD("alternativeHeadline"), record.FromJSONLD, 0.7),
	}
}

const (
	minDescription = 15 // bytes of a folded description
	openingBytes   = 60 // bytes that a description must not share with the opening
)

// describedApart returns the first declared description that does not repeat the
// opening of the text.
func (s *selection) describedApart(declared []record.Field[string]) record.Field[string] {
	opening := ""
	for i := s.from; i < s.to; i++ {
		if s.keptText(i) {
			opening = norm.Fold(s.TextOf(&s.Runs[i]))
			break
		}
	}
	for _, f := range declared {
		folded := norm.Fold(strings.TrimRight(f.Value, ".… "))
		if len(folded) > minDescription &&
			(opening == "" || !strings.HasPrefix(opening, folded[:min(len(folded), openingBytes)])) {
			return f
		}
	}
	return record.Field[string]{}
}

// Bounds of a standfirst, in characters, and of the search for it.
const (
	minStandfirst      = 25
	maxStandfirst      = 700
	maxNamedStandfirst = 600
	standfirstWeight   = 700 // of prose in an element that is named as a standfirst
	standfirstRuns     = 14  // text runs that are examined
)

// Hints of elements that are not the standfirst.
const notStandfirst = page.HintRelated | page.HintCaption | page.HintComment | page.HintNewsletter | page.HintAd |
	page.HintNav | page.HintFooter | page.HintHidden

// standfirst returns the run that is the article's standfirst, or -1.
func (s *selection) standfirst(declared []record.Field[string]) (run int, confidence float64) {
	seen, first := 0, -1
	for i := s.standfirstStart(); i < s.to && seen < standfirstRuns; i++ {
		r := &s.Runs[i]
		if r.Kind != page.TextRun || r.Elem < s.Headline.Elem {
			continue
		}
		seen++
		if !s.mayBeStandfirst(i) {
			continue
		}
		folded := norm.Fold(s.TextOf(r))
		if folded == s.title {
			continue
		}
		if s.within[r.Elem]&page.HintStandfirst != 0 && r.Chars < maxNamedStandfirst {
			if own := s.HintHolder(r.Elem, page.HintStandfirst); own >= 0 && s.good[own] < standfirstWeight {
				return i, 0.9
			}
		}
		if first < 0 && (r.Prose() || page.IsHeading(s.Tag(r))) {
			first = i
		}
		for _, f := range declared {
			if norm.Fold(f.Value) == folded && s.differsFromNext(i) {
				return i, 0.88
			}
		}
		if s.verdicts[i] == Kept && r.Prose() {
			break
		}
	}
	if first >= 0 && s.beforeDateline(first) {
		return first, 0.85
	}
	return -1, 0
}

// Bounds of the distance between a standfirst and the text that it opens.
const (
	openingGap    = 3   // runs
	openingLevels = 4   // levels up to an element that contains both
	longOpening   = 150 // characters from which a standfirst may be anywhere in the tree
)

// opensText reports whether a standfirst is also the first paragraph of the text: only
// pictures and captions are between it and the next paragraph.
func (s *selection) opensText(i int) bool {
	own := &s.Runs[i]
	for j := i + 1; j < min(s.to, i+1+openingGap); j++ {
		r := &s.Runs[j]
		if r.Kind != page.TextRun || s.verdicts[j] == DroppedCaption {
			continue
		}
		label := r.Chars < minStandfirst && !page.IsHeading(s.Tag(r))
		return s.verdicts[j] == Kept && !label && (s.near(own.Elem, r.Elem) ||
			own.Chars >= longOpening && !page.IsHeading(s.Tag(own)))
	}
	return false
}

// near reports whether an element a few levels above two elements contains both.
func (s *selection) near(a, b int32) bool {
	levels := 0
	for ; a > 0 && !s.Contains(a, b); levels++ {
		a = s.Elems[a].Parent
	}
	for up := 0; b > a; up++ {
		b = s.Elems[b].Parent
		levels = max(levels, up+1)
	}
	return a > 0 && levels <= openingLevels
}

// standfirstStart returns the run from which the standfirst is searched: the run after
// the headline, or the start of the container if that comes first and the headline is
// not within the container.
func (s *selection) standfirstStart() int {
	switch title := s.Headline.Run; {
	case title < 0:
		return s.from
	case title > s.from:
		return title + 1
	default:
		return min(title+1, s.from)
	}
}

func (s *selection) mayBeStandfirst(i int) bool {
	r := &s.Runs[i]
	return s.verdicts[i] != DroppedCaption && s.within[r.Elem]&notStandfirst == 0 && r.Chars >= minStandfirst &&
		r.Chars <= maxStandfirst && !s.Inside(r.Elem, atom.Figure)
}

// differsFromNext reports whether a run differs from the text that follows in its
// parent, tag or class.
func (s *selection) differsFromNext(i int) bool {
	a := &s.Elems[s.Runs[i].Elem]
	for j := i + 1; j < s.to; j++ {
		if !s.keptText(j) || !s.Runs[j].Prose() {
			continue
		}
		b := &s.Elems[s.Runs[j].Elem]
		return a.Parent != b.Parent || a.Node.DataAtom != b.Node.DataAtom ||
			page.Attr(a.Node, "class") != page.Attr(b.Node, "class")
	}
	return true
}

// beforeDateline reports whether the next prose after run i opens with a dateline,
// which starts the text.
func (s *selection) beforeDateline(i int) bool {
	for j := i + 1; j < s.to; j++ {
		if s.keptText(j) && s.Runs[j].Prose() {
			return fields.DatelineOf(s.TextOf(&s.Runs[j])) != "" && fields.DatelineOf(s.TextOf(&s.Runs[i])) == ""
		}
	}
	return false
}
