package page

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// abuts reports whether an element of a line starts directly after other text, and its
// text would run into that text: "Jane Roe" and "January 2". Sites separate such elements
// by style. Elements may also be parts of words, so both sides must look like the end and
// the start of phrases. Scripts without capitals show no such boundary.
func abuts(n *html.Node) bool {
	if n.PrevSibling == nil || n.Parent == nil || !inText(n) {
		return false
	}
	before := textBefore(n)
	if before == nil || !boundary(edge(before, false), edge(n, true)) {
		return false
	}
	switch n.Parent.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.A, atom.Em, atom.Strong, atom.Code:
		return before.Type == html.ElementNode && severalWords(before) && severalWords(n)
	}
	if before.Type == html.TextNode {
		return apart(n.DataAtom) && severalWords(before) && severalWords(n)
	}
	if column(n.DataAtom) && column(before.DataAtom) {
		return len(edge(before, false)) >= minColumn && len(edge(n, true)) >= minColumn ||
			severalWords(before) && severalWords(n)
	}
	return (severalWords(before) || severalWords(n)) && !hasOwnText(n.Parent)
}

// minColumn is the number of bytes from which a word is more than an initial or a number
// in small type.
const minColumn = 4

// column reports whether sites use elements with a tag as the columns of a line.
func column(tag atom.Atom) bool { return tag == atom.Span || tag == atom.Time || tag == atom.A }

// apart reports whether the elements with a tag are hardly ever a part of a word.
func apart(tag atom.Atom) bool { return tag == atom.Small || tag == atom.Cite || tag == atom.Time }

// textBefore returns the text node or the element of the line with the text directly
// before an element, or nil. Icons and comments between them do not count.
func textBefore(n *html.Node) *html.Node {
	for s := n.PrevSibling; s != nil; s = s.PrevSibling {
		switch {
		case s.Type == html.TextNode && s.Data != "":
			return s
		case s.Type != html.ElementNode:
		case !inText(s):
			return nil
		case showsText(s):
			return s
		}
	}
	return nil
}

// edge returns the first or last text of a node.
func edge(n *html.Node, first bool) string {
	for n != nil && n.Type == html.ElementNode {
		if first {
			n = n.FirstChild
		} else {
			n = n.LastChild
		}
	}
	if n == nil || n.Type != html.TextNode {
		return ""
	}
	return n.Data
}

// boundary reports whether no word has the end of one text followed by the start of
// another: a small letter and a capital, a letter and a digit, or the end of a sentence
// and a capital.
func boundary(before, after string) bool {
	first, size := utf8.DecodeRuneInString(after)
	last, width := utf8.DecodeLastRuneInString(before)
	previous, _ := utf8.DecodeLastRuneInString(before[:len(before)-width])
	opens := first == '“' || first == '„' || first == '«'
	switch {
	case unicode.IsDigit(last):
		return unicode.IsDigit(first) || unicode.IsUpper(first) || opens
	case unicode.IsLower(last):
		return unicode.IsUpper(first) || unicode.IsDigit(first) || opens
	case unicode.IsUpper(last) && unicode.IsUpper(previous):
		next, _ := utf8.DecodeRuneInString(after[size:])
		return unicode.IsUpper(first) && unicode.IsLower(next)
	case strings.ContainsRune(".!?)”»", last):
		return (unicode.IsUpper(first) || opens) && !unicode.IsUpper(previous)
	case last == ':' || last == ',' || last == ';':
		return unicode.IsLetter(previous) && (unicode.IsUpper(first) || opens)
	}
	return false
}

// severalWords reports whether a node has text with white space within it.
func severalWords(n *html.Node) bool {
	word, space := false, false
	return eachText(n, func(text string) bool {
		for _, r := range text {
			switch {
			case unicode.IsSpace(r):
				space = word
			case space:
				return true
			default:
				word = true
			}
		}
		return false
	})
}

// eachText calls found with the texts of a node until it returns true, and reports whether
// it did.
func eachText(n *html.Node, found func(text string) bool) bool {
	if n.Type == html.TextNode {
		return found(n.Data)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if eachText(c, found) {
			return true
		}
	}
	return false
}

// hasOwnText reports whether an element has text outside its child elements.
func hasOwnText(n *html.Node) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) != "" {
			return true
		}
	}
	return false
}
