package body

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Bounds of a box within the text.
const (
	maxBox      = 600 // characters of it that are kept
	maxBoxes    = 8   // that are looked at
	boxClimb    = 6   // levels from its sign up to its outermost element
	maxTeasers  = 2   // teasers of other articles; more are a list that is the text
	teaserLines = 4   // lines of a teaser
	teaserClimb = 3   // levels from its heading up to its name
)

// dropForms drops the boxes that ask for an e-mail address. An element with half of the
// text or more is not a box: some systems put the whole page into a form.
func (s *selection) dropForms() {
	for _, field := range s.EmailFields[:min(len(s.EmailFields), maxBoxes)] {
		if box := s.boxAround(field); box > 0 {
			s.dropBox(box)
		}
	}
}

// dropTeasers drops teasers of other articles between the paragraphs: boxes that are named
// after teasers and start with a heading that is a link. Many of them are a list that is
// the text.
func (s *selection) dropTeasers() {
	var boxes []int32
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if !s.keptText(i) || !page.IsHeading(s.Tag(r)) || r.LinkedChars < r.Chars || r.Links >= r.LinksTo ||
			strings.HasPrefix(s.Links[r.Links].Href, "#") || !s.namedTeaser(r.Elem) {
			continue
		}
		if len(boxes) == maxTeasers {
			return
		}
		boxes = append(boxes, s.boxAround(r.Elem))
	}
	for _, box := range boxes {
		if first, end := s.RunsOf(box); box > 0 && end-first <= teaserLines {
			s.dropBox(box)
		}
	}
}

// namedTeaser reports whether one of the next elements around a heading is named after
// teasers.
func (s *selection) namedTeaser(heading int32) bool {
	for range teaserClimb {
		if heading = s.Elems[heading].Parent; heading <= 0 {
			return false
		}
		for _, name := range teaserNames {
			if strings.Contains(page.Attr(s.Elems[heading].Node, "class"), name) {
				return true
			}
		}
	}
	return false
}

// teaserNames are parts of class names of teasers.
var teaserNames = []string{"card", "promo", "teaser"}

// boxAround returns the outermost element around elem that contains little of the text
// and no paragraph in the form of the text, or 0.
func (s *selection) boxAround(elem int32) int32 {
	total := s.keptChars()
	box := int32(0)
	for range boxClimb {
		if elem <= 0 {
			break
		}
		chars := s.keptWithin(elem)
		if chars > maxBox || chars*2 >= total || s.sharesForm(elem) {
			break
		}
		box, elem = elem, s.Elems[elem].Parent
	}
	return box
}

// keptWithin returns the number of characters within an element that are kept.
func (s *selection) keptWithin(elem int32) (chars int32) {
	first, end := s.RunsOf(elem)
	for i := first; i < end; i++ {
		if s.keptText(i) && s.Contains(elem, s.Runs[i].Elem) {
			chars += s.Runs[i].Chars
		}
	}
	return chars
}

// sharesForm reports whether kept prose within an element and kept prose outside of it
// have parents with the same tag and class.
func (s *selection) sharesForm(elem int32) bool {
	for i := s.from; i < s.to; i++ {
		if !s.keptText(i) || !s.Runs[i].Prose() || !s.Contains(elem, s.Runs[i].Elem) {
			continue
		}
		inner := s.Elems[s.Elems[s.Runs[i].Elem].Parent].Node
		for j := s.from; j < s.to; j++ {
			if !s.keptText(j) || !s.Runs[j].Prose() || s.Contains(elem, s.Runs[j].Elem) {
				continue
			}
			outer := s.Elems[s.Elems[s.Runs[j].Elem].Parent].Node
			if outer.DataAtom == inner.DataAtom && page.Attr(outer, "class") == page.Attr(inner, "class") {
				return true
			}
		}
	}
	return false
}

func (s *selection) dropBox(box int32) {
	first, end := s.RunsOf(box)
	for i := first; i < end; i++ {
		if s.Contains(box, s.Runs[i].Elem) {
			s.drop(i, DroppedHint)
		}
	}
}
