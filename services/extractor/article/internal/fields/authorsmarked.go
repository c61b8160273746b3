package fields

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// bylineAuthors reads the elements that are named as bylines or link to an
// author's page. It stops after the first group of them with a name.
func bylineAuthors(v *View) []record.Author {
	var list []record.Author
	var group int32 = -1
	for _, i := range v.Bylines {
		if !v.mayBeByline(i) || i < v.at.Elem && len(list) > 0 {
			continue
		}
		if group >= 0 && !v.sameByline(group, i) {
			break
		}
		before := len(list)
		list = v.addByline(list, i)
		if len(list) > before && group < 0 {
			group = i
		}
	}
	return list
}

// mayBeByline reports whether an element can be the byline of the article, and
// not of a comment, another article or the site.
func (v *View) mayBeByline(elem int32) bool {
	within := v.within[elem]
	return within&(page.HintComment|page.HintRelated|page.HintNav) == 0 &&
		(within&page.HintFooter == 0 || v.inArticle(elem)) &&
		(within&page.HintSidebar == 0 || v.closeToHeadline(elem))
}

// addByline adds the names in a byline.
func (v *View) addByline(list []record.Author, elem int32) []record.Author {
	n := v.Elems[elem].Node
	if around := v.besideIcon(elem); around != nil {
		if text := page.NodeText(around); fullName(text) && plainName(text) {
			list = v.addNames(list, text, "")
		}
		return list
	}
	if cards := cardNames(n); len(cards) > 0 && v.Elems[elem].End-elem < maxBylineElems {
		for _, card := range cards {
			list = v.addMarked(list, page.NodeText(card), page.Attr(card, "href"))
		}
		return list
	}
	if links := authorLinks(n); len(links) > 0 {
		for _, a := range links {
			if !otherRole(a) {
				list = v.addMarked(list, page.NodeText(a), page.Attr(a, "href"))
			}
		}
		return slices.DeleteFunc(list, sentenceLike)
	}
	if text := page.NodeText(n); norm.Len(text) < maxByline && !otherRoleLabel.MatchString(text) {
		list = v.addNames(list, upToPreposition(text), "")
	}
	return list
}

// cardNames returns the elements in a byline that are named as the name of a person, as
// in the microformat hCard.
func cardNames(byline *html.Node) []*html.Node {
	var cards []*html.Node
	for n := range byline.Descendants() {
		if norm.HasWord(page.Attr(n, "class"), "fn") && !otherRole(n) && len(cards) < maxAuthors {
			cards = append(cards, n)
		}
	}
	return cards
}

// markedAccount matches names of accounts.
var markedAccount = regexp.MustCompile(`^\p{L}[\p{L}\d._-]{2,29}$`)

// addMarked adds the names in an element that is marked as the name of the author. It may
// be the name of an account.
func (v *View) addMarked(list []record.Author, text, link string) []record.Author {
	name := norm.Squeeze(text)
	if !markedAccount.MatchString(name) || !strings.ContainsAny(name, "0123456789") {
		return v.addNames(list, text, link)
	}
	if slices.ContainsFunc(list, func(a record.Author) bool { return a.Name == name }) {
		return list
	}
	return append(list, record.Author{Name: name, URL: v.Resolve(link)})
}

// Distances from the headline, in elements, within which a sidebar or an icon
// belongs to the article.
const (
	elemsAfterHeadline  = 60
	elemsBeforeHeadline = 20
)

// closeToHeadline reports whether an element follows the headline closely, or is
// an aside shortly before it.
func (v *View) closeToHeadline(elem int32) bool {
	title := v.at.Elem
	if title == 0 {
		return false
	}
	return elem > title && elem < title+elemsAfterHeadline ||
		elem < title && elem > title-elemsBeforeHeadline && v.Elems[elem].Hints&page.HintSidebar != 0
}

// inArticle reports whether an element is part of an article element, or of an entry in
// the microformat hAtom. A footer in an article element belongs to the article and not to the site.
func (v *View) inArticle(elem int32) bool {
	for ; elem > 0; elem = v.Elems[elem].Parent {
		n := v.Elems[elem].Node
		if n.DataAtom == atom.Article || norm.HasWord(page.Attr(n, "class"), "hentry") {
			return true
		}
	}
	return false
}

// besideIcon returns the parent of an empty element that shows the icon of a
// person close to the headline, or nil.
func (v *View) besideIcon(elem int32) *html.Node {
	n := v.Elems[elem].Node
	if n.DataAtom != atom.I && n.DataAtom != atom.Span || n.FirstChild != nil || !v.closeToHeadline(elem) {
		return nil
	}
	return n.Parent
}

// otherRoleLabel matches the labels of bylines for people who did not write the
// article.
var otherRoleLabel = regexp.MustCompile(`(?i)` +
	`(?:(?:reviewed|researched|edited|checked|verified|photographs?|photography|photos?` +
	`|illustrations?|illustrated|translated|produced) by` +
	`|(?:geprüft|bearbeitet|übersetzt|fotos?) von|(?:relu|vérifié|traduit) par|(?:revisado|verificado|traducido) por` +
	`|(?:verificat|tradott)o da|übersetzung(?: und [\p{L}]+)?):?\s*$` +
	`|(?:^|[|·•]\s*)(?:medically |expert |fact[ -])?(?:reviewed|edited|checked|translated|illustrated) by\b`)

// labelDepth is the number of levels around a link that are searched for its label.
const labelDepth = 4

// otherRole reports whether the text before a link is a label for a person who did not
// write the article.
func otherRole(link *html.Node) bool {
	for around, depth := link, 0; around != nil && depth < labelDepth; around, depth = around.Parent, depth+1 {
		for n := around.PrevSibling; n != nil; n = n.PrevSibling {
			text := n.Data
			if n.Type == html.ElementNode {
				text = page.NodeText(n)
			}
			if n.Type != html.CommentNode && strings.TrimSpace(text) != "" {
				return otherRoleLabel.MatchString(norm.Squeeze(text))
			}
		}
	}
	return false
}

const (
	bylineDepth    = 3  // levels above an element that may hold its whole byline
	maxBylineElems = 60 // elements of a byline
)

// sameByline reports whether element b, which follows a, is part of the same
// byline: both have a small element around them.
func (v *View) sameByline(a, b int32) bool {
	for range bylineDepth {
		if a <= 0 {
			return false
		}
		a = v.Elems[a].Parent
		if b < v.Elems[a].End && v.Elems[a].End-a < maxBylineElems {
			return true
		}
	}
	return false
}

// authorLinks returns the links to authors' pages in an element.
func authorLinks(n *html.Node) []*html.Node {
	if n.DataAtom == atom.A {
		return []*html.Node{n}
	}
	var links []*html.Node
	for d := range n.Descendants() {
		if norm.HasWord(page.Attr(d, "rel"), "license") {
			continue
		}
		if d.DataAtom == atom.A && (page.AuthorLink(page.Attr(d, "href")) || page.Attr(d, "rel") == authorKey) {
			if len(links) == maxAuthors {
				break
			}
			links = append(links, d)
		}
	}
	return links
}
