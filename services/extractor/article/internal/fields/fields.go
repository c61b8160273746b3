// Package fields reads the fields of the record that surround the text: title,
// authors, times, section, tags, declared images, language and access. Each is a
// function of the page, its metadata and the fields that were read before it,
// and returns a value with its source and confidence.
//
// The confidences of titles, authors and times are the shares that were right on
// two thirds of the sites of a corpus (docs/evaluation.md, "Calibration").
package fields

import (
	"bytes"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// View is a page whose headline is known and whose hints have been accepted or
// rejected. The fields around the headline are read from it. It is read-only.
type View struct {
	*page.Page
	facts *facts.Facts
	site  *Site
	title string        // the article's title
	at    page.Headline // where the page shows the title
	// within holds the accepted hints of each element and its ancestors.
	within []page.Hint
	dates  *dateParser
}

// NewView returns the view of a page. The hints are the accepted hints of each element
// and its ancestors. The view ends where the next article on the page starts.
func NewView(
	p *page.Page, f *facts.Facts, site *Site, title string, at page.Headline, hints []page.Hint,
) *View {
	if next := NextArticle(p, at); next > 0 {
		p = before(p, next)
	}
	return &View{Page: p, facts: f, site: site, title: title, at: at, within: hints, dates: newDateParser(p, f)}
}

// hintsAt returns the accepted hints around a run.
func (v *View) hintsAt(r *page.Run) page.Hint { return v.within[r.Elem] }

// headlineRun returns the index of the headline's run, or of the first run after
// the start of the headline's element.
func (v *View) headlineRun() int {
	run := 0
	for run < len(v.Runs) && v.Runs[run].Elem < v.at.Elem {
		run++
	}
	return run
}

// fact is a value that some part of the page states.
type fact = record.Field[string]

// shownAsHeading reports whether the page shows a text as a heading.
func shownAsHeading(p *page.Page, text string) bool {
	want := norm.Fold(text)
	for i := range p.Runs {
		r := &p.Runs[i]
		if r.Kind == page.TextRun && page.IsHeading(p.Tag(r)) && norm.Fold(p.TextOf(r)) == want {
			return true
		}
	}
	return false
}

// hasDigit reports whether the text of a run has an ASCII digit.
func hasDigit(p *page.Page, r *page.Run) bool {
	return bytes.ContainsAny(p.Text[r.From:r.To], "0123456789")
}

// maxAreaDepth is the maximum number of levels between an element and the ancestor that
// it shares with the headline.
const maxAreaDepth = 4

// maxBodyArea is the maximum distance in elements between two elements that count as
// close to each other although their closest common ancestor is the body.
const maxBodyArea = 40

// sameArea reports whether element b, which follows a, is close to it.
func sameArea(p *page.Page, a, b int32) bool {
	for range maxAreaDepth {
		if a <= 0 {
			return false
		}
		a = p.Elems[a].Parent
		if b < p.Elems[a].End {
			tag := p.Elems[a].Node.DataAtom
			return tag != atom.Html && (tag != atom.Body || b-a < maxBodyArea)
		}
	}
	return false
}
