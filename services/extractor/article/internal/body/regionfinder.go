package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// region is an element that may contain the article's text.
type region struct {
	elem    int32
	from    int // the first run of it that has a weight for prose
	to      int // the run after the last one
	scorers uint16
}

// scorer is a way to propose regions. The order of the scorers is part of the model.
type scorer uint8

const (
	byWeight   scorer = iota // prose weighs most, less what the hints are against
	byProse                  // prose weighs most, without regard to hints
	byStrong                 // prose weighs most, less what the strongest hints are against
	byParent                 // parents and grandparents of paragraphs
	byHeadline               // the stretch of prose that follows the headline
	byMarkup                 // elements that are marked as the article or its body
	byFlat                   // most prose in its children
	byGrowth                 // an ancestor of another region
	scorers
)

const (
	// maxRegions is the maximum number of regions that are compared.
	maxRegions = 14
	// growSteps is the number of times that a region is extended to an ancestor with
	// more prose.
	growSteps = 3
	// headlineGap is the maximum number of runs between the prose that follows the
	// headline.
	headlineGap = 16
	// maxMarked is the maximum number of marked elements of each kind.
	maxMarked = 3
)

// regionFinder collects the regions of a page.
type regionFinder struct {
	*Weighing
	Input
	regions []region
	seen    map[[2]int32]int // the regions by their first and last run of prose
	scores  []float32
	first   []int32 // by element, the first run with a weight for prose in it, or -1
	last    []int32 // by element, the last one
}

func (w *Weighing) findRegions(in Input) *regionFinder {
	f := &regionFinder{
		Weighing: w, Input: in, seen: make(map[[2]int32]int, maxRegions),
		scores: make([]float32, len(w.Elems)),
	}
	f.spans()
	box, _ := w.findBox()
	f.propose(box, byWeight)
	f.propose(w.container(0, f.scores), byProse)
	f.propose(w.container(page.HintComment|page.HintRelated|page.HintNewsletter|page.HintFooter, f.scores), byStrong)
	f.proposeParents()
	f.proposeHeadline()
	f.proposeMarked()
	for i := range min(len(f.regions), maxRegions) {
		f.grow(f.regions[i].elem)
	}
	return f
}

// spans finds the first and the last prose in each element.
func (f *regionFinder) spans() {
	n := len(f.Elems)
	both := make([]int32, 2*n)
	f.first, f.last = both[:n], both[n:]
	for i := range both {
		both[i] = -1
	}
	for i := range f.Runs {
		if e := f.Runs[i].Elem; f.weights[i] > 0 {
			if f.first[e] < 0 {
				f.first[e] = int32(i)
			}
			f.last[e] = int32(i)
		}
	}
	for e := n - 1; e > 0; e-- {
		p := f.Elems[e].Parent
		if f.first[e] >= 0 && (f.first[p] < 0 || f.first[e] < f.first[p]) {
			f.first[p] = f.first[e]
		}
		f.last[p] = max(f.last[p], f.last[e])
	}
}

// propose adds an element, unless an element with the same prose has been added.
func (f *regionFinder) propose(elem int32, by scorer) {
	for elem > 0 && (page.Inline(f.Elems[elem].Node.DataAtom) || f.Elems[elem].Node.DataAtom == atom.P) {
		elem = f.Elems[elem].Parent
	}
	if elem < 0 || f.first[elem] < 0 {
		return
	}
	key := [2]int32{f.first[elem], f.last[elem]}
	if i, ok := f.seen[key]; ok {
		f.regions[i].scorers |= 1 << by
		return
	}
	if len(f.regions) == maxRegions {
		return
	}
	f.seen[key] = len(f.regions)
	f.regions = append(f.regions, region{elem: elem, from: int(key[0]), to: int(key[1]) + 1, scorers: 1 << by})
}

// proposeParents proposes the elements with the most paragraphs in them, and the element
// with the most prose directly in it.
func (f *regionFinder) proposeParents() {
	clear(f.scores)
	direct := make(map[int32]float32)
	for i := range f.Runs {
		if f.weights[i] <= 0 {
			continue
		}
		at := f.Runs[i].Elem
		if f.Elems[at].Node.DataAtom == atom.P {
			at = max(f.Elems[at].Parent, 0)
		}
		f.scores[at] += f.weights[i]
		direct[at] += f.weights[i]
		if above := f.Elems[at].Parent; above > 0 {
			f.scores[above] += f.weights[i] / 2
		}
	}
	best, flat := int32(0), int32(0)
	for i := range f.scores {
		if f.scores[i] > f.scores[best] {
			best = int32(i)
		}
		if direct[int32(i)] > direct[flat] {
			flat = int32(i)
		}
	}
	f.propose(best, byParent)
	f.propose(flat, byFlat)
}

// proposeHeadline proposes the element around the prose that follows the headline.
func (f *regionFinder) proposeHeadline() {
	if f.Headline.Run < 0 {
		return
	}
	first, last := -1, -1
	for i := f.Headline.Run + 1; i < len(f.Runs); i++ {
		if last >= 0 && i-last > headlineGap {
			break
		}
		if f.weights[i] > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return
	}
	elem := f.Runs[first].Elem
	f.propose(elem, byHeadline)
	for elem > 0 && !f.Contains(elem, f.Runs[last].Elem) {
		elem = f.Elems[elem].Parent
	}
	f.propose(elem, byHeadline)
}

// proposeMarked proposes the elements that are marked as the article or its body: those
// with the most prose.
func (f *regionFinder) proposeMarked() {
	var bodies, articles []int32
	for i := range f.Elems {
		switch e := &f.Elems[i]; {
		case f.good[i] <= 0:
		case e.Hints&page.HintBody != 0:
			bodies = f.keepBest(bodies, int32(i))
		case e.Node.DataAtom == atom.Article || e.Node.DataAtom == atom.Main:
			articles = f.keepBest(articles, int32(i))
		}
	}
	for _, i := range bodies {
		f.propose(i, byMarkup)
	}
	for _, i := range articles {
		f.propose(i, byMarkup)
	}
}

// keepBest inserts an element in a list of those with the most prose.
func (f *regionFinder) keepBest(list []int32, elem int32) []int32 {
	at := len(list)
	for at > 0 && f.good[list[at-1]] < f.good[elem] {
		at--
	}
	if at == maxMarked {
		return list
	}
	list = append(list, 0)
	copy(list[at+1:], list[at:])
	list[at] = elem
	return list[:min(len(list), maxMarked)]
}

// grow proposes the next ancestors of an element that have more prose.
func (f *regionFinder) grow(elem int32) {
	steps := 0
	for at := elem; at > 0 && steps < growSteps; {
		above := f.Elems[at].Parent
		if above < 0 {
			return
		}
		if f.first[above] != f.first[at] || f.last[above] != f.last[at] {
			steps++
			f.propose(above, byGrowth)
		}
		at = above
	}
}
