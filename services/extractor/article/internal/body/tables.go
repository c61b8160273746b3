package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Bounds of a table of data that belongs to the text before it.
const (
	minDataRows = 3
	minRowCells = 2    // on average
	dataGap     = 3    // runs from the text to the table
	headGap     = 8    // runs from the headline to a table that is the article
	enoughProse = 1000 // weight of the prose of a page whose text does not depend on tables
)

// weighTable gives weight to a table of data right after the headline, and to the sentences
// between them, if the page has hardly any prose: the table is the article.
func (w *Weighing) weighTable(titleElem int32) {
	prose := float32(0)
	for _, weight := range w.weights {
		prose += max(weight, 0)
	}
	if titleElem <= 0 || prose >= enoughProse {
		return
	}
	_, first := w.RunsOf(titleElem)
	for i := first; i < min(first+headGap, len(w.Runs)); i++ {
		table := w.outermost(w.Runs[i].Elem, atom.Table, titleElem)
		if table < 0 || w.Elems[table].Hints&page.HintsAgainst != 0 || !w.tabular(table) {
			continue
		}
		_, end := w.RunsOf(table)
		for j := first; j < end; j++ {
			if r := &w.Runs[j]; r.LinkedChars == 0 && (j >= i || r.SentenceEnds > 0) {
				w.weights[j] = max(w.weights[j], float32(r.Chars))
			}
		}
		return
	}
}

// keepDataTables keeps the tables of data that directly follow the text: results, dates or
// prices. They have no prose, and the region of a short text does not include them.
func (s *selection) keepDataTables() {
	_, last := s.keptRange()
	if last < s.from {
		return
	}
	for i := last + 1; i < len(s.Runs) && i <= last+dataGap; i++ {
		table := s.outermost(s.Runs[i].Elem, atom.Table, s.Runs[last].Elem)
		if table < 0 || s.within[table]&^s.within[s.box]&page.HintsAgainst != 0 || !s.tabular(table) {
			continue
		}
		for ; i < len(s.Runs) && s.Contains(table, s.Runs[i].Elem); i++ {
			if s.Runs[i].Kind == page.TextRun {
				s.verdicts[i], last = Kept, i
			}
		}
		i--
	}
	if last >= s.to {
		s.widen()
	}
}

// outermost returns the outermost element with a tag from elem upwards that does not
// contain another element, or -1.
func (w *Weighing) outermost(elem int32, tag atom.Atom, other int32) int32 {
	found := int32(-1)
	for ; elem > 0 && !w.Contains(elem, other); elem = w.Elems[elem].Parent {
		if w.Elems[elem].Node.DataAtom == tag {
			found = elem
		}
	}
	return found
}

// tabular reports whether a table has rows of several short cells that are not links.
func (w *Weighing) tabular(table int32) bool {
	var rows, cells, chars, linked int32
	for i := table; i < w.Elems[table].End; i++ {
		switch w.Elems[i].Node.DataAtom {
		case atom.Tr:
			rows++
		case atom.Form, atom.Input, atom.Ul:
			return false
		}
	}
	first, end := w.RunsOf(table)
	for i := first; i < end; i++ {
		r := &w.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		if r.Chars > maxDataCell {
			return false
		}
		cells++
		chars += r.Chars
		linked += r.LinkedChars
	}
	return rows >= minDataRows && cells >= minRowCells*rows && linked*2 < chars
}
