package fields

import (
	"slices"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

const (
	// minBeforeNext is the number of characters of prose after the headline from which
	// another headline may start the next article.
	minBeforeNext = 200
	// nextLines is the number of runs after a headline in which a byline or date is looked
	// for.
	nextLines = 3
	// maxNextLine is the maximum length of such a line, in characters.
	maxNextLine = 150
)

// NextArticle returns the element in which the next article on the same page starts, or 0
// if the page has only one. Some pages load further articles while the reader scrolls. The
// element has the form of the one around the headline and its text. It starts with a
// heading in the form of the headline, or it is marked as an article and has a byline or
// date under its heading.
func NextArticle(p *page.Page, at page.Headline) int32 {
	if at.Elem <= 0 || at.Run < 0 || !page.IsHeading(p.Elems[at.Elem].Node.DataAtom) {
		return 0
	}
	own := int32(-1) // the element around the headline and the first prose after it
	prose := int32(0)
	for i := at.Run + 1; i < len(p.Runs); i++ {
		r := &p.Runs[i]
		switch {
		case r.Kind != page.TextRun:
		case page.IsHeading(p.Tag(r)):
			if own < 0 || prose < minBeforeNext || p.Contains(own, r.Elem) {
				continue
			}
			if next := startOf(p, r.Elem, own); opensNext(p, at, i, next) {
				return next
			}
		case r.Prose():
			if own < 0 {
				own = common(p, at.Elem, r.Elem)
			}
			prose += r.Chars
		}
	}
	return 0
}

// opensNext reports whether the heading in a run is the headline of the article in an
// element.
func opensNext(p *page.Page, at page.Headline, heading int, elem int32) bool {
	r := &p.Runs[heading]
	if !sameForm(p, startOf(p, at.Elem, r.Elem), elem) {
		return false
	}
	article, sameHeading := p.Elems[elem].Node.DataAtom == atom.Article, sameForm(p, at.Elem, r.Elem)
	return article && sameHeading || (article || sameHeading) && metaFollows(p, heading)
}

// metaFollows reports whether a byline or date follows a run.
func metaFollows(p *page.Page, run int) bool {
	return slices.ContainsFunc(p.Runs[run+1:min(len(p.Runs), run+1+nextLines)], func(r page.Run) bool {
		return r.Kind == page.TextRun && r.Chars < maxNextLine && MetaLine(p.TextOf(&r))
	})
}

// sameForm reports whether two elements have the same tag, and one has all classes of the
// other: the next article may have a class more, such as "loaded".
func sameForm(p *page.Page, a, b int32) bool {
	x, y := p.Elems[a].Node, p.Elems[b].Node
	if x.DataAtom != y.DataAtom {
		return false
	}
	xs, ys := strings.Fields(page.Attr(x, "class")), strings.Fields(page.Attr(y, "class"))
	if len(xs) > len(ys) {
		xs, ys = ys, xs
	}
	return (len(xs) > 0) == (len(ys) > 0) &&
		!slices.ContainsFunc(xs, func(class string) bool { return !slices.Contains(ys, class) })
}

// common returns the innermost element that contains two elements.
func common(p *page.Page, a, b int32) int32 {
	for a > 0 && !p.Contains(a, b) {
		a = p.Elems[a].Parent
	}
	return a
}

// startOf returns the outermost element around elem that does not contain another one.
func startOf(p *page.Page, elem, other int32) int32 {
	for above := p.Elems[elem].Parent; above > 0 && !p.Contains(above, other); above = p.Elems[elem].Parent {
		elem = above
	}
	return elem
}

// before returns the part of a page before an element: the runs and marked elements that
// fields are read from.
func before(p *page.Page, elem int32) *page.Page {
	cut := *p
	if i := slices.IndexFunc(p.Runs, func(r page.Run) bool { return r.Elem >= elem }); i >= 0 {
		cut.Runs = p.Runs[:i]
	}
	for _, elems := range []*[]int32{&cut.Props, &cut.Times, &cut.Titled, &cut.Bylines} {
		*elems = slices.DeleteFunc(slices.Clone(*elems), func(e int32) bool { return e >= elem })
	}
	return &cut
}
