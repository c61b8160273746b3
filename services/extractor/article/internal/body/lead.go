package body

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/picture"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// readLead adds the images between the headline and the text. The first is the lead
// image. If no picture is found, the lead may be the background of an element.
func (t *Text) readLead() {
	start, end := 0, min(t.firstProse(), len(t.Runs))
	if t.Headline.Elem > 0 {
		for start < len(t.Runs) && t.Runs[start].Elem < t.Headline.Elem {
			start++
		}
		if start == len(t.Runs) {
			start = 0
		}
		start = t.figureAbove(start)
	}
	shown := false
	for i := start; i < end; i++ {
		if t.Runs[i].Kind != page.ImageRun {
			continue
		}
		if t.verdicts[i] == Kept { // assemble adds it
			shown = shown || !t.decoration(i)
		} else {
			shown = t.addImage(i) >= 0 || shown
		}
	}
	if !shown && end < len(t.Runs) {
		t.addLeadBackground(t.Runs[end].Elem)
	}
}

// aboveRuns is the maximum number of runs between the lead figure and the headline below
// it.
const aboveRuns = 5

// figureAbove returns the run of the picture directly above the headline, if it is in a
// figure or in a box of a picture with its caption. start is the run of the headline, and
// the result if no such picture is above it.
func (t *Text) figureAbove(start int) int {
	for i := start - 1; i >= max(0, start-aboveRuns); i-- {
		r := &t.Runs[i]
		switch {
		case t.elsewhere(r.Elem):
			return start
		case r.Kind == page.ImageRun && (t.outerFigure(r.Elem) >= 0 || t.captionedBox(i)):
			return i
		case r.Kind == page.TextRun && page.IsHeading(t.Tag(r)):
			return start
		}
	}
	return start
}

// captionedBox reports whether run i is a picture in a box of a picture, with a line that is
// named as its caption.
func (t *Text) captionedBox(i int) bool {
	return i+1 < len(t.Runs) && t.Runs[i+1].Kind == page.TextRun && t.inPictureBox(i+1) &&
		t.within[t.Runs[i+1].Elem]&(page.HintCaption|page.HintCredit) != 0
}

// elsewhereLevels is the maximum number of levels from an element up to the link or the
// navigation that it is part of.
const elsewhereLevels = 12

// elsewhere reports whether an element is part of the navigation, or of a link to another
// page.
func (t *Text) elsewhere(elem int32) bool {
	for range elsewhereLevels {
		if elem <= 0 {
			return false
		}
		switch n := t.Elems[elem].Node; n.DataAtom {
		case atom.Nav, atom.Aside:
			return true
		case atom.A:
			href := page.Attr(n, "href")
			return href != "" && href[0] != '#' && !picture.File(href)
		}
		elem = t.Elems[elem].Parent
	}
	return false
}

// maxLeadElems is the maximum number of elements between the lead image and the text that
// are searched for it.
const maxLeadElems = 60

// addLeadBackground adds the background of an element before the text that is named as the
// lead image. before is the first element of the text.
func (t *Text) addLeadBackground(before int32) {
	for elem := before - 1; elem > max(0, before-maxLeadElems); elem-- {
		n := t.Elems[elem].Node
		u := t.Resolve(picture.Background(n))
		if u != "" && namesLead(n) && t.within[elem]&page.HintsAgainst == 0 && !t.elsewhere(elem) {
			t.Images = append(t.Images, record.Image{URL: u})
			return
		}
	}
}

// leadNames are parts of class names and ids that mean the lead image.
var leadNames = []string{
	"articleimage", "aufmacher", "coverimage", "featured", "headerimage", "hero", "leadimage", "mainimage", "opener",
	"postthumbnail", "topimage",
}

func namesLead(n *html.Node) bool {
	names := page.Attr(n, "class") + " " + page.Attr(n, "id")
	names = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(names))
	for _, name := range leadNames {
		if strings.Contains(names, name) {
			return true
		}
	}
	return false
}
