package decode

import (
	"bytes"
	"net/http"
	"strings"
)

const (
	// kindBytes is the number of bytes at the start that identify a media type.
	kindBytes = 1024
	// jsonBytes is the number of bytes of JSON that are searched for markup: a page can
	// start with a bracket.
	jsonBytes = 64 << 10
)

// Kind returns the media type of bytes that are not an HTML page, such as image/png,
// application/pdf, application/json, or application/xml for feeds and sitemaps. It
// returns "" for a page. Only the bytes decide, because servers mislabel them.
func Kind(body []byte) string {
	head := bytes.TrimLeft(body[:min(len(body), kindBytes)], " \t\r\n\xef\xbb\xbf")
	if len(head) == 0 {
		return ""
	}
	lower := bytes.ToLower(head)
	switch {
	case lower[0] == '{' || lower[0] == '[':
		if !bytes.Contains(bytes.ToLower(body[:min(len(body), jsonBytes)]), []byte("<p")) {
			return "application/json"
		}
	case bytes.HasPrefix(lower, []byte("<?xml")), bytes.HasPrefix(lower, []byte("<rss")),
		bytes.HasPrefix(lower, []byte("<feed")):
		for _, root := range xmlRoots {
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

// xmlRoots are the root elements of XML documents that are not XHTML pages.
var xmlRoots = []string{"<rss", "<feed", "<urlset", "<sitemapindex", "<rdf:rdf", "<svg", "<error>"}
