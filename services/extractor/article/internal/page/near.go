package page

import (
	"slices"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	sentenceChars = 60  // minimum length of prose that ends a sentence
	proseChars    = 140 // minimum length of prose without the end of a sentence
)

// Prose reports whether a run is long enough to be running text.
func (r *Run) Prose() bool {
	return r.Chars >= proseChars || r.Chars >= sentenceChars && r.SentenceEnds > 0
}

// IsHeading reports whether a tag is h1 to h6.
func IsHeading(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// Tag returns the tag of the element that a run belongs to.
func (p *Page) Tag(r *Run) atom.Atom { return p.Elems[r.Elem].Node.DataAtom }

// ElemOf returns the index of a node's element, or -1.
func (p *Page) ElemOf(n *html.Node) int32 {
	return int32(slices.IndexFunc(p.Elems, func(e Element) bool { return e.Node == n }))
}

// Contains reports whether an element is inner or one of its ancestors.
func (p *Page) Contains(elem, inner int32) bool {
	return inner >= elem && inner < p.Elems[elem].End
}

// RunsOf returns the range of the runs within an element. It may include runs of
// other elements: the text of a block that follows an inner block belongs to the
// outer one.
func (p *Page) RunsOf(elem int32) (from, to int) {
	end := p.Elems[elem].End
	from, to = len(p.Runs), 0
	for i := range p.Runs {
		if e := p.Runs[i].Elem; e >= elem && e < end {
			from, to = min(from, i), i+1
		}
	}
	return min(from, to), to
}

// insideDepth is the maximum number of levels that Inside climbs. Quotes, figures and
// lists wrap their text in few elements. A tag farther up describes the layout.
const insideDepth = 6

// Inside reports whether an element, or one of the few closest ancestors, has a
// tag.
func (p *Page) Inside(elem int32, tag atom.Atom) bool {
	for range insideDepth {
		if elem <= 0 {
			return false
		}
		if p.Elems[elem].Node.DataAtom == tag {
			return true
		}
		elem = p.Elems[elem].Parent
	}
	return false
}

// HintHolder returns the closest element, from elem upwards, that carries a hint
// itself, or -1.
func (p *Page) HintHolder(elem int32, h Hint) int32 {
	for ; elem > 0; elem = p.Elems[elem].Parent {
		if p.Elems[elem].Hints&h != 0 {
			return elem
		}
	}
	return -1
}

// HintsAround returns the hints of an element and its next two ancestors.
func (p *Page) HintsAround(elem int32) Hint {
	var found Hint
	for depth := 0; depth < 3 && elem > 0; depth++ {
		found |= p.Elems[elem].Hints
		elem = p.Elems[elem].Parent
	}
	return found
}

// HeadingAround returns the tag of the heading that an element is or is part of,
// and whether it is only a part: some headings have kicker and headline in
// separate blocks. Without a heading it returns the element's own tag.
func (p *Page) HeadingAround(elem int32) (tag atom.Atom, part bool) {
	e := &p.Elems[elem]
	if !IsHeading(e.Node.DataAtom) && e.Parent > 0 && IsHeading(p.Elems[e.Parent].Node.DataAtom) {
		return p.Elems[e.Parent].Node.DataAtom, true
	}
	return e.Node.DataAtom, false
}
