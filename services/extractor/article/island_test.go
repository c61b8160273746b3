package article_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestTextInDataOnly(t *testing.T) {
	t.Parallel()
	lines := make([]string, 6)
	for i := range lines {
		lines[i] = fmt.Sprintf("On day %d the council met and agreed, after a long debate, to repair the old "+
			"stone bridge before winter comes.", i+1)
	}
	marked := "<p>" + strings.Join(lines, "</p><p>") + "</p>"
	next := func(props any) string {
		data, err := json.Marshal(map[string]any{"props": map[string]any{"pageProps": props}, "page": "/story"})
		if err != nil {
			t.Fatal(err)
		}
		return `<script id="__NEXT_DATA__" type="application/json">` + string(data) + `</script>`
	}
	var elements, nodes []any
	for _, line := range lines {
		elements = append(elements, map[string]any{"type": "text", "content": line})
		half := len(line) / 2
		nodes = append(nodes, map[string]any{"nodeType": "paragraph",
			"content": []any{map[string]any{"value": line[:half]}, map[string]any{"value": line[half:]}}})
	}
	others := []any{}
	for i := range 30 {
		others = append(others, map[string]any{"title": fmt.Sprint("Another story ", i),
			"content": "<p>It rained again. " + strings.Repeat("The tide was out. ", 10) + "</p>"})
	}
	ld, err := json.Marshal(map[string]any{"@type": "NewsArticle", "headline": "Council agrees to repair the old " +
		"bridge", "articleBody": strings.Join(lines, "\n\n")})
	if err != nil {
		t.Fatal(err)
	}
	for name, shell := range map[string]string{
		"markup":     next(map[string]any{"post": map[string]any{"body": marked}, "latest": others}),
		"elements":   next(map[string]any{"story": map[string]any{"content_elements": elements}}),
		"rich text":  next(map[string]any{"story": map[string]any{"document": map[string]any{"content": nodes}}}),
		"noscript":   "<noscript><div>" + marked + "</div></noscript>",
		"structured": `<script type="application/ld+json">` + string(ld) + `</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>Council agrees to repair the old bridge</title></head><body><div " +
				"id=__next></div>" + shell + "</body></html>"
			a := extract(t, article.Page{URL: "https://127.0.0.1/a", Body: []byte(page)})
			if want := strings.Join(lines, "\n\n"); a.Text != want {
				t.Errorf("text is %q, want %q", a.Text, want)
			}
		})
	}
}
