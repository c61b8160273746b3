package page

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/net/html"
)

// ErrTooManyNodes is the error for a page with more tags and comments than the
// bound.
var ErrTooManyNodes = errors.New("too many elements")

// parse builds the tree of a page within bounds. It leaves out comments,
// drawings, styles, the bulk of the scripts and, unless allAttributes is set,
// the attributes that no stage reads. A page that nests too deeply or leaves too
// many formatting elements open is flattened first. Data islands that are too
// large for the tree are returned separately.
func parse(text []byte, maxNodes int, allAttributes bool) (doc *html.Node, islands [][]byte, err error) {
	found := survey(text, allAttributes)
	if found.tags > maxNodes {
		return nil, nil, ErrTooManyNodes
	}
	if !found.hostile {
		doc, err := html.Parse(&found.rest)
		if err == nil {
			return doc, append(found.islands, scriptedIslands(found.scripted)...), nil
		}
	}
	doc, err = html.Parse(bytes.NewReader(flatten(text)))
	return doc, nil, err
}

const (
	// maxFormatting is the maximum number of formatting elements that a page may
	// leave open before it is flattened. The parser opens each of them again in
	// every block that follows (HTML standard, "reconstruct the active formatting
	// elements"), so that a few kilobytes can produce millions of nodes.
	maxFormatting = 48
	// maxTag is the maximum length of a tag in bytes. A page with a longer one is
	// flattened.
	maxTag = 256 << 10
	// scriptKept is the number of bytes of a script that are kept. They suffice to
	// distinguish a page that scripts fill from a page without scripts.
	scriptKept = 256
)

// surveyor scans a page's tags as the tokeniser of the HTML standard does
// (section 13.2.5), to the extent needed to find where scripts, styles and
// comments end. A third of an average page is script, and parsing it would be a
// quarter of the work.
type surveyor struct {
	tags int
	// hostile reports that the page is built to cost more than its size.
	hostile bool
	rest    pieces   // the page without the parts that are left out
	open    int      // open formatting elements
	pre     int      // open pre elements
	from    int      // start of the current piece
	islands [][]byte // JSON for scripts to render that is left out
	// scripted is data for scripts to render that is written as a program.
	scripted []byte
	// allAttributes keeps the attributes that only a user's selectors can match.
	allAttributes bool
}

func survey(text []byte, allAttributes bool) *surveyor {
	s := &surveyor{allAttributes: allAttributes}
	for i := 0; i < len(text); {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 || i+n+2 >= len(text) {
			break
		}
		i = s.markup(text, i+n)
	}
	s.rest = append(s.rest, text[s.from:])
	return s
}

// markup scans the tag or comment that starts with the "<" at text[i] and returns the
// position after it.
func (s *surveyor) markup(text []byte, i int) int {
	switch c := text[i+1]; {
	case c == '/' && letter(text[i+2]):
		switch kindOf(text[i+2:]) {
		case formattingTag:
			s.open = max(0, s.open-1)
		case preTag:
			s.pre = max(0, s.pre-1)
		}
		return tagEnd(text, i)
	case bytes.HasPrefix(text[i:], []byte("<!--")):
		return s.comment(text, i)
	case c == '!' || c == '?' || c == '/': // a declaration or, in the terms of the HTML standard, a bogus comment
		if end := bytes.IndexByte(text[i:], '>'); end >= 0 {
			return i + end + 1
		}
		return len(text)
	case !letter(c):
		return i + 1
	}
	return s.startTag(text, i)
}

func (s *surveyor) comment(text []byte, i int) int {
	s.tags++
	// "<!-->" is a complete comment.
	end := bytes.Index(text[i+2:], []byte("-->"))
	if end < 0 {
		return len(text)
	}
	end += i + 2
	if end > i+4 { // keep the delimiters, which separate the text on both sides
		s.leaveOut(text, i+4, end)
	}
	return end + 3
}

// startTag scans the start tag at text[i], and the content of an element whose
// content is not markup.
func (s *surveyor) startTag(text []byte, i int) int {
	s.tags++
	end := tagEnd(text, i)
	kind := kindOf(text[i+1:])
	switch kind {
	case formattingTag:
		s.open++
	case preTag:
		s.pre++
	case blockTag:
		if s.spaceIsIdle() {
			s.leaveOutSpace(text, i)
		}
	}
	if !s.allAttributes && named(text[i+1:], pictureNames) == "" {
		s.leaveOutAttributes(text, i, end)
	}
	s.hostile = s.hostile || s.open > maxFormatting || end-i > maxTag
	if kind == blockTag && s.spaceIsIdle() {
		return s.afterBlock(text, end)
	}
	name := rawName(text[i+1:])
	if name == svgName {
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
	s.leaveOutContent(text, name, i, end, end+closing)
	return end + closing
}

// leaveOutContent leaves out the content text[from:to] of a style element, or the bulk
// of the content of a script element. The start tag is text[tag:from].
func (s *surveyor) leaveOutContent(text []byte, name string, tag, from, to int) {
	content := text[from:to]
	if name == scriptName && len(s.scripted) < maxScripted {
		s.scripted = appendScripted(s.scripted, content)
	}
	switch {
	case name == styleName:
		s.leaveOut(text, from, to)
	case name == scriptName && len(content) > scriptKept && !bytes.Contains(content, []byte("<!--")):
		switch tag := text[tag:from]; {
		case executable(tag):
			s.leaveOut(text, from+scriptKept, to)
		case bytes.Contains(tag, []byte("application/json")):
			s.leaveOut(text, from+scriptKept, to)
			s.islands = append(s.islands, content)
		}
	}
}

func (s *surveyor) leaveOut(text []byte, from, to int) {
	s.rest = append(s.rest, text[s.from:from])
	s.from = to
}

// spaceIsIdle reports whether white space beside a block means nothing to the parser and
// to the later stages. In white space, the parser opens formatting elements again.
func (s *surveyor) spaceIsIdle() bool { return s.pre == 0 && s.open == 0 }

// leaveOutSpace leaves out the white space between the previous tag and the start tag of a
// block at text[i]. Such white space and that after the start tag are a quarter of all
// tokens, and separate no text.
func (s *surveyor) leaveOutSpace(text []byte, i int) {
	from := i
	for from > s.from && space(text[from-1]) {
		from--
	}
	if from < i && from > s.from && text[from-1] == '>' {
		s.leaveOut(text, from, i)
	}
}

// afterBlock leaves out the white space between the start tag of a block, which ends at
// text[end], and the next tag. It returns the position to continue at.
func (s *surveyor) afterBlock(text []byte, end int) int {
	next := end
	for next < len(text) && space(text[next]) {
		next++
	}
	if next == end || next == len(text) || text[next] != '<' {
		return end
	}
	s.leaveOut(text, end, next)
	return next
}

// leaveOutAttributes leaves out the attributes of the tag text[i:end] that no stage
// reads. They are a fifth of all attributes, and the parser copies each three times.
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

// pieces is a reader of several slices in sequence.
type pieces [][]byte

// Read implements io.Reader.
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
