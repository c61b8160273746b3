package httpget

import (
	"bytes"
	"net/http"
	"strings"
)

// sniffLength is how much of a body is looked at: what http.DetectContentType
// looks at, and twice that for pages that begin with a long comment.
const sniffLength = 1 << 10

// typeCheck decides whether a body is a page of HTML. The zero value accepts
// everything.
type typeCheck struct {
	pending  bool
	declared string // media type in lower case, "" for none
	encoding string
}

// newTypeCheck looks at the headers. It returns a BadType where they already
// say that the body is something else.
func newTypeCheck(header http.Header) (typeCheck, error) {
	declared, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	check := typeCheck{
		pending:  true,
		declared: strings.ToLower(strings.TrimSpace(declared)),
		encoding: strings.ToLower(strings.Join(header["Content-Encoding"], ", ")),
	}
	if !check.saysHTML() && !check.saysNothing() {
		return check, &Error{Class: BadType, Found: describe(check.declared)}
	}
	return check, nil
}

func (t *typeCheck) saysHTML() bool {
	return t.declared == "text/html" || t.declared == "application/xhtml+xml"
}

// saysNothing lists the types that servers send for HTML by mistake or for
// want of a better one; XML may be XHTML.
func (t *typeCheck) saysNothing() bool {
	switch t.declared {
	case "text/plain", "text/xml", "application/xml", "application/octet-stream", "application/unknown", "unknown/unknown", "*/*":
		return true
	}
	return !strings.Contains(t.declared, "/")
}

// sniff looks at the start of the body, or all of it if it is shorter than
// sniffLength.
func (t *typeCheck) sniff(start []byte) error {
	t.pending = false
	if t.encoding != "" && t.encoding != "identity" {
		if t.saysHTML() {
			// Decoding the start of every page would cost more than the few
			// that are lies; the extractor refuses those.
			return nil
		}
		start, _ = DecodePrefix(t.encoding, start, sniffLength)
	}
	start = start[:min(len(start), sniffLength)]
	if hasMarkup(start) {
		return nil
	}
	found, _, _ := strings.Cut(http.DetectContentType(bytes.TrimPrefix(start, []byte("\ufeff"))), ";")
	// A page without a tag at its start, if the server insists, is a page.
	if found == "text/html" || t.saysHTML() && strings.HasPrefix(found, "text/") {
		return nil
	}
	return &Error{Class: BadType, Found: describe(found)}
}

// markup are beginnings of tags that HTML has and feeds, SVG and JSON have not.
var markup = [][]byte{
	[]byte("<!doctype html"), []byte("<html"), []byte("<head"), []byte("<body"), []byte("<title"), []byte("<meta"),
	[]byte("<script"), []byte("<link rel"), []byte("<div"), []byte("<article"),
}

// hasMarkup recognises HTML in ASCII's supersets, and in UTF-16 by dropping
// the zero bytes, wherever a comment or stray bytes push the first tag.
func hasMarkup(start []byte) bool {
	if isMagic(start) {
		return false
	}
	lower := bytes.ToLower(bytes.ReplaceAll(start, []byte{0}, nil))
	if bytes.Contains(lower, []byte("<rss")) || bytes.Contains(lower, []byte("<feed")) || bytes.Contains(lower, []byte("<svg")) && !bytes.Contains(lower, []byte("<html")) {
		return false
	}
	for _, tag := range markup {
		if bytes.Contains(lower, tag) {
			return true
		}
	}
	return false
}

// isMagic reports a signature of a format that is not text.
func isMagic(start []byte) bool {
	found := http.DetectContentType(start)
	return !strings.HasPrefix(found, "text/") && found != "application/octet-stream"
}

func describe(media string) string {
	switch {
	case media == "":
		return "of no known type"
	case media == "application/octet-stream":
		return "binary data"
	}
	return media[:min(len(media), 80)]
}
