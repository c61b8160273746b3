package fields

import (
	"cmp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// heading is a run of the page that may show the headline.
type heading struct {
	text   string // without a kicker
	whole  string // with it
	folded string // text, folded
	elem   int32
	tag    atom.Atom // of the heading that the run is or is part of
	part   bool      // the run is only a part of that heading
	node   *html.Node
}

// maxPieces bounds the pieces of a heading that are compared.
const maxPieces = 6

// pieces returns the texts of the children of a heading, folded.
func (h *heading) pieces() []string {
	var pieces []string
	for n := range h.node.ChildNodes() {
		text := n.Data
		if n.Type == html.ElementNode {
			text = page.NodeText(n)
		}
		if folded := norm.Fold(text); n.Type != html.CommentNode && folded != "" && len(pieces) < maxPieces {
			pieces = append(pieces, folded)
		}
	}
	return pieces
}

// score ranks the evidence that a heading is the headline.
type score int

const (
	scoreNone  score = iota
	scoreLine        // a line that is only named as a title agrees in part
	scorePart        // a heading agrees with a declared title in part
	scoreExact       // a declared title confirms it
)

// candidate is a text that may be the headline, with the element that shows it.
type candidate struct {
	score score
	text  string
	elem  int32
}

// offer takes a candidate that is better than the best so far. Among equals the
// first in the page wins.
func (best *candidate) offer(c candidate) {
	if c.score > best.score {
		*best = c
	}
}

// headline returns the heading that is the headline. In this order, it is the heading
// that a declared title repeats, starts with or ends with; the first h1, because
// metadata often declares another wording for search engines; or a line that is named as
// a title and agrees in part with a declared title.
func (ts titles) headline(p *page.Page, site *Site) candidate {
	if c := ts.wordForWord(p); c.text != "" {
		return c
	}
	var best candidate
	var h1 firstH1
	for i := range p.Runs {
		h, ok := headingOf(p, &p.Runs[i])
		if !ok {
			continue
		}
		if c, same := ts.exact(&h); c.score == scoreExact {
			if same && best.score == scorePart && isH1(p, best.elem) {
				// The headline was shown before, with more text after it. This
				// heading repeats the headline, for example above the comments.
				c.elem = best.elem
			}
			return c
		}
		best.offer(ts.partial(&h))
		h1.see(p, site, ts, &h)
	}
	if h1.isHeadline(p, ts) && (best.score < scorePart || h1.outranks(p, ts, best.elem)) {
		return h1.candidate
	}
	return best
}

// outranks reports whether the first h1 is a better headline than a heading that agrees in
// part with a declared title: the heading is of a lower level, and the h1 resembles a
// declared title without being the name of the site in it.
func (first *firstH1) outranks(p *page.Page, ts titles, other int32) bool {
	return !isH1(p, other) && !ts.unlike(first.text) && !endsTitle(p.Title, first.text)
}

// endsTitle reports whether a name is the last part of the document's title.
func endsTitle(title, name string) bool {
	_, tail, ok := cutLast(title, anySeparator)
	return ok && norm.Fold(tail) == norm.Fold(name)
}

func isH1(p *page.Page, elem int32) bool {
	tag, _ := p.HeadingAround(elem)
	return tag == atom.H1
}

// exact returns the heading as a candidate if it is certainly the headline, and
// reports whether its text equals that of a declared title.
func (ts titles) exact(h *heading) (c candidate, same bool) {
	if h.whole != h.text && ts.unanimous(norm.Fold(h.whole)) {
		// Only the name of an element calls the start of the heading a kicker.
		return candidate{scoreExact, cmp.Or(ts[titleLD].Value, ts[titleOpenGraph].Value), h.elem}, false
	}
	for _, a := range exactAgreements {
		for kind := range ts {
			if a.holds(h, ts, kind) {
				return candidate{scoreExact, a.text(h, &ts[kind]), h.elem}, a.same
			}
		}
	}
	return candidate{}, false
}

// partial returns the heading as a candidate if it agrees with a declared title
// in part.
func (ts titles) partial(h *heading) candidate {
	for kind := range ts {
		for _, a := range partAgreements {
			if !a.holds(h, ts, kind) {
				continue
			}
			c := candidate{scoreLine, a.text(h, &ts[kind]), h.elem}
			if page.IsHeading(h.tag) {
				c.score = scorePart
			}
			return c
		}
	}
	return candidate{}
}

// firstH1 is the first h1 of a page, or the first of several that has nearly all words of
// a declared title.
type firstH1 struct {
	candidate
	several bool // other h1 elements say something else
	worded  bool // it has nearly all words of a declared title
}

// minH1 is the minimum length of an h1 that may be the headline, in characters.
const minH1 = 8

// see records a heading if it is an h1.
func (first *firstH1) see(p *page.Page, site *Site, ts titles, h *heading) {
	if h.tag != atom.H1 || h.part || norm.Len(h.text) <= minH1 ||
		p.Elems[h.elem].Hints&(page.HintsAgainst&^page.HintAd) != 0 ||
		strings.EqualFold(h.text, site.Name.Value) || site.Matches(h.text) {
		return
	}
	first.several = first.several || first.text != "" && first.text != h.text
	if worded := !first.worded && ts.wordedAs(h.text); worded || first.text == "" {
		first.candidate, first.worded = candidate{text: h.text, elem: h.elem}, worded
	}
}

// An h1 of this length is a sentence, and not the name of a section.
const (
	minSentence      = 25 // characters
	minSentenceWords = 4
)

// isHeadline reports whether the h1 is the headline: it is a sentence, or shares words with
// a declared title.
func (first *firstH1) isHeadline(p *page.Page, ts titles) bool {
	if first.text == "" {
		return false
	}
	unlike := ts.unlike(first.text)
	if first.several && !first.worded && (p.Elems[first.elem].Hints&page.HintTitle == 0 || unlike) {
		return false
	}
	sentence := norm.Len(first.text) >= minSentence && len(strings.Fields(first.text)) >= minSentenceWords
	return sentence || !unlike
}

// wordForWord returns the heading that repeats the headline of structured data
// word for word. It takes precedence: many pages have a second heading, often
// the h1, that is worded for search engines. If another declared title is the
// end of that headline, the rest is a kicker, and no heading is returned.
func (ts titles) wordForWord(p *page.Page) candidate {
	want := &ts[titleLD]
	if len(want.folded) < minHeading || properEnd(want.folded, ts[titleOpenGraph].folded) ||
		properEnd(want.folded, ts[titleCard].folded) {
		return candidate{}
	}
	for i := range p.Runs {
		r := &p.Runs[i]
		if mayBeHeadline(p, r) && page.IsHeading(p.Tag(r)) && p.HintsAround(r.Elem)&page.HintNotice == 0 &&
			strings.EqualFold(withoutKicker(p, r), want.Value) {
			return candidate{scoreExact, want.Value, r.Elem}
		}
	}
	return candidate{}
}

// maxHeadline is the maximum length of a headline, in characters.
const maxHeadline = 400

// mayBeHeadline reports whether a run is a heading, or named as a title, outside
// of navigation, comments and related articles.
func mayBeHeadline(p *page.Page, r *page.Run) bool {
	if r.Kind != page.TextRun || r.Chars > maxHeadline {
		return false
	}
	tag, _ := p.HeadingAround(r.Elem)
	return (page.IsHeading(tag) || p.Elems[r.Elem].Hints&page.HintTitle != 0) &&
		p.HintsAround(r.Elem)&(page.HintBreadcrumb|page.HintNav|page.HintRelated|page.HintComment) == 0
}

// headingOf returns a run as a heading, if it may be the headline.
func headingOf(p *page.Page, r *page.Run) (heading, bool) {
	if !mayBeHeadline(p, r) {
		return heading{}, false
	}
	h := heading{text: withoutKicker(p, r), whole: norm.Squeeze(p.TextOf(r)), elem: r.Elem, node: p.Elems[r.Elem].Node}
	h.folded = norm.Fold(h.text)
	h.tag, h.part = p.HeadingAround(r.Elem)
	return h, true
}

const (
	kickerElems  = 6  // elements after the start of a heading that are searched for a kicker
	minAfterHead = 10 // characters that must follow a kicker
)

// withoutKicker returns the text of a heading without an element at its start
// that is named as a kicker.
func withoutKicker(p *page.Page, r *page.Run) string {
	text := norm.Squeeze(p.TextOf(r))
	for i := r.Elem + 1; i < p.Elems[r.Elem].End && i < r.Elem+kickerElems; i++ {
		if p.Elems[i].Hints&page.HintKicker == 0 {
			continue
		}
		kicker := page.NodeText(p.Elems[i].Node)
		if rest, ok := strings.CutPrefix(text, kicker); ok && norm.Len(rest) > minAfterHead {
			return strings.TrimLeft(rest, " :–—-|")
		}
	}
	// Headings that link to themselves end in a paragraph sign.
	return strings.TrimRight(text, " ¶")
}
