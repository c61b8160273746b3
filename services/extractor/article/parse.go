package article

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var errTooManyNodes = errors.New("too many elements")

const (
	// maxDepth is how deep elements may nest once a page is flattened; the
	// parser itself gives up at 512.
	maxDepth = 200
	// maxFormatting is how many formatting elements may be left open before a
	// page is flattened: the parser opens each again in every block that
	// follows (HTML standard, "reconstruct the active formatting elements"),
	// so that a few kilobytes can make millions of nodes.
	maxFormatting = 48
	// maxTag is how long a tag may be, in bytes, before its attributes go.
	maxTag = 256 << 10
)

// parse builds the tree of a page within bounds, without its comments, drawings,
// styles and the bulk of its scripts, and, unless all attributes are wanted,
// without those that nothing here reads. A page that nests too deep, or leaves too
// much formatting open, is flattened first. The data islands that are left out of
// the tree for their size come beside it.
func parse(text []byte, maxNodes int, allAttributes bool) (doc *html.Node, islands [][]byte, err error) {
	found := survey(text, allAttributes)
	if found.tags > maxNodes {
		return nil, nil, errTooManyNodes
	}
	if !found.hostile {
		doc, err := html.Parse(&found.rest)
		if err == nil {
			return doc, found.islands, nil
		}
	}
	doc, err = html.Parse(bytes.NewReader(flatten(text)))
	return doc, nil, err
}

// scriptKept is how much of a script stays, in bytes: enough to tell a page that
// scripts are to fill from one without any.
const scriptKept = 256

// surveyor reads a page's tags as the standard's tokeniser does (HTML standard,
// section 13.2.5), as far as that is needed to know where scripts, styles and
// comments end: a third of an average page is script, and its parsing would be a
// quarter of the work.
type surveyor struct {
	tags int
	// hostile says that the page is built to cost more than its size.
	hostile bool
	rest    pieces   // the page without what is left out
	open    int      // formatting elements
	from    int      // where the current piece begins
	islands [][]byte // JSON for scripts to render, as far as it is left out
	// allAttributes keeps those that only a user's selectors can ask for.
	allAttributes bool
}

func survey(text []byte, allAttributes bool) *surveyor {
	s := &surveyor{allAttributes: allAttributes}
	for i := 0; i < len(text); {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 || i+n+2 >= len(text) {
			break
		}
		i = s.tag(text, i+n)
	}
	s.rest = append(s.rest, text[s.from:])
	return s
}

// tag reads what begins with the "<" at text[i], and returns the position behind
// it.
func (s *surveyor) tag(text []byte, i int) int {
	switch c := text[i+1]; {
	case c == '/' && letter(text[i+2]):
		if formatting(text[i+2:]) {
			s.open = max(0, s.open-1)
		}
		return tagEnd(text, i)
	case bytes.HasPrefix(text[i:], []byte("<!--")):
		s.tags++
		// "<!-->" is a whole comment.
		end := bytes.Index(text[i+2:], []byte("-->"))
		if end < 0 {
			return len(text)
		}
		end += i + 2
		if end > i+4 { // what stands before and behind the comment stays apart
			s.leaveOut(text, i+4, end)
		}
		return end + 3
	case c == '!' || c == '?' || c == '/': // a declaration, or what the standard calls a bogus comment
		if end := bytes.IndexByte(text[i:], '>'); end >= 0 {
			return i + end + 1
		}
		return len(text)
	case !letter(c):
		return i + 1
	}
	s.tags++
	if formatting(text[i+1:]) {
		if s.open++; s.open > maxFormatting {
			s.hostile = true
		}
	}
	end := tagEnd(text, i)
	if !s.allAttributes {
		s.leaveOutAttributes(text, i, end)
	}
	s.hostile = s.hostile || end-i > maxTag
	name := rawName(text[i+1:])
	if name == "svg" {
		if closing := drawingEnd(text, end); closing >= 0 && text[end-2] != '/' {
			s.leaveOut(text, end, closing)
			return closing
		}
		return end
	}
	if name == "" {
		return end
	}
	closing := closingTag(text[end:], name)
	if closing < 0 {
		return len(text)
	}
	content := text[end : end+closing]
	switch {
	case name == "style":
		s.leaveOut(text, end, end+closing)
	case name == "script" && len(content) > scriptKept && !bytes.Contains(content, []byte("<!--")):
		switch tag := text[i:end]; {
		case runs(tag):
			s.leaveOut(text, end+scriptKept, end+closing)
		case bytes.Contains(tag, []byte("application/json")):
			s.leaveOut(text, end+scriptKept, end+closing)
			s.islands = append(s.islands, content)
		}
	}
	return end + closing
}

func (s *surveyor) leaveOut(text []byte, from, to int) {
	s.rest = append(s.rest, text[s.from:from])
	s.from = to
}

// leaveOutAttributes leaves out the attributes of the tag text[i:end] that nothing
// here reads: they are a fifth of all, and each costs the parser three copies.
func (s *surveyor) leaveOutAttributes(text []byte, i, end int) {
	for i < end {
		n := bytes.IndexByte(text[i:end], '=')
		if n < 0 {
			return
		}
		equals := i + n
		i = equals + 1
		if i >= end || text[i] != '"' && text[i] != '\'' {
			continue
		}
		closing := bytes.IndexByte(text[i+1:end], text[i])
		if closing < 0 {
			return
		}
		i += closing + 2
		name := equals
		for name > 0 && nameByte(text[name-1]) {
			name--
		}
		if space(text[name-1]) && unread(text[name:equals]) {
			s.leaveOut(text, name, i)
		}
	}
}

