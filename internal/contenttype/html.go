package contenttype

import (
	"bytes"
	"net/http"
	"strings"
)

// OctetStream is the media type of arbitrary bytes.
const OctetStream = "application/octet-stream"

// IsHTML reports whether a media type in lower case is that of HTML pages.
func IsHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// IsUnspecific reports whether a media type in lower case does not rule out HTML. Servers
// send these types for HTML by mistake or because they know no better one. XML may be
// XHTML.
func IsUnspecific(mediaType string) bool {
	switch mediaType {
	case "text/plain", "text/xml", "application/xml",
		OctetStream, "application/unknown", "unknown/unknown", "*/*":
		return true
	}
	return !strings.Contains(mediaType, "/")
}

// htmlMarkup are beginnings of tags that occur in HTML but not in feeds, SVG or
// JSON. A feed or drawing may have a title, so that HasMarkup excludes those
// first.
var htmlMarkup = [][]byte{
	[]byte("<!doctype html"), []byte("<html"), []byte("<head"), []byte("<body"), []byte("<title"), []byte("<meta"),
	[]byte("<script"), []byte("<link rel"), []byte("<div"), []byte("<article"),
}

// HasMarkup reports whether the text has an HTML tag anywhere, because comments or
// stray bytes may precede the first one. It handles supersets of ASCII, and UTF-16
// by dropping the zero bytes.
func HasMarkup(start []byte) bool {
	if isMagic(start) {
		return false
	}
	lower := bytes.ToLower(bytes.ReplaceAll(start, []byte{0}, nil))
	contains := func(tag string) bool { return bytes.Contains(lower, []byte(tag)) }
	if contains("<rss") || contains("<feed") || contains("<svg") && !contains("<html") {
		return false
	}
	for _, tag := range htmlMarkup {
		if bytes.Contains(lower, tag) {
			return true
		}
	}
	return false
}

// isMagic reports whether the text starts with the signature of a format that is
// not text.
func isMagic(start []byte) bool {
	found := http.DetectContentType(start)
	return !strings.HasPrefix(found, "text/") && found != OctetStream
}
