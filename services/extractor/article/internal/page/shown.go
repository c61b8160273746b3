package page

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// abuts reports whether an element of a line starts directly after another one, and its
// text would run into the text of that one: "Jane Roe" and "January 2". Sites separate
// such elements by style. Within paragraphs and headings, elements are parts of words.
func abuts(n *html.Node) bool {
	before := n.PrevSibling
	if before == nil || !column(n.DataAtom) || !column(before.DataAtom) || n.Parent == nil {
		return false
	}
	switch n.Parent.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.A, atom.Em, atom.Strong, atom.Code:
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(edge(before, false))
	first, _ := utf8.DecodeRuneInString(edge(n, true))
	switch {
	case unicode.IsDigit(last):
		return unicode.IsDigit(first) || unicode.IsUpper(first)
	case unicode.IsLower(last):
		return unicode.IsUpper(first) || unicode.IsDigit(first)
	}
	return false
}

func column(tag atom.Atom) bool { return tag == atom.Span || tag == atom.Time || tag == atom.A }

// minColumn is the number of bytes from which the first or last text of an element is
// more than an initial or a number in small type.
const minColumn = 4

// edge returns the first or last text in an element, or "" if it is short.
func edge(n *html.Node, first bool) string {
	for n != nil && n.Type == html.ElementNode {
		if first {
			n = n.FirstChild
		} else {
			n = n.LastChild
		}
	}
	if n == nil || n.Type != html.TextNode || len(n.Data) < minColumn {
		return ""
	}
	return n.Data
}

// customImage reports whether an element with a name of the site's own is a picture, as
// amp-img is.
func customImage(n *html.Node) bool {
	if n.DataAtom != 0 || !strings.Contains(n.Data, "-") {
		return false
	}
	src, _, _ := strings.Cut(Attr(n, "src"), "?")
	if i := strings.LastIndexByte(src, '.'); i >= 0 {
		switch strings.ToLower(src[i+1:]) {
		case "jpg", "jpeg", "png", "webp", "avif", "gif":
			return true
		}
	}
	return n.Data == "amp-img" && src != ""
}

// placeholderIn reports whether an img element only holds the place of the custom image
// around it.
func placeholderIn(n *html.Node) bool { return n.Parent != nil && customImage(n.Parent) }
