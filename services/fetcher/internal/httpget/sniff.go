package httpget

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/dateline-news/dateline/internal/contenttype"
)

// sniffLength is the number of bytes at the start of a body that decide its type:
// twice what http.DetectContentType reads, for pages that begin with a long
// comment.
const sniffLength = 1 << 10

// octetStream is the media type of arbitrary bytes.
const octetStream = "application/octet-stream"

// maxMediaType limits, in bytes, the media type that an error quotes.
const maxMediaType = 80

// typeCheck decides whether a body is an HTML page. The zero value accepts
// everything.
type typeCheck struct {
	pending  bool   // the start of the body has yet to be checked
	declared string // media type in lower case, empty if there is none
	encoding string
}

// newTypeCheck checks the headers. It returns a BadType if they declare something
// other than HTML.
func newTypeCheck(header http.Header) (typeCheck, error) {
	declared, _ := contenttype.Parse(strings.Join(header["Content-Type"], ","))
	check := typeCheck{
		pending:  true,
		declared: declared,
		encoding: strings.ToLower(strings.Join(header["Content-Encoding"], ", ")),
	}
	if !check.declaresHTML() && !check.isUnspecific() {
		return check, &Error{Class: BadType, MediaType: describe(check.declared)}
	}
	return check, nil
}

func (t *typeCheck) declaresHTML() bool {
	return t.declared == "text/html" || t.declared == "application/xhtml+xml"
}

// isUnspecific reports whether the declared type does not rule out HTML. Servers send
// these types for HTML by mistake or because they know no better one. XML may be
// XHTML.
func (t *typeCheck) isUnspecific() bool {
	switch t.declared {
	case "text/plain", "text/xml", "application/xml",
		octetStream, "application/unknown", "unknown/unknown", "*/*":
		return true
	}
	return !strings.Contains(t.declared, "/")
}

// sniff checks the start of the body, or the whole body if it is shorter than
// sniffLength.
func (t *typeCheck) sniff(start []byte) error {
	t.pending = false
	if t.encoding != "" && t.encoding != "identity" {
		if t.declaresHTML() {
			// Decoding the start of every page costs more than publishing the
			// few that are not HTML. The extractor refuses those.
			return nil
		}
		start, _ = DecodePrefix(t.encoding, start, sniffLength)
	}
	start = start[:min(len(start), sniffLength)]
	if hasMarkup(start) {
		return nil
	}
	found, _, _ := strings.Cut(http.DetectContentType(bytes.TrimPrefix(start, []byte("\ufeff"))), ";")
	// If the server declares HTML, any text without a tag counts as HTML.
	if found == "text/html" || t.declaresHTML() && strings.HasPrefix(found, "text/") {
		return nil
	}
	return &Error{Class: BadType, MediaType: describe(found)}
}

// htmlMarkup are beginnings of tags that occur in HTML but not in feeds, SVG or
// JSON. A feed or drawing may have a title, so that hasMarkup excludes those
// first.
var htmlMarkup = [][]byte{
	[]byte("<!doctype html"), []byte("<html"), []byte("<head"), []byte("<body"), []byte("<title"), []byte("<meta"),
	[]byte("<script"), []byte("<link rel"), []byte("<div"), []byte("<article"),
}

// hasMarkup reports whether the text has an HTML tag anywhere, because comments or
// stray bytes may precede the first one. It handles supersets of ASCII, and UTF-16
// by dropping the zero bytes.
func hasMarkup(start []byte) bool {
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
	return !strings.HasPrefix(found, "text/") && found != octetStream
}

// describe returns a media type in the form that Error.MediaType has.
func describe(media string) string {
	switch media {
	case "":
		return "of unknown type"
	case octetStream:
		return "binary data"
	}
	return media[:min(len(media), maxMediaType)]
}
