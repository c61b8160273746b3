package picture

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	// maxNoscript is the maximum size of a noscript element that is read for a picture, in
	// bytes.
	maxNoscript = 4 << 10
	// noscriptLevels is the number of levels from a picture up to an element that contains
	// only the picture and has a noscript element beside it.
	noscriptLevels = 3
)

// noscriptSource returns the address of the picture in the noscript element directly
// before or after a picture, or within it, or "".
func noscriptSource(n *html.Node) string {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if address := inNoscript(c); address != "" {
			return address
		}
	}
	for range noscriptLevels {
		before, after := siblingNoscript(n, false), siblingNoscript(n, true)
		if before != nil && (after == nil || noscriptsComeFirst(n.Parent)) {
			after = before
		}
		if address := inNoscript(after); address != "" {
			return address
		}
		if n = n.Parent; n == nil || n.DataAtom == atom.Body || n.DataAtom == atom.Td || !lone(n) {
			return ""
		}
	}
	return ""
}

// siblingNoscript returns the noscript element before or after a node, or nil if another
// picture or text is nearer. A caption may be nearer.
func siblingNoscript(n *html.Node, after bool) *html.Node {
	for {
		if after {
			n = n.NextSibling
		} else {
			n = n.PrevSibling
		}
		switch {
		case n == nil:
			return nil
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) != "":
			return nil
		case n.Type != html.ElementNode || n.DataAtom == atom.Figcaption || n.DataAtom == atom.Source:
		case n.DataAtom == atom.Noscript:
			return n
		default:
			return nil
		}
	}
}

// noscriptsComeFirst reports whether the first picture or noscript element in an element
// is a noscript element: each picture then follows its own.
func noscriptsComeFirst(n *html.Node) bool {
	if n == nil {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Noscript:
			return true
		case atom.Img, atom.Picture, atom.Figure:
			return false
		}
	}
	return false
}

// lone reports whether an element contains one element, and no text of its own.
func lone(n *html.Node) bool {
	elements := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode && strings.TrimSpace(c.Data) != "":
			return false
		case c.Type == html.ElementNode && c.DataAtom != atom.Source:
			elements++
		}
	}
	return elements == 1
}

// inNoscript returns the address of the picture in a noscript element, or "".
func inNoscript(n *html.Node) string {
	if n == nil || n.DataAtom != atom.Noscript || n.FirstChild == nil || len(n.FirstChild.Data) > maxNoscript {
		return ""
	}
	tags := html.NewTokenizer(strings.NewReader(n.FirstChild.Data))
	for kind := tags.Next(); kind != html.ErrorToken; kind = tags.Next() {
		token := tags.Token()
		if token.DataAtom != atom.Img && token.Data != "amp-img" {
			continue
		}
		if address := Source(&html.Node{Type: html.ElementNode, DataAtom: atom.Img, Attr: token.Attr}); address != "" {
			return address
		}
	}
	return ""
}
