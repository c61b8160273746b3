package article

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	islandLetters = 500     // less text than this in a data island is no article
	maxIslandJSON = 8 << 20 // bytes of a data island that are read
	maxIslandNest = 40      // how deep its values are looked into
)

// withIsland lays a page out again with the text that it carries as data for a
// script to render (the JSON of a framework, or a noscript element), if it shows
// no text itself. Islands that the tree has no room for come as they were found.
func withIsland(doc *html.Node, t *tree, islands [][]byte, maxNodes int) *tree {
	if len(t.islands) == 0 || t.body == nil {
		return t
	}
	shown := int32(0)
	for i := range t.runs {
		if prose(&t.runs[i]) {
			shown += t.runs[i].letters
		}
	}
	if shown >= islandLetters {
		return t
	}
	var best islandText
	for _, island := range islands {
		t.islands = append(t.islands, string(island))
	}
	for _, island := range t.islands {
		if strings.HasPrefix(strings.TrimLeft(island, " \n\t"), "<") {
			best.offer(island)
			continue
		}
		var v any
		if len(island) <= maxIslandJSON && json.Unmarshal([]byte(island), &v) == nil {
			best.search(v, 0)
		}
	}
	if best.letters < islandLetters {
		return t
	}
	inner, _, err := parse([]byte(best.markup), maxNodes, false)
	if err != nil {
		return t
	}
	story := &html.Node{Type: html.ElementNode, Data: "article", DataAtom: atom.Article}
	for n := range inner.Descendants() {
		if n.DataAtom == atom.Body {
			for c := n.FirstChild; c != nil; c = n.FirstChild {
				n.RemoveChild(c)
				story.AppendChild(c)
			}
			break
		}
	}
	t.body.AppendChild(story)
	t = layOut(doc)
	t.fromIsland = true
	return t
}

// islandText is the best candidate for the text among an island's values, as
// markup.
type islandText struct {
	markup  string
	letters int
}

// offer takes a text if it is the longest so far that reads as prose.
func (b *islandText) offer(markup string) {
	stops := strings.Count(markup, ". ") + strings.Count(markup, ".<") + 2*strings.Count(markup, "。")
	if letters := runeCount(markup); letters > b.letters && stops*400 > letters && !strings.Contains(markup, "function(") {
		b.markup, b.letters = markup, letters
	}
}

// search looks for the text: one long string, or a list whose parts carry one
// paragraph each. A list whose parts have titles or addresses is one of
// articles.
func (b *islandText) search(v any, depth int) {
	if depth > maxIslandNest {
		return
	}
	switch v := v.(type) {
	case string:
		if len(v) >= islandLetters {
			b.offer(paragraphs(v))
		}
	case []any:
		if len(v) >= 3 && !listsArticles(v) {
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

func listsArticles(list []any) bool {
	return slices.ContainsFunc(list, func(part any) bool {
		o, _ := part.(map[string]any)
		for _, key := range []string{"title", "headline", "slug", "url"} {
			if s, ok := o[key].(string); ok && s != "" {
				return true
			}
		}
		return false
	})
}

// textKeys are what frameworks and editors call a part's text.
var textKeys = []string{"html", "content", "text", "value", "body", "paragraph", "children", "data"}

// partText is the text of one part of a body, the texts of its pieces joined.
func partText(part any, depth int) string {
	if depth > 6 {
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
		for _, key := range textKeys {
			if text := partText(v[key], depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}

// paragraphs is a text as markup: as it is where it is that, else a p element
// for each of its lines.
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
