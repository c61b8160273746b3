package page

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// walker lays out a page in one pass in document order.
type walker struct {
	*Page
	hints   hintReader
	blocks  []int32 // the open block elements
	current Run
	space   bool // white space is due before the next character
	breaks  int  // br elements since the last character
	link    int  // the open link's element, 0 for none
	href    string
	pre     int // open pre elements
	unseen  int // open elements with text that readers do not see
}

// Initial capacities that spare an average page most of the growing.
const (
	usualElems = 1024
	usualRuns  = 256
	usualText  = 16 << 10
)

// maxNeighbours is the maximum number of link elements to the next and previous page
// that are read.
const maxNeighbours = 4

// layOut returns the flat form of a document.
func layOut(doc *html.Node) *Page {
	w := &walker{Page: &Page{
		Elems: make([]Element, 0, usualElems),
		Runs:  make([]Run, 0, usualRuns),
		Text:  make([]byte, 0, usualText),
	}}
	w.Elems = append(w.Elems, Element{Node: doc, Parent: -1})
	w.blocks = append(w.blocks, 0)
	w.begin()
	open := []int32{0}
	for n := doc.FirstChild; n != nil; {
		entered := int32(-1)
		if n.Type == html.TextNode {
			w.addText(n.Data)
		} else if n.Type == html.ElementNode && !w.skip(n) {
			entered = w.enter(n, open[len(open)-1])
			if n.FirstChild != nil {
				open = append(open, entered)
				n = n.FirstChild
				continue
			}
		}
		if entered >= 0 {
			w.leave(entered)
		}
		for n != nil && n.NextSibling == nil {
			n = n.Parent
			if n == nil || n == doc {
				n = nil
				break
			}
			w.leave(open[len(open)-1])
			open = open[:len(open)-1]
		}
		if n != nil {
			n = n.NextSibling
		}
	}
	w.flush()
	w.Elems[0].End = int32(len(w.Elems))
	w.text = string(w.Text)
	return w.Page
}

// skip reports whether an element contains no text of the page, and collects its
// metadata.
func (w *walker) skip(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script:
		w.addScript(n)
	case atom.Meta:
		w.Metas = append(w.Metas, n)
		return Attr(n, "itemprop") == ""
	case atom.Link:
		switch rel := Attr(n, "rel"); {
		case w.Canonical == "" && rel == "canonical":
			w.Canonical = Attr(n, "href")
		case (rel == "next" || rel == "prev") && len(w.Neighbours) < maxNeighbours:
			w.Neighbours = append(w.Neighbours, Attr(n, "href"))
		}
		return Attr(n, "itemprop") == ""
	case atom.Base:
		w.base = Attr(n, "href")
	case atom.Title:
		if w.Title == "" && n.FirstChild != nil && (n.Parent == nil || n.Parent.DataAtom != atom.Svg) {
			w.Title = norm.Squeeze(n.FirstChild.Data)
		}
	case atom.Frame, atom.Frameset:
		w.Frames++
		return n.DataAtom == atom.Frame
	case atom.Noscript:
		if n.FirstChild != nil && len(n.FirstChild.Data) > MinIslandChars {
			w.Islands = append(w.Islands, n.FirstChild.Data)
		}
	case atom.Template:
		return !HasAttr(n, "shadowrootmode") // the browser shows a declared shadow root
	case atom.Button:
		return !inHeading(n) // a heading may open what is below it
	case atom.Input:
		if strings.EqualFold(Attr(n, "type"), "email") {
			w.EmailFields = append(w.EmailFields, w.blocks[len(w.blocks)-1])
		}
	case atom.Style, atom.Svg, atom.Select, atom.Textarea,
		atom.Object, atom.Canvas, atom.Map, atom.Datalist, atom.Dialog:
	default:
		return false
	}
	return true
}

func (w *walker) addScript(n *html.Node) {
	if n.FirstChild == nil {
		return
	}
	w.ScriptBytes += len(n.FirstChild.Data)
	switch scriptType(n) {
	case "application/ld+json":
		w.JSONLD = append(w.JSONLD, n.FirstChild.Data)
	case "application/json":
		w.Islands = append(w.Islands, n.FirstChild.Data)
	}
}

