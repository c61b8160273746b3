package article

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// overlayStyle colours the marks of WriteOverlay. The border is on the left, so
// that nested marks remain visible.
const overlayStyle = `[data-dateline]{box-shadow:-4px 0 0 #c62828;background:rgba(198,40,40,.08)!important}
[data-dateline^="body"],[data-dateline^="rule"]{box-shadow:-4px 0 0 #2e7d32;background:rgba(46,125,50,.12)!important}
[data-dateline^="field"],[data-dateline^="caption"],[data-dateline^="byline"]{
box-shadow:-4px 0 0 #1565c0;background:rgba(21,101,192,.12)!important}
#dateline-legend{position:fixed;z-index:2147483647;right:8px;bottom:8px;padding:6px 10px;
font:13px/1.4 sans-serif;color:#fff;background:#222}
#dateline-legend b{padding:0 6px}`

const overlayLegend = "green: body; blue: other fields; red: dropped. Point at a line for its reason."

// overlayPolicy allows the page's images, styles and fonts, and nothing that runs.
const overlayPolicy = "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src * data:"

// WriteOverlay writes the page with a coloured mark at each line (green for the
// body, blue for other fields of the record, red for dropped lines) and the reason
// as a tooltip. Scripts and frames are left out, and a content security policy
// keeps the page from running any. WriteOverlay may be called once.
func (e *Explanation) WriteOverlay(w io.Writer) error {
	e.markLines()
	doc := e.page.Elems[0].Node
	disarm(doc)
	for n := range doc.Descendants() {
		switch n.DataAtom {
		case atom.Head:
			for _, added := range []*html.Node{
				newNode("style", overlayStyle),
				newNode("base", "", html.Attribute{Key: "href", Val: e.page.URL}),
				newNode("meta", "", html.Attribute{Key: "http-equiv", Val: "Content-Security-Policy"},
					html.Attribute{Key: "content", Val: overlayPolicy}),
				newNode("meta", "", html.Attribute{Key: "charset", Val: "utf-8"}),
			} {
				n.InsertBefore(added, n.FirstChild)
			}
		case atom.Body:
			n.AppendChild(newNode("div", overlayLegend, html.Attribute{Key: "id", Val: "dateline-legend"}))
		}
		if n.DataAtom == atom.Body {
			break
		}
	}
	if err := html.Render(w, doc); err != nil {
		return fmt.Errorf("writing the overlay: %w", err)
	}
	return nil
}

// markLines adds the reasons to the elements of the lines.
func (e *Explanation) markLines() {
	line := 0
	for i := range e.page.Runs {
		r := &e.page.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		l := &e.Lines[line]
		line++
		n := e.page.Elems[r.Elem].Node
		if n.Type != html.ElementNode {
			continue // text outside of all elements
		}
		note := l.note()
		if before := page.Attr(n, "data-dateline"); before != "" && (l.Kept || !strings.HasPrefix(note, before)) {
			note += "; " + before
		}
		setAttr(n, "data-dateline", note)
		setAttr(n, "title", note)
	}
}

// note returns the reason of a line with the evidence.
func (l *Line) note() string {
	note := string(l.Why)
	if len(l.Hints) > 0 {
		note += " [" + strings.Join(l.Hints, ", ") + "]"
	}
	if l.Score != nil {
		note += fmt.Sprintf(" (classifier %+.1f)", *l.Score)
	}
	return note
}

// disarm removes everything from a tree that runs or navigates by itself.
func disarm(doc *html.Node) {
	var gone []*html.Node
	for n := range doc.Descendants() {
		switch n.DataAtom {
		case atom.Script, atom.Iframe, atom.Object, atom.Embed, atom.Frame, atom.Noscript, atom.Base:
			gone = append(gone, n)
			continue
		case atom.Meta:
			if page.Attr(n, "http-equiv") != "" || page.Attr(n, "charset") != "" {
				gone = append(gone, n)
			}
		}
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool {
			return strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" ||
				strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:")
		})
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}

func newNode(name, text string, attrs ...html.Attribute) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name)), Attr: attrs}
	if text != "" {
		n.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	}
	return n
}

func setAttr(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
