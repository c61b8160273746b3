package body

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// sinceHeading returns the distance in text runs from the last heading, negative
// if the rules dropped the heading.
func (d *describer) sinceHeading(k int) float32 {
	for j := k - 1; j >= 0 && k-j < noHeading; j-- {
		i := d.textRuns[j]
		if page.IsHeading(d.Tag(&d.Runs[i])) {
			if d.verdicts[i] == Kept {
				return float32(k - j)
			}
			return -float32(k - j)
		}
	}
	return noHeading
}

// fromBox returns the number of levels from the container down to an element. For an
// element outside the container, it returns the number of levels from the container up
// to their common ancestor.
func (d *describer) fromBox(elem int32) (below, apart float32) {
	if d.Contains(d.box, elem) {
		for ; elem > d.box && below < maxSteps; below++ {
			elem = d.Elems[elem].Parent
		}
		return below, 0
	}
	at := d.box
	for apart = 1; apart < maxSteps && at > 0; apart++ {
		at = d.Elems[at].Parent
		if d.Contains(at, elem) {
			break
		}
	}
	return -1, apart
}

// ancestry describes the elements around an element, as features.
type ancestry struct {
	link, form, list, table, quote, figure, aside, article, main, depth float32
}

func (d *describer) ancestry(elem int32) ancestry {
	var a ancestry
	for ; elem > 0 && a.depth < maxDistance; a.depth++ {
		switch d.Elems[elem].Node.DataAtom {
		case atom.A:
			a.link = 1
		case atom.Form, atom.Fieldset:
			a.form = 1
		case atom.Ul, atom.Ol, atom.Dl:
			a.list++
		case atom.Table:
			a.table++
		case atom.Blockquote:
			a.quote = 1
		case atom.Figure:
			a.figure = 1
		case atom.Aside, atom.Footer, atom.Nav, atom.Header:
			a.aside = 1
		case atom.Article:
			a.article++
		case atom.Main:
			a.main = 1
		}
		elem = d.Elems[elem].Parent
	}
	return a
}

// The styles of a run, as features.
const (
	styleNone float32 = iota
	styleItalic
	styleBold
	styleSmall
)

// styled returns the style of the formatting element that contains all text of an
// element.
func styled(n *html.Node) float32 {
	style := styleNone
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			if strings.TrimSpace(c.Data) != "" {
				return styleNone
			}
			continue
		}
		if style != styleNone {
			return styleNone
		}
		switch c.DataAtom {
		case atom.Em, atom.I:
			style = styleItalic
		case atom.Strong, atom.B:
			style = styleBold
		case atom.Small:
			style = styleSmall
		case atom.Span, atom.Font:
			return styled(c)
		default:
			return styleNone
		}
	}
	return style
}
