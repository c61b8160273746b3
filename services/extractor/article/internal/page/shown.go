package page

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxUnseen is the maximum size in bytes of the text of a hidden container that is left
// out. A longer text is likely to be shown by a script.
const maxUnseen = 400

// unseen reports whether the text of an element is left out because readers do not see
// it: a part of a line that is hidden or only for programs that read aloud, or a short
// block that its own attributes hide. Other classes may hide on narrow screens only.
func unseen(n *html.Node, hints Hint) bool {
	if Inline(n.DataAtom) && n.DataAtom != atom.Meta && n.DataAtom != atom.Link {
		return hints&HintHidden != 0 && (hiddenByItself(n) || spoken(Attr(n, "class")) && !inHeading(n)) ||
			clipped(Attr(n, "style"))
	}
	if hints&HintHidden == 0 || !hiddenByItself(n) {
		return false
	}
	switch n.DataAtom {
	case atom.Html, atom.Body, atom.Main, atom.Article:
		return false
	case atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return len(NodeText(n)) < maxUnseen
}

// spoken reports whether classes hide an element from all programs but those that read
// aloud.
func spoken(classes string) bool {
	for name := range strings.FieldsSeq(classes) {
		switch name {
		case "screen-reader-text", "sr-only", "visually-hidden", "visuallyhidden":
			return true
		}
	}
	return false
}

// headingDepth is the number of levels above an element that are searched for a heading.
const headingDepth = 3

// inHeading reports whether an element is part of a heading. What a heading hides from
// the eye is often the colon between its parts.
func inHeading(n *html.Node) bool {
	for range headingDepth {
		if n = n.Parent; n == nil {
			return false
		}
		if IsHeading(n.DataAtom) {
			return true
		}
	}
	return false
}

// hiddenByItself reports whether attributes other than the class hide an element.
func hiddenByItself(n *html.Node) bool {
	for i := range n.Attr {
		switch a := &n.Attr[i]; a.Key {
		case hiddenName:
			return a.Val != "until-found"
		case "style":
			if displayNone(a.Val) {
				return true
			}
		}
	}
	return false
}

// clipped reports whether a style reduces an element to a pixel, so that only programs
// that read aloud present its text.
func clipped(style string) bool {
	return strings.Contains(style, "clip") && strings.Contains(style, "absolute") && strings.Contains(style, "1px")
}

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
