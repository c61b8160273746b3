package body

import (
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Weighing is a page with the evidence that its runs are part of an article's
// text. It is read-only.
type Weighing struct {
	*page.Page
	weights []float32   // by run, in characters: positive for prose, negative for links and loose lines
	good    []float32   // by element, the positive weights within it
	within  []page.Hint // by element, the accepted hints of it and its ancestors
}

// Weigh weighs the runs of a page. Runs that are part of articleBody, the text in
// structured data, weigh more. Hints against an element that contains the headline are
// rejected.
func Weigh(p *page.Page, articleBody string, titleElem int32) *Weighing {
	w := &Weighing{
		Page:    p,
		weights: make([]float32, len(p.Runs)),
		good:    make([]float32, len(p.Elems)),
		within:  make([]page.Hint, len(p.Elems)),
	}
	for i := range p.Runs {
		if r := &p.Runs[i]; r.Kind == page.TextRun {
			w.weights[i] = runWeight(r, p.Tag(r))
		}
	}
	w.weighTable(titleElem)
	w.confirm(articleBody)
	w.acceptHints(titleElem)
	return w
}

// Hints returns the accepted hints of each element and its ancestors.
func (w *Weighing) Hints() []page.Hint { return w.within }

// The weights of runs that are not prose, and the factors for prose. They were
// chosen by trial on the corpus.
const (
	linkHeavy       = 0.5 // share of characters in links that is evidence against a run
	weightLinked    = -10 // of a run that is mostly links
	maxLinkedWeight = 200 // characters in links that add to that, by half
	weightLine      = -4  // of a line that is not prose
	weightLinkLine  = -8  // of one with a link
	paragraphFactor = 1.2 // for p elements, which contain most prose of articles
)

func runWeight(r *page.Run, tag atom.Atom) float32 {
	chars, linked := float32(r.Chars), float32(r.LinkedChars)
	density := linked / chars
	switch {
	case page.IsHeading(tag):
		if density > linkHeavy {
			return weightLinked
		}
		return 0
	case density > linkHeavy:
		return weightLinked - min(linked, maxLinkedWeight)/2
	case r.Prose():
		weight := chars - 2*linked
		if tag == atom.Td || tag == atom.Dd {
			weight /= 2
		}
		if tag == atom.P {
			weight *= paragraphFactor
		}
		return max(weight, 0)
	case linked > 0:
		return weightLinkLine
	}
	return weightLine
}

// Bounds of the comparison of runs with the text in structured data.
const (
	maxDataText      = 200 << 10 // bytes of the text
	minDataText      = 200       // bytes of the folded text; shorter is a teaser
	minConfirmed     = 25        // characters of a run
	maxConfirmTries  = 600       // runs
	minConfirmWeight = 10        // weight of a confirmed run before it is doubled
	unconfirmed      = 0.25      // factor for other prose if the data contains the whole text
)

// confirm raises the weights of runs that structured data repeats as the article's
// text. If the data contains the whole text, it lowers the weights of other prose.
func (w *Weighing) confirm(articleBody string) {
	want := norm.Fold(articleBody[:min(len(articleBody), maxDataText)])
	if len(want) < minDataText {
		return
	}
	found := make([]bool, len(w.Runs))
	covered, tries := 0, 0
	for i := range w.Runs {
		r := &w.Runs[i]
		if r.Kind != page.TextRun || r.Chars < minConfirmed || tries > maxConfirmTries {
			continue
		}
		tries++
		if text := norm.Fold(w.TextOf(r)); strings.Contains(want, text) {
			found[i] = true
			covered += len(text)
		}
	}
	whole := covered*10 > len(want)*7
	for i := range w.Runs {
		switch {
		case found[i]:
			w.weights[i] = max(w.weights[i], minConfirmWeight) * 2
		case whole && w.weights[i] > 0:
			w.weights[i] *= unconfirmed
		}
	}
}

// Shares of the page's prose from which the hints of an element are rejected: its names
// then describe the layout, such as "has-sidebar".
const (
	tooMuchAgainst = 0.5  // for a hint against the element
	tooMuchStrong  = 0.8  // for the hints of comments, related articles and hidden elements
	tooMuchTitle   = 0.1  // for a hint against an element with the headline
	tooMuchLines   = 0.15 // for hints of lines
	tooMuchCaption = 0.5  // for hints of captions in an element with one line
	enoughBody     = 0.2  // for a hint of the body to outweigh hints against it
)

// acceptHints decides which hints to accept, and passes them down the tree.
func (w *Weighing) acceptHints(titleElem int32) {
	lines := make([]int32, len(w.Elems)) // by element, the runs of text within it
	for i, weight := range w.weights {
		if weight > 0 {
			w.good[w.Runs[i].Elem] += weight
		}
		if w.Runs[i].Kind == page.TextRun {
			lines[w.Runs[i].Elem]++
		}
	}
	for i := len(w.Elems) - 1; i > 0; i-- {
		w.good[w.Elems[i].Parent] += w.good[i]
		lines[w.Elems[i].Parent] += lines[i]
	}
	all := w.good[0]
	for i := 1; i < len(w.Elems); i++ {
		e, good := &w.Elems[i], w.good[i]
		own := e.Hints
		limit := all * tooMuchAgainst
		if own&(page.HintComment|page.HintHidden|page.HintRelated) != 0 {
			limit = all * tooMuchStrong
		}
		if own&page.HintComment != 0 && titleElem > 0 && titleElem < int32(i) {
			limit = max(limit, all-minArticle)
		}
		isBody := own&page.HintBody != 0 && good > all*enoughBody
		aroundTitle := titleElem > int32(i) && titleElem < e.End && good > all*tooMuchTitle
		tag := e.Node.DataAtom
		if good > limit || aroundTitle || isBody || tag == atom.Body || tag == atom.Html {
			own &^= page.HintsAgainst
		}
		if good > all*tooMuchLines {
			captions := own & (page.HintCaption | page.HintCredit)
			own &^= page.LineHints
			if captions != 0 && good < all*tooMuchCaption && lines[i] == 1 {
				own |= captions // of a short article
			}
		}
		above := w.within[e.Parent]
		if isBody {
			above &^= page.HintsAgainst &^ (page.HintComment | page.HintRelated)
		}
		w.within[i] = above | own
	}
}

// Bounds of the search for the container.
const (
	tooLittle = 0.15 // share of the prose that must remain outside elements with hints against them
	enough    = 0.3  // share that must remain when only the strongest of these hints count
	bodyBonus = 1.15 // factor for an element with a hint of the body
	// mildFactor weakens the penalty if the only hints against an element are those of
	// tags or of a box about the author, because layouts often use those names.
	mildFactor = 0.25
)

// findBox finds the element that contains the article's text, and the hints that are
// evidence against runs. If hardly any of the page's prose is outside elements with such
// hints, most of them describe the layout, and only the strongest count.
func (w *Weighing) findBox() (box int32, against page.Hint) {
	scores := make([]float32, len(w.Elems))
	box = w.container(page.HintsAgainst, scores)
	all := w.good[0]
	if scores[box] >= all*tooLittle {
		return box, page.HintsAgainst
	}
	const strong = page.HintComment | page.HintRelated | page.HintNewsletter | page.HintFooter
	if other := w.container(strong, scores); scores[other] > all*enough {
		return other, strong
	}
	return box, page.HintsAgainst
}

// container returns the element whose runs weigh most, and the innermost of several
// such elements. It uses scores, which has an entry for each element, as scratch space.
func (w *Weighing) container(hints page.Hint, scores []float32) int32 {
	clear(scores)
	for i := range w.Runs {
		elem, weight := w.Runs[i].Elem, w.weights[i]
		if against := w.within[elem] & hints; against != 0 && weight > 0 {
			weight = -weight / 2
			if against == page.HintAuthorBox || against == page.HintTags {
				weight *= mildFactor
			}
		}
		scores[elem] += weight
	}
	for i := len(w.Elems) - 1; i > 0; i-- {
		scores[w.Elems[i].Parent] += scores[i]
	}
	best := int32(0)
	for i := range w.Elems {
		e := &w.Elems[i]
		if scores[i] <= 0 || page.Inline(e.Node.DataAtom) || e.Node.DataAtom == atom.P {
			continue
		}
		score := scores[i]
		if e.Hints&page.HintBody != 0 {
			score *= bodyBonus
		}
		if score >= scores[best] {
			best = int32(i)
		}
	}
	return best
}
