package article

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

func appendRune(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(b, byte(r))
	}
	return utf8.AppendRune(b, r)
}

func attr(n *html.Node, key string) string {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return n.Attr[i].Val
		}
	}
	return ""
}

// squeeze makes each stretch of white space one space and cuts it at the ends.
func squeeze(s string) string {
	clean := true
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && space {
			clean = false
			break
		}
		space = c == ' '
	}
	if clean && !space {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space = false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
		case r == '\u200b' || r == '\ufeff' || r == '\u00ad' || r == '\u2060' || r == '\u200e' || r == '\u200f':
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxNodeText bounds what nodeText reads, in bytes.
const maxNodeText = 4096

// nodeText is the squeezed text below n, up to a bound.
func nodeText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if b.Len() > maxNodeText {
			break
		}
		switch {
		case d.Type == html.TextNode && !unseen[d.Parent.DataAtom]:
			b.WriteString(d.Data)
		case d.Type == html.ElementNode && !inlineElements[d.DataAtom] || d.DataAtom == atom.Br:
			b.WriteByte(' ')
		}
	}
	return squeeze(b.String())
}

var unseen = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Button: true, atom.Title: true}

// fold is s in the form in which texts are compared: letters and digits in
// lower case.
func fold(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			} else if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
				continue
			}
			b = append(b, byte(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return string(b)
}

//go:embed lists/author_paths.txt
var authorPathList string

var authorPaths = wordlist.Entries(authorPathList)

// authorLink says that a link's path has an author segment with a name behind
// it.
func authorLink(href string) bool {
	if len(href) < 5 || len(href) > 300 || strings.IndexByte("#jm", href[0]) >= 0 && !strings.Contains(href, "/") {
		return false
	}
	rest := href
	if i := strings.Index(rest, "://"); i >= 0 {
		rest = rest[i+3:]
		j := strings.IndexByte(rest, '/')
		if j < 0 {
			return false
		}
		rest = rest[j:]
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	for {
		segment, after, more := strings.Cut(rest, "/")
		if !more {
			return false
		}
		if len(after) > 1 && slices.Contains(authorPaths, segment) {
			return true
		}
		rest = after
	}
}

// resolve is href as an absolute http address, or "".
func resolve(base *url.URL, href string) string {
	href = strings.TrimSpace(href)
	if href == "" || strings.HasPrefix(href, "#") || strings.HasPrefix(href, "data:") || strings.HasPrefix(href, "javascript:") {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" {
		return ""
	}
	return u.String()
}

func runeCount(s string) int { return utf8.RuneCountInString(s) }
