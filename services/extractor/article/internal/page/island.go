package page

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonbound"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

const (
	// MinIslandChars is the minimum length in characters of a text that is taken from
	// a data island or from structured data. A shorter text is a teaser.
	MinIslandChars = 500

	maxIslandNest = 40 // maximum nesting of values that are searched
	maxPartNest   = 6  // maximum nesting of the text of one part of a body
	minIslandList = 3  // a list of fewer parts is not a body

	// charsPerSentence is the maximum average length of a sentence in prose. A
	// longer text with fewer sentence ends is code or a list of tokens.
	charsPerSentence = 400
)

// islandLimits are those of a data island that is decoded.
var islandLimits = jsonbound.Limits{Bytes: 8 << 20, Items: 1_000_000, Depth: 1000}

// withIsland returns p laid out again with the text of its data islands (the JSON of a
// framework, or a noscript element) if the page itself shows no text. leftOut contains
// the large islands, which are not in the tree.
func withIsland(doc *html.Node, p *Page, leftOut [][]byte, maxNodes int) *Page {
	if len(p.Islands)+len(leftOut) == 0 || p.body == nil || p.proseChars() >= MinIslandChars {
		return p
	}
	for _, island := range leftOut {
		p.Islands = append(p.Islands, string(island))
	}
	best := longestIsland(p.Islands)
	if best.chars < MinIslandChars {
		return p
	}
	inner, _, err := parse([]byte(best.markup), maxNodes, false)
	if err != nil {
		return p
	}
	p.body.AppendChild(articleOf(inner))
	p = layOut(doc)
	p.FromIsland = true
	return p
}

// proseChars returns the number of characters in runs of prose.
func (p *Page) proseChars() int32 {
	shown := int32(0)
	for i := range p.Runs {
		if r := &p.Runs[i]; r.Prose() {
			shown += r.Chars
		}
	}
	return shown
}

// articleOf moves the contents of a document's body into an article element.
func articleOf(doc *html.Node) *html.Node {
	article := &html.Node{Type: html.ElementNode, Data: "article", DataAtom: atom.Article}
	for n := range doc.Descendants() {
		if n.DataAtom == atom.Body {
			for c := n.FirstChild; c != nil; c = n.FirstChild {
				n.RemoveChild(c)
				article.AppendChild(c)
			}
			break
		}
	}
	return article
}

// islandText is the longest text found so far in data islands, as markup.
type islandText struct {
	markup string
	chars  int
}

func longestIsland(islands []string) islandText {
	var best islandText
	for _, island := range islands {
		if strings.HasPrefix(strings.TrimLeft(island, " \n\t"), "<") {
			best.offer(island)
			continue
		}
		var v any
		if _, ok := islandLimits.Count([]byte(island)); ok && json.Unmarshal([]byte(island), &v) == nil {
			best.search(v, 0)
		}
	}
	return best
}

// offer replaces the best text by one that is longer and reads as prose.
func (b *islandText) offer(markup string) {
	ends := strings.Count(markup, ". ") + strings.Count(markup, ".<") + 2*strings.Count(markup, "。")
	chars := norm.Len(markup)
	if chars > b.chars && ends*charsPerSentence > chars && !strings.Contains(markup, "function(") {
		b.markup, b.chars = markup, chars
	}
}

// search looks for the text in a JSON value: one long string, or a list with one
// paragraph in each part.
func (b *islandText) search(v any, depth int) {
	if depth > maxIslandNest {
		return
	}
	switch v := v.(type) {
	case string:
		if len(v) >= MinIslandChars {
			b.offer(paragraphs(v))
		}
	case []any:
		if len(v) >= minIslandList && !listsArticles(v) {
			var parts strings.Builder
			for _, part := range v {
				if text := partText(part, 0); text != "" {
					parts.WriteString(paragraphs(text))
				}
			}
			b.offer(parts.String())
		}
		for _, part := range v {
			b.search(part, depth+1)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b.search(v[key], depth+1)
		}
	}
}

// listsArticles reports whether a list has parts with titles or addresses: it is
// then a list of articles and not the parts of one.
func listsArticles(list []any) bool {
	return slices.ContainsFunc(list, func(part any) bool {
		o, _ := part.(map[string]any)
		for key := range strings.FieldsSeq("title headline slug url") {
			if s, ok := o[key].(string); ok && s != "" {
				return true
			}
		}
		return false
	})
}

// partText returns the text of one part of a body, with the texts of its pieces
// joined.
func partText(part any, depth int) string {
	if depth > maxPartNest {
		return ""
	}
	switch v := part.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, piece := range v {
			if _, plain := piece.(string); !plain {
				b.WriteString(partText(piece, depth+1))
			}
		}
		return b.String()
	case map[string]any:
		// The names that frameworks and editors give to the text of a part.
		for key := range strings.FieldsSeq("html content text value body paragraph children data") {
			if text := partText(v[key], depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}

// paragraphs returns a text as markup, with a p element for each line of plain
// text.
func paragraphs(text string) string {
	if strings.Contains(text, "<p") || strings.Contains(text, "<h2") || strings.Contains(text, "<br") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("<p>" + line + "</p>\n")
		}
	}
	return b.String()
}
