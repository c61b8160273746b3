package page

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth is the maximum nesting of elements in a flattened page. The parser itself
// stops at 512.
const maxDepth = 200

// flatten rewrites a page without formatting elements other than links, without
// overlong tags, and with bounded nesting: tags beyond the bound are dropped and
// their text is kept.
func flatten(text []byte) []byte {
	z := html.NewTokenizer(bytes.NewReader(text))
	var out bytes.Buffer
	depth, skipped := 0, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.Bytes()
		}
		raw := z.Raw()
		switch kind {
		case html.StartTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			if tag != 0 && tag != atom.A && isFormatting(name) || len(raw) > maxTag {
				continue
			}
			if !unnested(tag) {
				if depth >= maxDepth {
					skipped++
					continue
				}
				depth++
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if atom.Lookup(name) != atom.A && isFormatting(name) {
				continue
			}
			if skipped > 0 {
				skipped--
				continue
			}
			depth = max(0, depth-1)
		}
		out.Write(raw)
	}
}

// isFormatting reports whether a name is that of a formatting element.
func isFormatting(name []byte) bool { return kindOf(name) == formattingTag }

// unnested reports whether an element is not counted as a level of nesting: void
// elements, and those that are commonly left unclosed.
func unnested(tag atom.Atom) bool {
	switch tag {
	case atom.Br, atom.Img, atom.Meta, atom.Link, atom.Input, atom.Hr, atom.Base, atom.Area, atom.Col, atom.Embed,
		atom.Source, atom.Track, atom.Wbr, atom.P, atom.Li:
		return true
	}
	return false
}
