package article

import (
	"context"
	_ "embed"
	"slices"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/training"
)

//go:embed body.model
var bodyModel string

// body is the classifier of text runs; cmd/train makes it.
var body = func() *gbdt.Model {
	if bodyModel == "" {
		return nil
	}
	m, err := gbdt.Read(bodyModel)
	if err != nil {
		panic("the model of the body that the program holds is broken: " + err.Error())
	}
	return m
}()

// reach is how many text runs away from the nearest that the rules keep, or that
// is prose, a run may stand for the classifier to be asked.
const reach = 12

// classify lets the classifier judge the text runs of the page after the rules
// have. It has the last word, save on what the record holds elsewhere (headline,
// standfirst, byline, date), on the trade's phrases and notices, and on what
// stands far from all prose. It returns
// the range of the runs that are kept.
func (r *reader) classify(ctx context.Context, from, to int) (int, int) {
	d := r.newDescriber(r.box, from, to)
	recorder := training.From(ctx)
	if body == nil && recorder == nil {
		return from, to
	}
	asked := d.asked()
	margins := make([]float32, len(d.text))
	var row [featureCount]float32
	for k, i := range d.text {
		run := &r.runs[i]
		if asked[k] {
			clear(row[:])
			d.row(k, row[:])
			if body != nil {
				margins[k] = body.Margin(row[:])
				run.score, run.scored = margins[k], true
			}
			if margins[k] > 0 && run.verdict == undecided && run.letters < 160 && boilerplateLine(r.textOf(run), run) {
				// The rules looked within the container alone.
				margins[k] = -1
			}
		}
		if recorder != nil {
			recorder.Rows = append(recorder.Rows, training.Row{Text: r.textOf(run), Features: slices.Clone(row[:]), Fixed: !asked[k], Kept: run.verdict == kept})
		}
	}
	if body == nil {
		return from, to
	}
	if d.losesText(margins, asked) {
		return from, to
	}
	// The features look at the rules' verdicts, so none changes before the last.
	for k, i := range d.text {
		run := &r.runs[i]
		switch {
		case !asked[k]:
		case margins[k] > 0:
			run.verdict = kept
		case run.verdict == kept || run.verdict == undecided:
			run.verdict = dropLearned
		}
	}
	return r.keptRange(from, to)
}

// losesText says that the classifier would leave next to nothing of a page where
// the rules found text: such a page is unlike those that it learned from.
func (d *describer) losesText(margins []float32, asked []bool) bool {
	left := float32(0)
	for k, i := range d.text {
		run := &d.runs[i]
		if asked[k] && margins[k] > 0 || !asked[k] && run.verdict == kept {
			left += float32(run.letters)
		}
	}
	return left < d.kept/5
}

// asked says of each text run whether the classifier has a say about it.
func (d *describer) asked() []bool {
	asked := make([]bool, len(d.text))
	for k, i := range d.text {
		if run := &d.runs[i]; run.verdict == kept || run.weight > 0 {
			for j := max(0, k-reach); j <= min(len(d.text)-1, k+reach); j++ {
				asked[j] = true
			}
		}
	}
	for k, i := range d.text {
		run := &d.runs[i]
		switch run.verdict {
		case dropStated, dropMeta, dropPhrase, dropTruncation:
			asked[k] = false
		case dropBefore:
			// A line without a sentence over the text is its label.
			asked[k] = asked[k] && run.stops > 0
		case dropAfter:
			// Behind a line that ends articles only what has the text's own form
			// can be more of it.
			asked[k] = asked[k] && d.formedAsText(k)
		case kept:
			asked[k] = !d.inCell(run)
		}
	}
	return asked
}

// formedAsText says that a run stands beside the last that is kept, or is named
// as runs that are.
func (d *describer) formedAsText(k int) bool {
	if d.first < 0 {
		return false
	}
	parent := d.elems[d.runs[d.text[k]].elem].parent
	if parent == d.elems[d.runs[d.text[d.last]].elem].parent {
		return true
	}
	named := attr(d.elems[d.runs[d.text[k]].elem].node, "class") != "" || attr(d.elems[parent].node, "class") != ""
	return named && d.shapes[d.keys[k]].keptRuns > 0
}

// inCell says that a run is a short cell of a table: a table of data is kept or
// dropped whole.
func (d *describer) inCell(run *run) bool {
	if run.letters > 60 {
		return false
	}
	tag := d.elems[run.elem].node.DataAtom
	return tag == atom.Td || tag == atom.Th
}

// keptRange is the range of runs from the first that is kept to the last, and
// the container becomes what holds them.
func (r *reader) keptRange(from, to int) (int, int) {
	first, last := -1, -1
	for i := range r.runs {
		if run := &r.runs[i]; run.kind == runText && run.verdict == kept {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return from, to
	}
	for i := range r.runs {
		run := &r.runs[i]
		for (i == first || i == last) && !(run.elem >= r.box && run.elem < r.elems[r.box].end) && r.box > 0 {
			r.box = r.elems[r.box].parent
		}
	}
	return min(first, from), max(last+1, to)
}
