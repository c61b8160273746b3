package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// tally are the sums over the runs of a region.
type tally struct {
	chars, linked, prose, paragraphs, items, cells, lines, free, before float32

	runs, proseRuns, ends, headings, linkedHeadings float32

	flowing  float32 // runs of prose after prose with the same parent
	labelled float32 // runs of prose after a line with digits
	teased   float32 // runs of prose after a line that is a link

	hinted   [regionHints]float32
	parents  map[int32]float32 // prose by the element that directly contains it
	children map[int32]float32 // prose by the child of the region that contains it
}

func (d *described) tally(g *region) *tally {
	t := &tally{parents: map[int32]float32{}, children: map[int32]float32{}}
	outside := d.raw[g.elem]
	var before *page.Run // the run of text before the current one
	for i := g.from; i < min(g.to, g.from+maxRegionRuns); i++ {
		r := &d.Runs[i]
		if r.Kind != page.TextRun || !d.Contains(g.elem, r.Elem) {
			continue
		}
		chars, weight := float32(r.Chars), d.weights[i]
		t.runs++
		t.chars += chars
		t.linked += float32(r.LinkedChars)
		tag := d.Tag(r)
		if page.IsHeading(tag) {
			t.headings++
			t.linkedHeadings += bit(r.LinkedChars*2 > r.Chars)
		}
		last := before
		before = r
		if weight <= 0 {
			t.lines += chars
			continue
		}
		if last != nil {
			t.follow(d, last, r)
		}
		t.prose += weight
		t.proseRuns++
		t.ends += float32(min(r.SentenceEnds, maxEnds))
		switch tag {
		case atom.P:
			t.paragraphs += weight
		case atom.Li, atom.Dd, atom.Dt:
			t.items += weight
		case atom.Td, atom.Th:
			t.cells += weight
		}
		if i < d.Headline.Run {
			t.before += weight
		}
		if d.within[r.Elem]&^d.within[g.elem]&page.HintsAgainst == 0 {
			t.free += weight
		}
		if inner := d.raw[r.Elem] &^ outside; inner != 0 {
			for h, hints := range hintGroups {
				if inner&hints != 0 {
					t.hinted[h] += weight
				}
			}
		}
		t.parents[d.parentOf(r.Elem)] += weight
		t.children[d.childOf(g.elem, r.Elem)] += weight
	}
	return t
}

// follow counts a run of prose by the run before it.
func (t *tally) follow(d *described, last, r *page.Run) {
	switch {
	case last.Prose():
		t.flowing += bit(d.parentOf(last.Elem) == d.parentOf(r.Elem))
	case page.IsHeading(d.Tag(last)) && last.LinkedChars == 0:
	case last.LinkedChars*2 > last.Chars:
		t.teased++
	case hasDigit(d.Text[last.From:last.To]):
		t.labelled++
	}
}

func hasDigit(text []byte) bool {
	for _, c := range text {
		if c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}

// parentOf returns the element that contains the paragraph of a run.
func (d *described) parentOf(elem int32) int32 {
	switch d.Elems[elem].Node.DataAtom {
	case atom.P, atom.Li:
		return d.Elems[elem].Parent
	}
	return elem
}

// childOf returns the child of a region that contains an element.
func (d *described) childOf(region, elem int32) int32 {
	for range maxClimb {
		above := d.Elems[elem].Parent
		if above <= region {
			break
		}
		elem = above
	}
	return elem
}
