package body

import (
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

const (
	// reach is the maximum distance, in text runs, from a run that the rules keep
	// or that is prose. Runs farther away are not classified.
	reach = 12
	// minLeftShare is the denominator of the share of the text kept by the rules that
	// the classifier must leave: a fifth. A page that loses more is unlike the pages
	// that the classifier was trained on.
	minLeftShare = 5
)

// classify lets the classifier judge the text runs after the rules. It overrules
// them, except on text that other fields of the record contain (headline,
// standfirst, byline, date), on phrases and notices, and far from all prose.
func (s *selection) classify(model *gbdt.Model) {
	if model == nil {
		return
	}
	d := newDescriber(s)
	eligible := d.eligible()
	s.margins, s.scored = make([]float32, len(s.Runs)), make([]bool, len(s.Runs))
	margins := make([]float32, len(d.textRuns))
	var features [featureCount]float32
	var names []string
	if s.Trace != nil {
		names, s.Trace.Runs = runFeatureNames(), make(map[int][]Cause)
	}
	for k, i := range d.textRuns {
		if !eligible[k] {
			continue
		}
		clear(features[:])
		d.describe(k, features[:])
		margins[k] = model.Margin(features[:])
		s.margins[i], s.scored[i] = margins[k], true
		if s.Trace != nil {
			s.Trace.Runs[int(i)] = causes(model, features[:], names)
		}
		r := &s.Runs[i]
		if margins[k] > 0 && s.verdicts[i] == Undecided && r.Chars < maxPhraseRun &&
			boilerplateLine(s.TextOf(r), r) {
			// The rules look for phrases only within the container.
			margins[k] = -1
		}
	}
	if d.losesText(margins, eligible) {
		return
	}
	// The features include the verdicts of the rules, so no verdict changes before
	// the last run has been classified.
	for k, i := range d.textRuns {
		switch v := s.verdicts[i]; {
		case !eligible[k]:
		case margins[k] > 0:
			s.verdicts[i] = Kept
		case v == Kept || v == Undecided:
			s.verdicts[i] = DroppedLearned
		}
	}
	s.widen()
}

// losesText reports whether the classifier would drop almost all of the text that the
// rules found.
func (d *describer) losesText(margins []float32, eligible []bool) bool {
	left := float32(0)
	for k, i := range d.textRuns {
		if eligible[k] && margins[k] > 0 || !eligible[k] && d.verdicts[i] == Kept {
			left += float32(d.Runs[i].Chars)
		}
	}
	return left < d.kept/minLeftShare
}

// eligible reports for each text run whether the classifier may judge it.
func (d *describer) eligible() []bool {
	eligible := make([]bool, len(d.textRuns))
	for k, i := range d.textRuns {
		if d.verdicts[i] == Kept || d.weights[i] > 0 {
			for j := max(0, k-reach); j <= min(len(d.textRuns)-1, k+reach); j++ {
				eligible[j] = true
			}
		}
	}
	for k, i := range d.textRuns {
		r := &d.Runs[i]
		if int(i) == d.opening {
			eligible[k] = false
			continue
		}
		switch d.verdicts[i] {
		case DroppedStated, DroppedMeta, DroppedPhrase, DroppedTruncation:
			eligible[k] = false
		case DroppedBefore:
			// A line without a sentence end before the text is a label.
			eligible[k] = eligible[k] && r.SentenceEnds > 0
		case DroppedAfter:
			// After a line that ends articles, only runs in the form of the text can
			// be more of it.
			eligible[k] = eligible[k] && d.formedAsText(k)
		case Kept:
			eligible[k] = !d.shortCell(r)
		case DroppedLinks:
			eligible[k] = eligible[k] && !(d.shortCell(r) && d.keptIn[d.tableOf(r.Elem)] == 0)
		}
	}
	return eligible
}

// formedAsText reports whether a text run is a sibling of the last kept one, or
// has the tags and classes of kept ones.
func (d *describer) formedAsText(k int) bool {
	if d.first < 0 {
		return false
	}
	elem := d.Runs[d.textRuns[k]].Elem
	parent := d.Elems[elem].Parent
	if parent == d.Elems[d.Runs[d.textRuns[d.last]].Elem].Parent {
		return true
	}
	named := page.Attr(d.Elems[elem].Node, "class") != "" || page.Attr(d.Elems[parent].Node, "class") != ""
	return named && d.shapes[d.keys[k]].keptRuns > 0
}

// maxCell is the maximum length of a table cell that is data, in characters.
const maxCell = 60

// shortCell reports whether a run is a short cell of a table. A table of data is
// kept or dropped as a whole.
func (d *describer) shortCell(r *page.Run) bool {
	if r.Chars > maxCell {
		return false
	}
	tag := d.Tag(r)
	return tag == atom.Td || tag == atom.Th
}

// tableOf returns the closest table around an element, or the page.
func (s *selection) tableOf(elem int32) int32 {
	for elem > 0 && s.Elems[elem].Node.DataAtom != atom.Table {
		elem = s.Elems[elem].Parent
	}
	return elem
}

// widen extends the range to the first and last kept text runs, and the container
// to an element around them.
func (s *selection) widen() {
	first, last := -1, -1
	for i := range s.Runs {
		if s.keptText(i) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return
	}
	for _, i := range [2]int{first, last} {
		for s.box > 0 && !s.Contains(s.box, s.Runs[i].Elem) {
			s.box = s.Elems[s.box].Parent
		}
	}
	s.from, s.to = min(first, s.from), max(last+1, s.to)
}

// Row is a text run as the classifier sees it, for training.
type Row struct {
	Text     string
	Features []float32 // all zero if Fixed
	Fixed    bool      // the classifier may not judge the run
	Kept     bool      // the rules keep the run
}

// Rows returns the text runs of a page after the rules have judged them. The model ranks
// the regions.
func Rows(w *Weighing, in Input, regions *gbdt.Model) []Row {
	t := &Text{selection: newSelection(w, in, w.chooseRegion(in, regions))}
	t.applyRules()
	d := newDescriber(t.selection)
	eligible := d.eligible()
	rows := make([]Row, len(d.textRuns))
	for k, i := range d.textRuns {
		rows[k] = Row{
			Text: t.TextOf(&t.Runs[i]), Features: make([]float32, featureCount),
			Fixed: !eligible[k], Kept: t.verdicts[i] == Kept,
		}
		if eligible[k] {
			d.describe(k, rows[k].Features)
		}
	}
	return rows
}
