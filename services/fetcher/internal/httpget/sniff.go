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

// maxMediaType limits, in bytes, the media type that an error quotes.
const maxMediaType = 80

// typeCheck decides whether a body is an HTML page. The zero value accepts
// everything.
type typeCheck struct {
	pending  bool   // the start of the body has yet to be checked
	declared string // media type in lower case, empty if not declared
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
	if !contenttype.IsHTML(check.declared) && !contenttype.IsUnspecific(check.declared) {
		return check, &Error{Class: BadType, MediaType: describe(check.declared)}
	}
	return check, nil
}

// sniff checks the start of the body, or the whole body if it is shorter than
// sniffLength.
func (t *typeCheck) sniff(start []byte) error {
	t.pending = false
	if t.encoding != "" && t.encoding != "identity" {
		if contenttype.IsHTML(t.declared) {
			// Decoding the start of every page costs more than publishing the
			// few that are not HTML. The extractor refuses those.
			return nil
		}
		start, _ = DecodePrefix(t.encoding, start, sniffLength)
	}
	start = start[:min(len(start), sniffLength)]
	if contenttype.HasMarkup(start) {
		return nil
	}
	found, _, _ := strings.Cut(http.DetectContentType(bytes.TrimPrefix(start, []byte("\ufeff"))), ";")
	// If the server declares HTML, any text without a tag counts as HTML.
	if found == "text/html" || contenttype.IsHTML(t.declared) && strings.HasPrefix(found, "text/") {
		return nil
	}
	return &Error{Class: BadType, MediaType: describe(found)}
}

// describe returns a media type in the form that Error.MediaType has.
func describe(media string) string {
	switch media {
	case "":
		return "of unknown type"
	case contenttype.OctetStream:
		return "binary data"
	}
	return media[:min(len(media), maxMediaType)]
}
