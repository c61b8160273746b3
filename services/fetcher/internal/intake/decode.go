// Package intake reads the requests that users publish on the subject `urls`,
// brings their URLs into canonical form, and admits each URL to the frontier once.
package intake

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Limits of one message.
const (
	maxLines = 10_000
	maxID    = 128 // bytes of a request id
	// maxRequest is the maximum size of a FetchRequest in bytes. A page carries its request, and so does the entry of
	// the frontier, which grows with each redirect and attempt: a larger one could not be stored.
	maxRequest = 512 << 10
)

// decode reads the requests in a message: a FetchRequest in protobuf or JSON, or
// URLs, one per line. The Content-Type header names the encoding; without it, the
// encoding is guessed from the data. The errors are written for the sender.
func decode(header nats.Header, data []byte) ([]*datelinev1.FetchRequest, error) {
	kind, _, _ := mime.ParseMediaType(header.Get(ledger.ContentType))
	switch kind {
	case ledger.Protobuf, "application/x-protobuf":
		return decodeProtobuf(data)
	case "application/json":
		return decodeJSON(withoutMark(data))
	case "text/plain", "text/uri-list":
		return decodeLines(withoutMark(data))
	case "":
		return guess(data)
	}
	return nil, fmt.Errorf("the message has the content type %q: send a URL as text/plain, "+
		"or a FetchRequest as application/json or application/protobuf", kind)
}

// guess decodes a message of an unknown encoding.
func guess(data []byte) ([]*datelinev1.FetchRequest, error) {
	text := bytes.TrimSpace(withoutMark(data))
	switch {
	case len(text) == 0:
		return nil, errors.New("the message is empty: send a URL, or a FetchRequest as JSON or protobuf")
	case data[0] == '\n':
		// A line feed is also the tag of field 1 (url). The message is protobuf
		// if the length after the tag fits, and a URL follows. This comes first
		// because the length may look like a brace.
		if requests, err := decodeProtobuf(data); err == nil && startsAsURL(requests[0].GetUrl()) {
			return requests, nil
		}
	}
	switch {
	case text[0] == '{':
		return decodeJSON(text)
	// Protobuf starts with field 1, length-delimited, or another small tag: a
	// control character that no URL starts with.
	case data[0] < ' ' && !isSpace(data[0]) || data[0] == '\n' && !utf8.Valid(data):
		return decodeProtobuf(data)
	case !utf8.Valid(text):
		return nil, errors.New("the message is neither text nor a FetchRequest: send a URL as text, " +
			"or a FetchRequest as JSON or protobuf with its content type")
	}
	return decodeLines(text)
}

// withoutMark returns text without a byte order mark, which some editors write at the
// start of a file.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

func isSpace(c byte) bool { return c == '\n' || c == '\r' || c == '\t' }

// startsAsURL reports whether text starts like a URL, rather than like a URL whose
// first letter was taken for a length.
func startsAsURL(text string) bool {
	return len(text) >= 4 && strings.EqualFold(text[:4], "http")
}

func decodeProtobuf(data []byte) ([]*datelinev1.FetchRequest, error) {
	request := &datelinev1.FetchRequest{}
	if err := proto.Unmarshal(data, request); err != nil {
		return nil, fmt.Errorf("the message is not a protobuf FetchRequest (%w): "+
			"encode dateline.v1.FetchRequest, or send the URL as text", err)
	}
	return check(request)
}

func decodeJSON(data []byte) ([]*datelinev1.FetchRequest, error) {
	request := &datelinev1.FetchRequest{}
	if err := protojson.Unmarshal(data, request); err != nil {
		return nil, fmt.Errorf("the message is not a JSON FetchRequest (%w): "+
			"write it as {\"url\": \"https://example.com/a\"}", err)
	}
	return check(request)
}

// check returns the request if it is within the limits.
func check(r *datelinev1.FetchRequest) ([]*datelinev1.FetchRequest, error) {
	switch {
	case r.GetUrl() == "":
		return nil, errors.New("the FetchRequest has no url: set it to an absolute http or https URL")
	case !isToken(r.GetRequestId()):
		return nil, fmt.Errorf("the FetchRequest's request_id is longer than %d bytes or contains spaces: "+
			"use a short token such as a UUID", maxID)
	case datelinev1.Purpose_name[int32(r.GetPurpose())] == "":
		return nil, fmt.Errorf("the FetchRequest has the unknown purpose %d: leave it out to request an article, "+
			"or upgrade the fetcher", r.GetPurpose())
	case proto.Size(r) > maxRequest:
		return nil, fmt.Errorf("the FetchRequest has %d bytes: send at most %d", proto.Size(r), maxRequest)
	case len(r.GetLabels()) > ledger.MaxLabels:
		return nil, fmt.Errorf("the FetchRequest has %d labels: send at most %d", len(r.GetLabels()), ledger.MaxLabels)
	}
	for key, value := range r.GetLabels() {
		if len(key) > ledger.MaxLabelBytes || len(value) > ledger.MaxLabelBytes {
			return nil, fmt.Errorf("the FetchRequest's label %.40q is longer than %d bytes: shorten it",
				key, ledger.MaxLabelBytes)
		}
	}
	return []*datelinev1.FetchRequest{r}, nil
}

// isToken reports whether text can be an id: short, and printable in messages,
// headers and logs.
func isToken(text string) bool {
	unprintable := func(c rune) bool { return c <= ' ' || c == 0x7f }
	return len(text) <= maxID && utf8.ValidString(text) && !strings.ContainsFunc(text, unprintable)
}

func decodeLines(data []byte) ([]*datelinev1.FetchRequest, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the message is not UTF-8 text: " +
			"percent-encode the characters of its URLs that are not ASCII")
	}
	var requests []*datelinev1.FetchRequest
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if len(requests) == maxLines {
			return nil, fmt.Errorf("the message has more than %d URLs: send several messages", maxLines)
		}
		requests = append(requests, &datelinev1.FetchRequest{Url: string(line)})
	}
	if len(requests) == 0 {
		return nil, errors.New("the message contains no URL: send absolute http or https URLs, one per line")
	}
	return requests, nil
}