// scriptType returns the type of a script in lower case, without parameters.
func scriptType(n *html.Node) string {
	declared, _, _ := strings.Cut(Attr(n, "type"), ";")
	return strings.ToLower(strings.TrimSpace(declared))
}

func (w *walker) enter(n *html.Node, parent int32) int32 {
	i := int32(len(w.Elems))
	names := w.hints.of(n)
	w.Elems = append(w.Elems, Element{Node: n, Parent: parent, Hints: names &^ nameSigns, unseen: unseen(n, names)})
	e := &w.Elems[i]
	if e.Hints&HintByline != 0 {
		w.Bylines = append(w.Bylines, i)
	}
	if e.Hints&HintBreadcrumb != 0 {
		w.Breadcrumbs = append(w.Breadcrumbs, i)
	}
	if Props(n) != "" {
		w.Props = append(w.Props, i)
	}
	if e.unseen {
		w.unseen++
	}
	if abuts(n) {
		w.space = true
	}
	if customImage(n) || n.DataAtom == atom.Img && !placeholderIn(n) {
		w.addMedia(n)
		return i
	}
	switch n.DataAtom {
	case atom.Html:
		w.HTML = n
	case atom.Body:
		w.body = n
	case atom.Br:
		w.breaks++
		w.space = true
		return i
	case atom.Time:
		w.Times = append(w.Times, i)
	case atom.Abbr, atom.Span:
		if HasAttr(n, "title") {
			w.Titled = append(w.Titled, i)
		}
	case atom.A:
		if e.Hints&HintByline == 0 && AuthorLink(Attr(n, "href")) {
			w.Bylines = append(w.Bylines, i)
		}
		if w.link == 0 {
			w.link, w.href = int(i), Attr(n, "href")
			w.Links = append(w.Links, Link{From: -1, Href: w.href})
		}
	case atom.Video, atom.Audio, atom.Iframe, atom.Embed:
		w.addMedia(n)
		return i
	case atom.Pre:
		w.pre++
	}
	if w.isBlock(n) {
		w.flush()
		w.blocks = append(w.blocks, i)
		w.begin()
	}
	return i
}

func (w *walker) leave(i int32) {
	e := &w.Elems[i]
	e.End = int32(len(w.Elems))
	if e.unseen {
		w.unseen--
	}
	switch {
	case e.Node.DataAtom == atom.A && w.link == int(i):
		w.link = 0
		if last := &w.Links[len(w.Links)-1]; last.From < 0 {
			w.Links = w.Links[:len(w.Links)-1]
		}
	case e.Node.DataAtom == atom.Pre:
		w.pre--
	}
	if len(w.blocks) > 1 && w.blocks[len(w.blocks)-1] == i {
		w.flush()
		w.blocks = w.blocks[:len(w.blocks)-1]
		w.begin()
	}
}

// isBlock reports whether n separates its text from the text before it. An
// element with an unknown name does, except within a paragraph, list item or
// heading.
func (w *walker) isBlock(n *html.Node) bool {
	if n.DataAtom != 0 {
		return !Inline(n.DataAtom) && n.DataAtom != atom.Button // only those in headings are read
	}
	switch w.Elems[w.blocks[len(w.blocks)-1]].Node.DataAtom {
	case atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4:
		return false
	}
	return true
}

// Inline reports whether the elements with a tag are part of the text around
// them.
func Inline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.Acronym, atom.B, atom.Bdi, atom.Bdo, atom.Big, atom.Br, atom.Cite, atom.Code,
		atom.Data, atom.Del, atom.Dfn, atom.Em, atom.Font, atom.I, atom.Ins, atom.Kbd, atom.Label, atom.Mark,
		atom.Nobr, atom.Output, atom.Q, atom.Rp, atom.Rt, atom.Ruby, atom.S, atom.Samp, atom.Small, atom.Span,
		atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr, atom.Link,
		atom.Meta:
		return true
	}
	return false
}
