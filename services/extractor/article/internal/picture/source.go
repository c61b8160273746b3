package picture

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Source returns the address of a picture as it is written on the page, or "" if the
// element shows none. It prefers the original that the picture links to, then the largest
// candidate of a srcset, the address for a script that loads the picture, and the address
// in the src attribute. If all of these are missing or that of a placeholder, it is the
// address in a noscript element beside the picture.
func Source(n *html.Node) string {
	if original := linkedOriginal(n); original != "" {
		return original
	}
	own := readAttributes(n)
	if own.set.address != "" {
		return own.set.address
	}
	sources := largestOfSources(n)
	if sources.width > 0 {
		return sources.address
	}
	if own.plain != "" {
		return own.plain
	}
	if sources.address != "" {
		return sources.address
	}
	if address := noscriptSource(n); address != "" {
		return address
	}
	return own.doubtful
}

// attributes are the addresses in the attributes of a picture.
type attributes struct {
	set      candidate // the largest one of srcsets
	plain    string    // that for scripts, or else that of the src attribute
	doubtful string    // may be that of a placeholder
}

func readAttributes(n *html.Node) attributes {
	var found attributes
	scripted, src, guessed := "", "", ""
	for i := range n.Attr {
		key, value := n.Attr[i].Key, strings.TrimSpace(n.Attr[i].Val)
		switch {
		case value == "":
		case strings.HasSuffix(key, "srcset"):
			if c := largest(value); c.address != "" && (found.set.address == "" || c.better(found.set)) {
				found.set = c
			}
		case key == "src":
			src = found.take(value)
		case scripted != "" || !strings.Contains(key, "-") && !strings.HasSuffix(key, "src") || names(key, previewWords):
		case strings.HasSuffix(key, "src") || key == "data-original":
			scripted = found.take(value)
		case guessed == "" && File(value) && !strings.ContainsAny(value, " \""):
			guessed = found.take(value)
		}
	}
	switch {
	case scripted != "":
		found.plain = scripted
	case src != "":
		found.plain = src
	default:
		found.plain = guessed
	}
	return found
}

// take returns an address if it is genuine, and remembers it if it is doubtful.
func (a *attributes) take(address string) string {
	switch qualityOf(address) {
	case genuine:
		return address
	case doubtful:
		if a.doubtful == "" {
			a.doubtful = address
		}
	}
	return ""
}

// largestOfSources returns the largest candidate of the source elements beside a picture.
// Those for narrow screens only are often cut.
func largestOfSources(n *html.Node) candidate {
	var best candidate
	if n.Parent == nil || n.Parent.DataAtom != atom.Picture {
		return best
	}
	for c := n.Parent.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Source {
			continue
		}
		found := readAttributes(c).set
		if found.address == "" || best.address != "" && !found.better(best) {
			continue
		}
		if best.address == "" || !strings.Contains(page.Attr(c, "media"), "max-width") {
			best = found
		}
	}
	return best
}

const (
	originalLevels = 3  // from a picture up to the link to its original
	maxInLink      = 20 // elements in such a link
)

// linkedOriginal returns the address of the file that a link around a picture leads to, or
// "" if the picture has no such link, or shares it with other pictures.
func linkedOriginal(n *html.Node) string {
	link := n.Parent
	for level := 1; link != nil && link.DataAtom != atom.A; level++ {
		if level == originalLevels {
			return ""
		}
		link = link.Parent
	}
	if link == nil {
		return ""
	}
	href := strings.TrimSpace(page.Attr(link, "href"))
	if !File(href) || qualityOf(href) != genuine {
		return ""
	}
	elements := 0
	for d := range link.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		if elements++; elements > maxInLink || d.DataAtom == atom.Img && d != n {
			return ""
		}
	}
	return href
}
