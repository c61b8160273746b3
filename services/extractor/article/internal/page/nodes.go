package page

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// HasAttr reports whether an element has an attribute, whatever its value.
func HasAttr(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// Attr returns the value of a node's attribute, or "".
func Attr(n *html.Node, key string) string {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return n.Attr[i].Val
		}
	}
	return ""
}

// maxNodeText is the approximate number of bytes of text that NodeText reads.
const maxNodeText = 4096

// NodeText returns the squeezed text below a node that readers see, up to a bound. If they
// see none, it returns the hidden text, which is a value for programs.
func NodeText(n *html.Node) string {
	var b strings.Builder
	appendText(&b, n, false)
	if b.Len() == 0 {
		appendText(&b, n, true)
	}
	return norm.Squeeze(b.String())
}

// appendText appends the text below a node, with the hidden text if all is set.
func appendText(b *strings.Builder, n *html.Node, all bool) {
	for c := n.FirstChild; c != nil && b.Len() <= maxNodeText; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode && !textless(n.DataAtom):
			b.WriteString(c.Data)
		case c.Type != html.ElementNode || !all && inText(c) && partUnseen(c, hintsOfNames(Attr(c, "class"))):
		default:
			if !Inline(c.DataAtom) || c.DataAtom == atom.Br || abuts(c) {
				b.WriteByte(' ')
			}
			appendText(b, c, all)
		}
	}
}

// textless reports whether the text of an element is not shown, or is only a
// control's label.
func textless(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Button, atom.Title:
		return true
	}
	return false
}

// Value returns the value of a property in an element: the content attribute or another
// machine-readable attribute, the name nested in the element, or its text.
func Value(n *html.Node) string {
	if v := Attr(n, "content"); v != "" {
		return norm.Squeeze(v)
	}
	switch n.DataAtom {
	case atom.Time:
		if v := Attr(n, "datetime"); v != "" {
			return v
		}
	case atom.Meta:
		return ""
	case atom.Abbr:
		if v := Attr(n, "title"); v != "" { // the value for machines in microformats
			return v
		}
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && Props(d) == "name" {
			if v := Attr(d, "content"); v != "" {
				return norm.Squeeze(v)
			}
			return NodeText(d)
		}
	}
	return NodeText(n)
}

// Props returns the names of the properties of microdata or RDFa that an element gives,
// or "".
func Props(n *html.Node) string {
	names := ""
	for i := range n.Attr {
		switch a := &n.Attr[i]; a.Key {
		case "itemprop":
			return a.Val
		case "property":
			names = strings.TrimPrefix(a.Val, "schema:")
		}
	}
	return names
}

// Prop returns the value of the first element with a property that is not part
// of a comment or a related article, and the element's index, or -1.
func (p *Page) Prop(name string) (string, int32) {
	for _, i := range p.Props {
		n := p.Elems[i].Node
		if !norm.HasWord(Props(n), name) || p.Elems[i].Hints&(HintRelated|HintComment) != 0 {
			continue
		}
		if v := Value(n); v != "" {
			return v, i
		}
	}
	return "", -1
}

// Bounds of a link that may lead to an author's page, in bytes.
const (
	minAuthorLink = 5
	maxAuthorLink = 300
)

// AuthorLink reports whether the path of a link has a segment such as "author"
// that is followed by a name.
func AuthorLink(href string) bool {
	if len(href) < minAuthorLink || len(href) > maxAuthorLink {
		return false
	}
	if strings.IndexByte("#jm", href[0]) >= 0 && !strings.Contains(href, "/") {
		return false // a fragment, or javascript: or mailto:
	}
	rest := href
	if i := strings.Index(rest, "://"); i >= 0 {
		rest = rest[i+3:]
		j := strings.IndexByte(rest, '/')
		if j < 0 {
			return false
		}
		rest = rest[j:]
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	for {
		segment, after, more := strings.Cut(rest, "/")
		if !more {
			return false
		}
		if len(after) > 1 && slices.Contains(authorPaths, segment) && (segment != "people" || lastSegment(after)) {
			return true
		}
		rest = after
	}
}

// lastSegment reports whether a path has one segment. A section about celebrities has
// the same name as a list of people, but its articles are in further segments.
func lastSegment(path string) bool { return !strings.Contains(strings.TrimSuffix(path, "/"), "/") }

// Resolve returns href as an absolute address that a reader can follow, or "". It has no
// user information, which may be a password.
func (p *Page) Resolve(href string) string {
	href = strings.TrimSpace(href)
	if href == "" || strings.HasPrefix(href, "#") || strings.HasPrefix(href, "data:") ||
		strings.HasPrefix(href, "javascript:") {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if p.Base != nil {
		u = p.Base.ResolveReference(u)
	}
	u.User = nil
	switch u.Scheme {
	case "http", "https", "mailto":
		return u.String()
	}
	return ""
}
