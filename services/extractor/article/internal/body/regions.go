package body

import (
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// againstIn returns the hints that are evidence against runs in an element: all of
// them, or only the strongest if hardly any prose of the element would be left.
func (w *Weighing) againstIn(elem int32, from, to int) page.Hint {
	const strong = page.HintComment | page.HintRelated | page.HintNewsletter | page.HintFooter
	above := page.Hint(0)
	if elem > 0 {
		above = w.within[elem]
	}
	var all, left float32
	for i := from; i < to; i++ {
		if w.weights[i] <= 0 || !w.Contains(elem, w.Runs[i].Elem) {
			continue
		}
		all += w.weights[i]
		if w.within[w.Runs[i].Elem]&^above&page.HintsAgainst == 0 {
			left += w.weights[i]
		}
	}
	if left < all*enough {
		return strong
	}
	return page.HintsAgainst
}

// chooseRegion chooses the element that contains the article's text.
func (w *Weighing) chooseRegion(in Input, model *gbdt.Model) choice {
	var f *regionFinder
	if model != nil {
		f = w.findRegions(in)
	}
	if f == nil || len(f.regions) == 0 {
		box, against := w.findBox()
		return choice{elem: box, against: against}
	}
	best, margins := 0, make([]float32, len(f.regions))
	rows := f.describeAll()
	for i := range f.regions {
		if margins[i] = model.Margin(rows[i]); margins[i] > margins[best] {
			best = i
		}
	}
	if in.Trace != nil {
		in.Trace.addRegions(f, rows, best, model)
	}
	lead := float32(maxLead)
	for i := range margins {
		if i != best {
			lead = min(lead, margins[best]-margins[i])
		}
	}
	r := &f.regions[best]
	return choice{elem: r.elem, against: w.againstIn(r.elem, r.from, r.to), margin: margins[best], lead: lead}
}

// RegionRow is a region as the model of regions sees it, for training.
type RegionRow struct {
	Features []float32
	Kept     []bool // by text run, whether the rules keep it if the region is chosen
}

// RegionRows returns the regions of a page, and the text runs.
func RegionRows(w *Weighing, in Input) (regions []RegionRow, texts []string) {
	for i := range w.Runs {
		if w.Runs[i].Kind == page.TextRun {
			texts = append(texts, w.TextOf(&w.Runs[i]))
		}
	}
	f := w.findRegions(in)
	rows := f.describeAll()
	for i := range f.regions {
		r := &f.regions[i]
		t := &Text{selection: newSelection(w, in, choice{elem: r.elem, against: w.againstIn(r.elem, r.from, r.to)})}
		t.applyRules()
		row := RegionRow{Features: rows[i]}
		for k := range w.Runs {
			if w.Runs[k].Kind == page.TextRun {
				row.Kept = append(row.Kept, t.verdicts[k] == Kept)
			}
		}
		regions = append(regions, row)
	}
	return regions, texts
}
