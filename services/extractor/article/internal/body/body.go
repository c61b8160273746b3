// Package body finds the text of an article on a page. It weighs the runs of the
// page, finds the element that contains most of the text, gives each run a
// verdict by rules and then by a classifier, and assembles the kept runs into
// blocks. It also decides whether the page has an article at all and, if not,
// why.
package body

import (
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Verdict is why a run is kept or dropped. The order of the verdicts is part of
// the classifier's model.
type Verdict uint8

// The verdicts.
const (
	Undecided         Verdict = iota
	Kept                      // part of the body
	DroppedHint               // the names of elements around it, or a field for an address, are evidence against it
	DroppedBefore             // before the text
	DroppedAfter              // after the text
	DroppedRepeat             // repeats another part of the text
	DroppedCaption            // belongs to a picture
	DroppedMeta               // byline, date or kicker
	DroppedLinks              // mostly links
	DroppedPhrase             // a phrase that publishers put around texts
	DroppedLoose              // a heading without text below it
	DroppedTruncation         // the notice of a paywall
	DroppedStated             // headline or standfirst, which other fields contain
	DroppedLearned            // the classifier rejects it
)

// Input is the evidence for the choice of the text besides the page's weights.
type Input struct {
	Facts    *facts.Facts
	Title    string        // the article's title
	Headline page.Headline // where the page shows the title
	Trace    *Trace        // if not nil, records how the models decide
}

// Text is the text of an article as it was found on a page.
type Text struct {
	Summary record.Field[string]
	Blocks  []record.Block
	// Images are the images of the text, and those between the headline and the
	// text.
	Images []record.Image
	// F1 is the predicted F1 of the text.
	F1 float64
	// Articleness is how much more speaks for an article than for a list of articles.
	// Judge sets it, and refuses the page if it is negative.
	Articleness int

	*selection
}

// selection is the choice of runs in progress.
type selection struct {
	*Weighing
	Input
	title    string    // folded
	verdicts []Verdict // by run
	margins  []float32 // by run, the classifier's log-odds; nil if it was not used
	scored   []bool    // by run, whether the classifier was used
	choice   choice    // the region that was chosen
	box      int32     // the element that contains the text, at first that of choice
	from, to int       // the range of runs that may contain kept ones
	opening  int       // the run that is both the standfirst and the first paragraph, or -1
}

// Models are the models that choose the text. Without a model of regions, the element
// with the text is the one whose prose weighs most. Without a model of runs, the verdicts
// of the rules are final.
type Models struct {
	Regions *gbdt.Model // ranks the elements that may contain the text
	Runs    *gbdt.Model // classifies the runs of text
	F1      *gbdt.Model // predicts the F1 of the text
}

// Read finds the text.
func Read(w *Weighing, in Input, models Models) *Text {
	t := &Text{selection: newSelection(w, in, w.chooseRegion(in, models.Regions))}
	if t.Picked.Has(page.FieldBody) {
		t.keepPicked()
		t.readSummary()
		t.readLead()
	} else {
		t.applyRules()
		t.classify(models.Runs)
		t.keepDataTables()
		t.keepLastSentence()
		t.keepPosts()
		t.dropForms()
		t.dropTeasers()
		t.dropNextArticles()
		t.dropCopies()
		t.dropMergedCopy()
		t.dropPullQuotes()
		t.dropPictureBoxes()
		t.dropConsentNotices()
		t.dropLabelledLinks()
	}
	t.assemble()
	t.F1 = t.predictF1(models.F1)
	return t
}

func newSelection(w *Weighing, in Input, chosen choice) *selection {
	s := &selection{
		Weighing: w, Input: in, title: norm.Fold(in.Title), verdicts: make([]Verdict, len(w.Runs)),
		choice: chosen, box: chosen.elem, opening: -1,
	}
	s.dropCaptions()
	return s
}

// applyRules gives the runs of the container verdicts by rules, and reads the
// standfirst and the lead image.
func (t *Text) applyRules() {
	t.clean()
	t.readSummary()
	// After the standfirst has been dropped, the text may start farther down.
	t.trimStart()
	t.readLead()
}

// Verdict returns the verdict on a run.
func (t *Text) Verdict(run int) Verdict { return t.verdicts[run] }

// Score returns the classifier's log-odds for a run, and whether the classifier judged
// it.
func (t *Text) Score(run int) (float64, bool) {
	if t.scored == nil || !t.scored[run] {
		return 0, false
	}
	return float64(t.margins[run]), true
}

// keepPicked keeps the text in the elements that a site's rules select.
func (s *selection) keepPicked() {
	s.from, s.to = len(s.Runs), 0
	for _, n := range s.Picked[page.FieldBody] {
		elem := s.ElemOf(n)
		if elem < 0 {
			continue
		}
		first, end := s.RunsOf(elem)
		s.from, s.to = min(s.from, first), max(s.to, end)
		for i := first; i < end; i++ {
			if s.verdicts[i] == Undecided && s.Contains(elem, s.Runs[i].Elem) {
				s.verdicts[i] = Kept
			}
		}
	}
	s.box = 0
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if s.keptText(i) && r.Chars < maxTitleLine && norm.Fold(s.TextOf(r)) == s.title {
			s.verdicts[i] = DroppedStated
		}
	}
	s.from = min(s.from, s.to)
}

// maxTitleLine is the length in characters at which a run is too long to be the
// title.
const maxTitleLine = 400

// keptText reports whether run i is text that is kept.
func (s *selection) keptText(i int) bool {
	return s.Runs[i].Kind == page.TextRun && s.verdicts[i] == Kept
}

// drop drops run i unless it already has been.
func (s *selection) drop(i int, v Verdict) {
	if s.verdicts[i] == Kept || s.verdicts[i] == Undecided {
		s.verdicts[i] = v
	}
}
