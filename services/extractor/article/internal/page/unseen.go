package page

import (
	"iter"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Maximum sizes in bytes of the text of elements that are left out because they are
// hidden. A longer text is likely to be shown by a script or on other screens.
const (
	maxUnseen = 400 // of a container
	maxAside  = 200 // of a part of a line whose class hides it
)

// unseen reports whether the text of an element is left out because readers do not see
// it: a part of a line that is hidden or only for programs that read aloud, or a short
// block that its own attributes hide. Classes may hide blocks on narrow screens only.
func unseen(n *html.Node, names Hint) bool {
	if inText(n) {
		return partUnseen(n, names)
	}
	if names&HintHidden == 0 || !HiddenByItself(n) {
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

// inText reports whether an element is part of a line and can contain text.
func inText(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Br, atom.Wbr, atom.Meta, atom.Link:
		return false
	}
	return Inline(n.DataAtom)
}

// partUnseen reports whether a part of a line is not seen. names are the hints and signs
// of its names. Words in names are trusted less than the usual whole names: they leave out
// only what is beside other text, and not the labels of fields.
func partUnseen(n *html.Node, names Hint) bool {
	if len(n.Attr) == 0 {
		return false
	}
	const usual = HintHidden | spokenName
	switch {
	case HiddenByItself(n), removedByStyle(Attr(n, "style")):
		return true
	case names&namedShown != 0 || names&usual == 0:
		return Attr(n, "aria-hidden") == "true" && repeatsSibling(n)
	case inHeading(n):
		return hasLetter(NodeText(n)) && !besideNothing(n)
	}
	return names&usual == usual || inProse(n) && len(NodeText(n)) < maxAside && !besideNothing(n)
}

// inProse reports whether a part of a line is in a link, or its line is a paragraph or
// the like.
func inProse(n *html.Node) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		switch n.DataAtom {
		case atom.A, atom.P, atom.Figcaption, atom.Blockquote:
			return true
		}
		if !Inline(n.DataAtom) {
			return false
		}
	}
	return false
}

// besideNothing reports whether a part of a line is all the text of its line. A class then
// hardly hides it: the line would be empty.
func besideNothing(n *html.Node) bool {
	for ; n != nil && Inline(n.DataAtom); n = n.Parent {
		for s := n.PrevSibling; s != nil; s = s.PrevSibling {
			if showsText(s) {
				return false
			}
		}
		for s := n.NextSibling; s != nil; s = s.NextSibling {
			if showsText(s) {
				return false
			}
		}
	}
	return true
}

// showsText reports whether a text node, or an element in a line, has text.
func showsText(n *html.Node) bool {
	switch {
	case n.Type == html.TextNode:
		return strings.TrimSpace(n.Data) != ""
	case n.Type == html.ElementNode && inText(n):
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if showsText(c) {
				return true
			}
		}
	}
	return false
}

// repeatsSibling reports whether an element has the same text as the element beside it,
// as letters that only serve an animation or a shadow have.
func repeatsSibling(n *html.Node) bool {
	text := NodeText(n)
	if text == "" || len(text) > maxAside {
		return false
	}
	for _, s := range [2]*html.Node{beside(n, false), beside(n, true)} {
		if s != nil && inText(s) && hintsOfNames(Attr(s, "class"))&(HintHidden|spokenName) == 0 && NodeText(s) == text {
			return true
		}
	}
	return false
}

// beside returns the element directly before or after an element, or nil.
func beside(n *html.Node, after bool) *html.Node {
	for {
		if after {
			n = n.NextSibling
		} else {
			n = n.PrevSibling
		}
		if n == nil || n.Type == html.ElementNode {
			return n
		}
		if strings.TrimSpace(n.Data) != "" {
			return nil
		}
	}
}

func hasLetter(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) }

// headingDepth is the number of levels above an element that are searched for a heading.
const headingDepth = 3

// inHeading reports whether an element is part of a heading. What a heading hides from
// the eye is often the colon between its parts.
func inHeading(n *html.Node) bool {
	for range headingDepth {
		if n = n.Parent; n == nil {
			return false
		}
		if IsHeading(n.DataAtom) || Attr(n, "role") == "heading" {
			return true
		}
	}
	return false
}

// HiddenByItself reports whether attributes other than the class hide an element.
func HiddenByItself(n *html.Node) bool {
	for i := range n.Attr {
		switch a := &n.Attr[i]; a.Key {
		case hiddenName:
			return a.Val != untilFound
		case "style":
			if displayNone(a.Val) {
				return true
			}
		}
	}
	return false
}

// displayNone reports whether a style attribute removes its element from the page. The
// last of several values applies.
func displayNone(style string) bool {
	if !strings.Contains(style, "none") && !strings.Contains(style, "NONE") {
		return false
	}
	none := false
	for property, value := range declarations(style) {
		if strings.EqualFold(property, "display") {
			none = strings.HasPrefix(strings.ToLower(value), "none")
		}
	}
	return none
}

// declarations yields the properties in a style attribute and their values.
func declarations(style string) iter.Seq2[string, string] {
	return func(yield func(property, value string) bool) {
		for declaration := range strings.SplitSeq(style, ";") {
			property, value, _ := strings.Cut(declaration, ":")
			if !yield(strings.TrimSpace(property), strings.TrimSpace(value)) {
				return
			}
		}
	}
}

// farAway is the number of pixels or letters from which a shift moves text off the screen.
const farAway = 900

// removedByStyle reports whether a style moves a part of a line off the screen, or reduces
// it to a pixel or to nothing. Programs that read aloud still present its text.
// Transparent text is not removed: many pages fade their text in.
func removedByStyle(style string) bool {
	if strings.Contains(style, "clip") && strings.Contains(style, "absolute") && strings.Contains(style, "1px") {
		return true
	}
	for property, value := range declarations(style) {
		switch strings.ToLower(property) {
		case "font-size":
			if number(value) == 0 {
				return true
			}
		case "left", "right", "top", "text-indent", "margin-left":
			if number(value) <= -farAway {
				return true
			}
		}
	}
	return false
}

// number returns the number that a value starts with, or 1.
func number(value string) float64 {
	n, err := strconv.ParseFloat(value[:len(value)-len(strings.TrimLeft(value, "-.0123456789"))], 64)
	if err != nil {
		return 1
	}
	return n
}
