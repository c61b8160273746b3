package article

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// verdict says why a run is kept or dropped.
type verdict uint8

const (
	undecided verdict = iota
	kept
	dropHint       // its element's name speaks against it
	dropBefore     // stands before the text begins
	dropAfter      // stands after the text ends
	dropRepeat     // repeats headline, standfirst or another block
	dropCaption    // belongs to a picture
	dropMeta       // byline, date, kicker
	dropLinks      // mostly links
	dropPhrase     // a phrase of the trade
	dropLoose      // a heading without text below it
	dropTruncation // a paywall's notice
	dropStated     // repeats headline or standfirst, which the record holds elsewhere
	dropLearned    // the classifier speaks against it
)

const (
	sentenceLetters = 60  // from here on a run with a sentence end is prose
	proseLetters    = 140 // from here on a run is prose whatever its ends
	linkHeavy       = 0.5 // share of letters in links that speaks against a run
)

// weigh gives each run the evidence that it is part of an article's text, in
// letters: positive for prose, negative for lists of links and loose lines.
func (t *tree) weigh() {
	for i := range t.runs {
		r := &t.runs[i]
		if r.kind != runText {
			continue
		}
		letters, linked := float32(r.letters), float32(r.linked)
		density := linked / letters
		e := &t.elems[r.elem]
		switch tag := e.node.DataAtom; {
		case isHeading(tag):
			r.weight = 0
			if density > linkHeavy {
				r.weight = -10
			}
		case density > linkHeavy:
			r.weight = -10 - min(linked, 200)/2
		case prose(r):
			r.weight = letters - 2*linked
			if tag == atom.Td || tag == atom.Dd {
				r.weight /= 2
			}
			if tag == atom.P {
				r.weight *= 1.2
			}
			r.weight = max(r.weight, 0)
		default:
			r.weight = -4
			if linked > 0 {
				r.weight = -8
			}
		}
	}
}

func prose(r *run) bool {
	return r.letters >= proseLetters || r.letters >= sentenceLetters && r.stops > 0
}

func isHeading(a atom.Atom) bool {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// confirm raises the runs that structured data repeats as the article's text,
// and lowers other prose when that data covers the text whole.
func (t *tree) confirm(articleBody string) {
	const most = 200 << 10
	want := fold(articleBody[:min(len(articleBody), most)])
	if len(want) < 200 {
		return
	}
	found := make([]bool, len(t.runs))
	covered, tries := 0, 0
	for i := range t.runs {
		r := &t.runs[i]
		if r.kind != runText || r.letters < 25 || tries > 600 {
			continue
		}
		tries++
		if text := fold(t.textOf(r)); strings.Contains(want, text) {
			found[i] = true
			covered += len(text)
		}
	}
	whole := covered*10 > len(want)*7
	for i := range t.runs {
		r := &t.runs[i]
		switch {
		case found[i]:
			r.weight = max(r.weight, 10) * 2
		case whole && r.weight > 0:
			r.weight *= 0.25
		}
	}
}

// believe passes hints down the tree. A hint against an element that holds
// most of the page's prose, or its headline, is a page's name for its layout
// ("has-sidebar") and is not believed.
func (t *tree) believe(titleElem int32) {
	for i := range t.runs {
		if w := t.runs[i].weight; w > 0 {
			t.elems[t.runs[i].elem].good += w
		}
	}
	for i := len(t.elems) - 1; i > 0; i-- {
		t.elems[t.elems[i].parent].good += t.elems[i].good
	}
	all := t.elems[0].good
	for i := 1; i < len(t.elems); i++ {
		e := &t.elems[i]
		own := e.hints
		holdsTitle := titleElem >= int32(i) && titleElem < e.end && int32(i) != titleElem
		limit := all * 0.5
		if own&(hintComment|hintHidden|hintRelated) != 0 {
			limit = all * 0.8
		}
		if e.good > limit || holdsTitle && e.good > all*0.1 || e.node.DataAtom == atom.Body || e.node.DataAtom == atom.Html || own&hintBody != 0 && e.good > all*0.2 {
			own &^= hintsAgainst
		}
		if e.good > all*0.15 {
			own &^= hintsOfLines
		}
		above := t.elems[e.parent].within
		if own&hintBody != 0 && e.good > all*0.2 {
			above &^= hintsAgainst &^ (hintComment | hintRelated)
		}
		e.within = above | own
	}
}

// place finds the element that holds the article's text. Where the hints leave
// hardly any of the page's prose, they are the layout's names and only the
// gravest are believed.
func (t *tree) place() int32 {
	t.against = hintsAgainst
	box := t.container()
	if all := t.elems[0].good; t.elems[box].score < all*0.15 {
		t.against = hintComment | hintRelated | hintNewsletter | hintFooter
		if other := t.container(); t.elems[other].score > all*0.3 {
			return other
		}
		t.against = hintsAgainst
		return t.container()
	}
	return box
}

// container is the element whose runs weigh most, the innermost where several
// hold the same.
func (t *tree) container() int32 {
	for i := range t.elems {
		t.elems[i].score = 0
	}
	for i := range t.runs {
		r := &t.runs[i]
		w := r.weight
		if against := t.elems[r.elem].within & t.against; against != 0 && w > 0 {
			w = -w / 2
			if against == hintAuthorBox || against == hintTags {
				w /= 4
			}
		}
		t.elems[r.elem].score += w
	}
	for i := len(t.elems) - 1; i > 0; i-- {
		t.elems[t.elems[i].parent].score += t.elems[i].score
	}
	best := int32(0)
	for i := range t.elems {
		e := &t.elems[i]
		if inlineElements[e.node.DataAtom] && e.node.DataAtom != 0 || e.node.DataAtom == atom.P {
			continue
		}
		bonus := float32(1)
		if e.hints&hintBody != 0 {
			bonus = 1.15
		}
		if e.score > 0 && e.score*bonus >= t.elems[best].score {
			best = int32(i)
		}
	}
	return best
}
