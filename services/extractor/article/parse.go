package article

import (
	"bytes"
	"errors"
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

// parse builds the tree of a page within bounds. A page that nests too deep,
// or leaves too much formatting open, is flattened first.
func parse(text []byte, maxNodes int) (*html.Node, error) {
	tags, hostile := survey(text)
	if tags > maxNodes {
		return nil, errTooManyNodes
	}
	if !hostile {
		doc, err := html.Parse(bytes.NewReader(text))
		if err == nil {
			return doc, nil
		}
	}
	return html.Parse(bytes.NewReader(flatten(text)))
}

// survey counts the tags of a page and says whether it is built to cost more
// than its size.
func survey(text []byte) (tags int, hostile bool) {
	open := 0
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 || i+n+2 >= len(text) {
			return tags, hostile
		}
		i += n + 1
		closing := text[i] == '/'
		if !closing {
			tags++
		}
		at := i
		if closing {
			at++
		}
		if formatting(text[at:]) {
			if closing {
				open = max(0, open-1)
			} else if open++; open > maxFormatting {
				hostile = true
			}
		}
		if text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z' && i+maxTag < len(text) && bytes.IndexByte(text[i:i+maxTag], '>') < 0 {
			hostile = true
		}
	}
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
		doc, err := parse([]byte(text), 20_000)
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
