package article

import (
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// walker lays out a page in one pass in document order.
type walker struct {
	*tree
	hinter  hinter
	blocks  []int32 // the open block elements
	current run
	space   bool // white space is due before the next letter
	breaks  int  // br elements since the last letter
	link    int  // open link's depth, 0 for none
	href    string
	pre     int
}

func layOut(doc *html.Node) *tree {
	w := &walker{tree: &tree{elems: make([]element, 0, 1024), runs: make([]run, 0, 256), text: make([]byte, 0, 16<<10)}}
	w.elems = append(w.elems, element{node: doc, parent: -1})
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
	w.elems[0].end = int32(len(w.elems))
	return w.tree
}

// skip takes note of elements that hold no text of the page, and says so.
func (w *walker) skip(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script:
		w.addScript(n)
	case atom.Meta:
		w.metas = append(w.metas, n)
		return attr(n, "itemprop") == ""
	case atom.Link:
		switch attr(n, "rel") {
		case "canonical":
			if w.canon == "" {
				w.canon = attr(n, "href")
			}
		}
		return attr(n, "itemprop") == ""
	case atom.Base:
		w.base = attr(n, "href")
	case atom.Title:
		if w.title == "" && n.FirstChild != nil && (n.Parent == nil || n.Parent.DataAtom != atom.Svg) {
			w.title = squeeze(n.FirstChild.Data)
		}
	case atom.Frame, atom.Frameset:
		w.frames++
		return n.DataAtom == atom.Frame
	case atom.Noscript:
		if n.FirstChild != nil && len(n.FirstChild.Data) > islandLetters {
			w.islands = append(w.islands, n.FirstChild.Data)
		}
	case atom.Style, atom.Template, atom.Svg, atom.Select, atom.Button, atom.Input, atom.Textarea,
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
	w.scripts += len(n.FirstChild.Data)
	switch attr(n, "type") {
	case "application/ld+json":
		w.ld = append(w.ld, n.FirstChild.Data)
	case "application/json":
		w.islands = append(w.islands, n.FirstChild.Data)
	}
}

func (w *walker) enter(n *html.Node, parent int32) int32 {
	i := int32(len(w.elems))
	w.elems = append(w.elems, element{node: n, parent: parent, hints: w.hinter.hintsOf(n)})
	e := &w.elems[i]
	if e.hints&hintByline != 0 {
		w.bylines = append(w.bylines, i)
	}
	if e.hints&hintBreadcrumb != 0 {
		w.crumbs = append(w.crumbs, i)
	}
	if attr(n, "itemprop") != "" {
		w.props = append(w.props, i)
	}
	switch n.DataAtom {
	case atom.Html:
		w.htmlTag = n
	case atom.Body:
		w.body = n
	case atom.Br:
		w.breaks++
		w.space = true
		return i
	case atom.Time:
		w.times = append(w.times, i)
	case atom.A:
		if e.hints&hintByline == 0 && authorLink(attr(n, "href")) {
			w.bylines = append(w.bylines, i)
		}
		if w.link == 0 {
			w.link, w.href = int(i), attr(n, "href")
			w.links = append(w.links, span{from: -1, href: w.href})
		}
	case atom.Img, atom.Video, atom.Audio, atom.Iframe, atom.Embed:
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
	e := &w.elems[i]
	e.end = int32(len(w.elems))
	switch {
	case e.node.DataAtom == atom.A && w.link == int(i):
		w.link = 0
		if last := &w.links[len(w.links)-1]; last.from < 0 {
			w.links = w.links[:len(w.links)-1]
		}
	case e.node.DataAtom == atom.Pre:
		w.pre--
	}
	if len(w.blocks) > 1 && w.blocks[len(w.blocks)-1] == i {
		w.flush()
		w.blocks = w.blocks[:len(w.blocks)-1]
		w.begin()
	}
}

// isBlock says whether n parts the text before it from its own. An element of
// an unknown name parts, save within a paragraph.
func (w *walker) isBlock(n *html.Node) bool {
	if inlineElements[n.DataAtom] {
		return false
	}
	if n.DataAtom != 0 {
		return true
	}
	switch w.elems[w.blocks[len(w.blocks)-1]].node.DataAtom {
	case atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4:
		return false
	}
	return true
}

var inlineElements = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.Acronym: true, atom.B: true, atom.Bdi: true, atom.Bdo: true, atom.Big: true,
	atom.Br: true, atom.Cite: true, atom.Code: true, atom.Data: true, atom.Del: true, atom.Dfn: true, atom.Em: true,
	atom.Font: true, atom.I: true, atom.Ins: true, atom.Kbd: true, atom.Label: true, atom.Mark: true, atom.Nobr: true,
	atom.Output: true, atom.Q: true, atom.Rp: true, atom.Rt: true, atom.Ruby: true, atom.S: true, atom.Samp: true,
	atom.Small: true, atom.Span: true, atom.Strike: true, atom.Strong: true, atom.Sub: true, atom.Sup: true,
	atom.Time: true, atom.Tt: true, atom.U: true, atom.Var: true, atom.Wbr: true, atom.Link: true, atom.Meta: true,
}

func (w *walker) begin() {
	w.current = run{elem: w.blocks[len(w.blocks)-1], from: int32(len(w.text)), links: int32(len(w.links))}
	if w.link != 0 && len(w.links) > 0 {
		// A link around several blocks: each block gets its own span.
		w.links = append(w.links, span{from: -1, href: w.href})
	}
	w.space, w.breaks = false, 0
}

// flush ends the current run and keeps it if it has text.
func (w *walker) flush() {
	r := w.current
	r.to, r.linksTo = int32(len(w.text)), int32(len(w.links))
	if r.letters > 0 {
		w.runs = append(w.runs, r)
	} else {
		w.text = w.text[:r.from]
	}
}

func (w *walker) addMedia(n *html.Node) {
	kind := runEmbed
	if n.DataAtom == atom.Img {
		kind = runImage
	}
	elem := int32(len(w.elems) - 1)
	if w.current.letters > 0 {
		w.flush()
		w.begin()
	}
	at := int32(len(w.text))
	w.runs = append(w.runs, run{kind: kind, elem: elem, from: at, to: at, links: int32(len(w.links)), linksTo: int32(len(w.links)), media: n})
}

// addText adds a text node to the current run, each stretch of white space as
// one space. Two line breaks part paragraphs.
func (w *walker) addText(s string) {
	for _, r := range s {
		if unicode.IsSpace(r) && (w.pre == 0 || w.current.letters == 0) || r == '\u200b' || r == '\ufeff' || r == '\u00ad' || r == '\u2060' {
			w.space = w.space || unicode.IsSpace(r)
			continue
		}
		if w.breaks > 1 && w.pre == 0 && w.current.letters > 0 {
			w.flush()
			w.begin()
		}
		w.addSpace()
		w.addRune(r)
	}
}

func (w *walker) addSpace() {
	if w.current.from < int32(len(w.text)) {
		switch {
		case w.breaks > 0:
			w.text = append(w.text, '\n')
		case w.space:
			w.text = append(w.text, ' ')
		}
	}
	w.space, w.breaks = false, 0
}

func (w *walker) addRune(r rune) {
	from := int32(len(w.text))
	w.text = appendRune(w.text, r)
	count, stops := countRune(r)
	w.current.stops += stops
	w.current.letters += count
	if w.link != 0 && len(w.links) > 0 {
		w.current.linked += count
		last := &w.links[len(w.links)-1]
		if last.from < 0 {
			last.from = from
		}
		last.to = int32(len(w.text))
	}
}

// countRune is how many letters a character counts as, those of scripts that
// say more in one than once, and whether it ends a sentence.
func countRune(r rune) (letters, stops int32) {
	switch {
	case r <= ' ':
		return 0, 0
	case r == '.' || r == '!' || r == '?' || r == '؟' || r == '।' || r == '…' || r == '۔':
		return 1, 1
	case r == '。':
		return 3, 1
	case r >= 0x2E80 && r < 0xAC00:
		return 3, 0
	case r >= 0xAC00 && r < 0xD7A4:
		return 2, 0
	}
	return 1, 0
}