func nameByte(c byte) bool { return letter(c) || c == '-' || c >= '0' && c <= '9' || c == '_' }

// keptData are the attributes of pages' own ("data-…") that are read: hints of an
// element's part, and addresses of media and posts.
var keptData = []string{"block", "bluesky-uri", "component", "instgrm-permalink", "lazy-src", "original", "src", "srcset", "testid", "type"}

// unread says that nothing here reads an attribute.
func unread(name []byte) bool {
	if own, ok := bytes.CutPrefix(name, []byte("data-")); ok {
		_, kept := slices.BinarySearchFunc(keptData, own, func(a string, b []byte) int { return strings.Compare(a, string(b)) })
		return !kept
	}
	return bytes.HasPrefix(name, []byte("aria-")) || string(name) == "sizes" || string(name) == "target" || string(name) == "tabindex" || string(name) == "onclick"
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// tagEnd is the position behind the tag that begins at text[i]: a ">" within
// quotes is no end.
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

// rawNames are the elements whose content is text, tags and all, and drawings,
// which hold none of the page's.
var rawNames = []string{"svg", "script", "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes"}

// rawName is the one of rawNames that a tag's name is, or "".
func rawName(b []byte) string { return named(b, rawNames) }

func named(b []byte, names []string) string {
	for _, name := range names {
		if len(b) > len(name) && b[0]|0x20 == name[0] && bytes.EqualFold(b[:len(name)], []byte(name)) && endsName(b[len(name)]) {
			return name
		}
	}
	return ""
}

func endsName(c byte) bool { return space(c) || c == '/' || c == '>' }

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// closingTag is where the closing tag of an element of a name begins, or -1.
func closingTag(text []byte, name string) int {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte("</"))
		if n < 0 {
			return -1
		}
		i += n + 2
		if rest := text[i:]; len(rest) > len(name) && bytes.EqualFold(rest[:len(name)], []byte(name)) && endsName(rest[len(name)]) {
			return i - 2
		}
	}
}

// drawingEnd is where the closing tag of the drawing begins whose content begins
// at text[i], or -1: for one that never ends, or holds what only the parser can
// make sense of (another drawing, or elements of HTML, which end it).
func drawingEnd(text []byte, i int) int {
	for {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 || i+n+2 >= len(text) {
			return -1
		}
		i += n
		if text[i+1] == '/' {
			if rawName(text[i+2:]) == "svg" {
				return i
			}
			i++
		}
		if !letter(text[i+1]) || !drawn(text[i+1:]) {
			return -1
		}
		i = tagEnd(text, i)
	}
}

// drawnNames are the elements that drawings are mostly made of.
var drawnNames = []string{"path", "g", "defs", "use", "circle", "ellipse", "rect", "line", "polygon", "polyline", "text", "tspan", "stop", "mask", "filter", "clippath", "symbol", "lineargradient", "radialgradient"}

func drawn(b []byte) bool { return named(b, drawnNames) != "" }

// runs says that a script's tag is of one that runs: it holds no data.
func runs(tag []byte) bool {
	at := bytes.Index(tag, []byte("type"))
	return at < 0 || bytes.Contains(tag[at:], []byte("javascript")) || bytes.Contains(tag[at:], []byte("module"))
}

// pieces is a reader of several slices, one behind the other.
type pieces [][]byte

// Read fills b as far as the pieces go.
func (p *pieces) Read(b []byte) (int, error) {
	n := 0
	for len(*p) > 0 && n < len(b) {
		copied := copy(b[n:], (*p)[0])
		n += copied
		if (*p)[0] = (*p)[0][copied:]; len((*p)[0]) == 0 {
			*p = (*p)[1:]
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// formatting says that a tag's name is one of the standard's formatting
// elements.
func formatting(b []byte) bool {
	var name [7]byte
	n := 0
	for ; n < len(b) && n < len(name); n++ {
		c := b[n] | 0x20
		if c < 'a' || c > 'z' {
			break
		}
		name[n] = c
	}
	switch string(name[:n]) {
	case "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u":
		return true
	}
	return false
}

// flatten rewrites a page without formatting elements other than links, without
// overlong tags, and with nesting bounded: tags beyond the bound go, their text
// stays.
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
			if tag != 0 && tag != atom.A && formatting(name) && len(name) < 8 || len(raw) > maxTag {
				continue
			}
			if !voidElements[tag] {
				if depth >= maxDepth {
					skipped++
					continue
				}
				depth++
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if tag := atom.Lookup(name); tag != atom.A && formatting(name) && len(name) < 8 {
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

var voidElements = map[atom.Atom]bool{atom.Br: true, atom.Img: true, atom.Meta: true, atom.Link: true, atom.Input: true, atom.Hr: true, atom.Base: true, atom.Area: true, atom.Col: true, atom.Embed: true, atom.Source: true, atom.Track: true, atom.Wbr: true, atom.P: true, atom.Li: true}

// fromData makes paragraphs of a text that structured data holds.
func fromData(text string) []Block {
	var body []Block
	text = html.UnescapeString(text)
	if strings.Contains(text, "</p>") || strings.Contains(text, "<br") {
		doc, _, err := parse([]byte(text), 20_000, false)
		if err != nil {
			return nil
		}
		t := layOut(doc)
		for i := range t.runs {
			if t.runs[i].kind == runText {
				body = append(body, Block{Kind: Paragraph, Text: t.textOf(&t.runs[i])})
			}
		}
		return body
	}
	for line := range strings.Lines(text) {
		if line = squeeze(line); line != "" {
			body = append(body, Block{Kind: Paragraph, Text: line})
		}
	}
	return body
}
