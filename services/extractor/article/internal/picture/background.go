package picture

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Background returns the address of an element's background picture as it is written on
// the page, also if a script loads it, or "".
func Background(n *html.Node) string {
	for _, key := range []string{"data-bg", "data-background", "data-background-image", "data-src", "style"} {
		value := strings.TrimSpace(page.Attr(n, key))
		if key == "style" && !strings.Contains(value, "background") {
			continue
		}
		if inside, ok := insideURL(value); ok {
			value = inside
		} else if !File(value) {
			continue
		}
		if qualityOf(value) == genuine {
			return value
		}
	}
	return ""
}

// insideURL returns the address in the url function of a style.
func insideURL(style string) (string, bool) {
	_, rest, ok := strings.Cut(style, "url(")
	if !ok {
		return "", false
	}
	address, _, ok := strings.Cut(rest, ")")
	return strings.Trim(strings.TrimSpace(address), `"'`), ok
}
