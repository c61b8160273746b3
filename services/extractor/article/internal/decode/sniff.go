package decode

import (
	"bytes"
	"net/http"
	"strings"
)

// Kind names what the bytes are when they are not a page ("image/png",
// "application/pdf", "application/json", "feed"), or is empty. The bytes
// decide, not what the server calls them.
func Kind(body []byte) string {
	head := bytes.TrimLeft(body[:min(len(body), 1024)], " \t\r\n\xef\xbb\xbf")
	if len(head) == 0 {
		return ""
	}
	lower := bytes.ToLower(head)
	switch {
	case lower[0] == '{' || lower[0] == '[':
		if !bytes.Contains(bytes.ToLower(body[:min(len(body), 64<<10)]), []byte("<p")) {
			return "application/json"
		}
	case bytes.HasPrefix(lower, []byte("<?xml")), bytes.HasPrefix(lower, []byte("<rss")), bytes.HasPrefix(lower, []byte("<feed")):
		for _, root := range []string{"<rss", "<feed", "<urlset", "<sitemapindex", "<rdf:rdf", "<svg", "<error>"} {
			if bytes.Contains(lower, []byte(root)) {
				return "application/xml"
			}
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch {
	case strings.HasPrefix(kind, "text/"):
		return ""
	case kind == "application/octet-stream" && !looksBinary(head):
		return ""
	default:
		return kind
	}
}
