package page

import (
	"bytes"
)

// unread reports whether no stage reads an attribute of an element other than a picture. Of
// the attributes that start with "data-", stages read hints (component, testid, type,
// block) and the addresses of media, backgrounds and posts.
func unread(name []byte) bool {
	if own, ok := bytes.CutPrefix(name, []byte("data-")); ok {
		switch string(own) {
		case "background", "background-image", "bg", "block", "bluesky-uri", "component", "instgrm-permalink",
			"src", "testid", "type":
			return false
		}
		return true
	}
	switch string(name) {
	case "sizes", "target", "tabindex", "onclick":
		return true
	}
	return bytes.HasPrefix(name, []byte("aria-")) && string(name) != "aria-hidden"
}

// pictureNames are the elements all of whose attributes are read: scripts that load
// pictures have many names for their addresses.
var pictureNames = []string{"img", "source"}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func nameByte(c byte) bool { return letter(c) || c == '-' || c >= '0' && c <= '9' || c == '_' }

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

func endsName(c byte) bool { return space(c) || c == '/' || c == '>' }

// tagEnd returns the position after the tag that starts at text[i]. A ">" within
// a quoted value does not end the tag.
func tagEnd(text []byte, i int) int {
	for i < len(text) {
		n := bytes.IndexAny(text[i:], ">=")
		if n < 0 {
			return len(text)
		}
		i += n + 1
		if text[i-1] == '>' {
			return i
		}
		for i < len(text) && space(text[i]) {
			i++
		}
		if i < len(text) && (text[i] == '"' || text[i] == '\'') {
			end := bytes.IndexByte(text[i+1:], text[i])
			if end < 0 {
				return len(text)
			}
			i += end + 2
		}
	}
	return i
}

// The names of elements that are left out.
const (
	svgName    = "svg"
	scriptName = "script"
	styleName  = "style"
)

// rawNames are the elements whose content the tokeniser does not read as tags,
// and svg, which contains no text of the page.
var rawNames = []string{
	svgName, scriptName, styleName, "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes",
}

// rawName returns the name of the tag at the start of b if it is one of rawNames, and ""
// otherwise.
func rawName(b []byte) string { return named(b, rawNames) }

func named(b []byte, names []string) string {
	for _, name := range names {
		if len(b) > len(name) && b[0]|0x20 == name[0] && bytes.EqualFold(b[:len(name)], []byte(name)) &&
			endsName(b[len(name)]) {
			return name
		}
	}
	return ""
}

// closingTag returns the index of the next closing tag with a name, or -1.
func closingTag(text []byte, name string) int {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte("</"))
		if n < 0 {
			return -1
		}
		i += n + 2
		rest := text[i:]
		if len(rest) > len(name) && bytes.EqualFold(rest[:len(name)], []byte(name)) && endsName(rest[len(name)]) {
			return i - 2
		}
	}
}

// drawingEnd returns the index of the closing tag of a drawing whose content starts at
// text[i]. It returns -1 if the drawing never ends or contains anything that needs the
// parser: another drawing, or an HTML element, which ends the drawing.
func drawingEnd(text []byte, i int) int {
	for {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 || i+n+2 >= len(text) {
			return -1
		}
		i += n
		if text[i+1] == '/' {
			if rawName(text[i+2:]) == svgName {
				return i
			}
			i++
		}
		if !letter(text[i+1]) || named(text[i+1:], drawnNames) == "" {
			return -1
		}
		i = tagEnd(text, i)
	}
}

// drawnNames are the elements that most drawings consist of.
var drawnNames = []string{
	"path", "g", "defs", "use", "circle", "ellipse", "rect", "line", "polygon", "polyline", "text", "tspan", "stop",
	"mask", "filter", "clippath", "symbol", "lineargradient", "radialgradient",
}

// executable reports whether the tag of a script is that of a program, not of data.
func executable(tag []byte) bool {
	at := bytes.Index(tag, []byte("type"))
	return at < 0 || bytes.Contains(tag[at:], []byte("javascript")) || bytes.Contains(tag[at:], []byte("module"))
}

// tagKind is the kind of an element, by its name.
type tagKind int

const (
	otherTag      tagKind = iota
	formattingTag         // a formatting element of the HTML standard
	// blockTag is a block that contains text. White space beside its start tag has no
	// meaning. Not included are tags that the parser ignores in some places, such as td.
	blockTag
	preTag
)

// longestName is the length of the longest name that has a kind, with one byte more to
// detect longer names.
const longestName = len("blockquote") + 1

// kindOf returns the kind of the element whose name b starts with.
func kindOf(b []byte) tagKind {
	var name [longestName]byte
	n := 0
	for ; n < len(b) && n < len(name) && (letter(b[n]) || b[n] >= '1' && b[n] <= '6'); n++ {
		name[n] = b[n] | 0x20
	}
	switch string(name[:n]) {
	case "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u":
		return formattingTag
	case "div", "li", "ul", "ol", "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "section", "article", "header",
		"footer", "nav", "aside", "main", "figure", "figcaption", "blockquote", "dl", "dt", "dd":
		return blockTag
	case "pre":
		return preTag
	}
	return otherTag
}
