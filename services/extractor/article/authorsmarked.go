package article

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// bylineAuthors reads elements that are named as bylines or link to an author's
// page, the first group of them that stands near the headline.
func (r *reader) bylineAuthors() []Author {
	var list []Author
	var group int32 = -1
	for _, i := range r.bylines {
		e := &r.elems[i]
		if e.within&(hintComment|hintRelated|hintNav) != 0 || e.within&hintFooter != 0 && !r.inArticle(i) || e.within&hintSidebar != 0 && !r.closeToHeadline(i) || i < r.titleElem && r.titleElem > 0 && len(list) > 0 {
			continue
		}
		if group >= 0 && !r.near(group, i) {
			break
		}
		before := len(list)
		if n := r.besideIcon(i); n != nil {
			if text := nodeText(n); fullName(text) && plainName(text) {
				list = r.addNames(list, text, "")
			}
		} else if links := authorLinks(e.node); len(links) > 0 {
			for _, a := range links {
				if !otherHand(a) {
					list = r.addNames(list, nodeText(a), attr(a, "href"))
				}
			}
		} else if text := nodeText(e.node); runeCount(text) < maxByline && !otherHandLabel.MatchString(text) {
			list = r.addNames(list, upToPreposition(text), "")
		}
		if len(list) > before && group < 0 {
			group = i
		}
	}
	return list
}

// closeToHeadline says that an element stands right behind the headline, or is an
// aside right before it: such are the article's own.
func (r *reader) closeToHeadline(elem int32) bool {
	if r.titleElem == 0 {
		return false
	}
	return elem > r.titleElem && elem < r.titleElem+60 || elem < r.titleElem && elem > r.titleElem-20 && r.elems[elem].hints&hintSidebar != 0
}

// inArticle says that an element lies in an article element: so does its footer.
func (r *reader) inArticle(elem int32) bool {
	for ; elem > 0; elem = r.elems[elem].parent {
		if r.elems[elem].node.DataAtom == atom.Article {
			return true
		}
	}
	return false
}

// besideIcon is the element around one that is the drawing of a person, close
// behind the headline, or nil.
func (r *reader) besideIcon(elem int32) *html.Node {
	e := &r.elems[elem]
	if e.node.DataAtom != atom.I && e.node.DataAtom != atom.Span || e.node.FirstChild != nil || !r.closeToHeadline(elem) {
		return nil
	}
	return e.node.Parent
}

// otherHandLabel is what bylines say of people who did not write.
var otherHandLabel = regexp.MustCompile(`(?i)(?:(?:reviewed|researched|edited|checked|verified|photographs?|photography|photos?|illustrations?|illustrated|translated|produced) by|(?:geprüft|bearbeitet|übersetzt|fotos?) von|(?:relu|vérifié|traduit) par|(?:revisado|verificado|traducido) por|(?:verificato|tradotto) da|übersetzung(?: und [\p{L}]+)?):?\s*$|(?:^|[|·•]\s*)(?:medically |expert |fact[ -])?(?:reviewed|edited|checked|translated|illustrated) by\b`)

// otherHand says that what stands before a link, in its element or the one
// around that, says that its person did something else than write.
func otherHand(link *html.Node) bool {
	for around, depth := link, 0; around != nil && depth < 4; around, depth = around.Parent, depth+1 {
		for n := around.PrevSibling; n != nil; n = n.PrevSibling {
			text := n.Data
			if n.Type == html.ElementNode {
				text = nodeText(n)
			}
			if n.Type != html.CommentNode && strings.TrimSpace(text) != "" {
				return otherHandLabel.MatchString(squeeze(text))
			}
		}
	}
	return false
}

// near says that two elements stand in one byline: within the same close
// ancestor.
func (r *reader) near(a, b int32) bool {
	for range 3 {
		if a <= 0 {
			return false
		}
		a = r.elems[a].parent
		if b < r.elems[a].end && r.elems[a].end-a < 60 {
			return true
		}
	}
	return false
}

func authorLinks(n *html.Node) []*html.Node {
	if n.DataAtom == atom.A {
		return []*html.Node{n}
	}
	var found []*html.Node
	for d := range n.Descendants() {
		if d.DataAtom == atom.A && (authorLink(attr(d, "href")) || attr(d, "rel") == "author") {
			if len(found) == maxAuthors {
				break
			}
			found = append(found, d)
		}
	}
	return found
}
