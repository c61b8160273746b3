// Package intake reads what people publish on `urls`, brings it into canonical
// form, and admits it to the frontier once.
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

// Bounds of what one message may hold.
const (
	maxLines  = 10_000
	maxLabels = 64
	maxID     = 128
	maxLabel  = 1024
)

// decode reads the requests in a message: a protobuf or JSON FetchRequest, or
// URLs one a line, told apart by the Content-Type header or, without one, by
// looking. Its errors are sentences for the sender.
func decode(header nats.Header, data []byte) ([]*datelinev1.FetchRequest, error) {
	kind, _, _ := mime.ParseMediaType(header.Get(ledger.ContentType))
	switch kind {
	case ledger.Protobuf, "application/x-protobuf":
		return decodeProtobuf(data)
	case "application/json":
		return decodeJSON(data)
	case "text/plain", "text/uri-list":
		return decodeLines(data)
	case "":
		return guess(data)
	}
	return nil, fmt.Errorf("the message has the content type %q: send a URL as text/plain, or a FetchRequest as application/json or application/protobuf", kind)
}

func guess(data []byte) ([]*datelinev1.FetchRequest, error) {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, errors.New("the message is empty: send a URL, or a FetchRequest as JSON or protobuf")
	case data[0] == '\n':
		// A line feed is also the tag of field 1 (url): it is protobuf where
		// the length behind it fits, and what follows is a URL. This comes
		// first because that length may look like a brace.
		if requests, err := decodeProtobuf(data); err == nil && startsAsURL(requests[0].GetUrl()) {
			return requests, nil
		}
	}
	switch {
	case text[0] == '{':
		return decodeJSON(text)
	// Protobuf begins with field 1, length-delimited, or another small tag: a
	// control character that no URL begins with.
	case data[0] < ' ' && data[0] != '\n' && data[0] != '\r' && data[0] != '\t' || data[0] == '\n' && !utf8.Valid(data):
		return decodeProtobuf(data)
	case !utf8.Valid(text):
		return nil, errors.New("the message is neither text nor a FetchRequest: send a URL as text, or a FetchRequest as JSON or protobuf with its content type")
	}
	return decodeLines(text)
}

// startsAsURL tells a URL from one that has lost its first letter to a length.
func startsAsURL(text string) bool {
	return len(text) >= 4 && strings.EqualFold(text[:4], "http")
}

func decodeProtobuf(data []byte) ([]*datelinev1.FetchRequest, error) {
	request := &datelinev1.FetchRequest{}
	if err := proto.Unmarshal(data, request); err != nil {
		return nil, fmt.Errorf("the message is not a protobuf FetchRequest (%w): encode dateline.v1.FetchRequest, or send the URL as text", err)
	}
	return check(request)
}

func decodeJSON(data []byte) ([]*datelinev1.FetchRequest, error) {
	request := &datelinev1.FetchRequest{}
	if err := protojson.Unmarshal(data, request); err != nil {
		return nil, fmt.Errorf("the message is not a JSON FetchRequest (%w): write it as {\"url\": \"https://example.com/a\"}", err)
	}
	return check(request)
}

func check(r *datelinev1.FetchRequest) ([]*datelinev1.FetchRequest, error) {
	switch {
	case r.GetUrl() == "":
		return nil, errors.New("the FetchRequest has no url: set it to an absolute http or https URL")
	case !isToken(r.GetRequestId()):
		return nil, fmt.Errorf("the FetchRequest's request_id is longer than %d bytes or has spaces in it: use a short token such as a UUID", maxID)
	case len(r.GetLabels()) > maxLabels:
		return nil, fmt.Errorf("the FetchRequest has %d labels: at most %d are taken", len(r.GetLabels()), maxLabels)
	}
	for key, value := range r.GetLabels() {
		if len(key) > maxLabel || len(value) > maxLabel {
			return nil, fmt.Errorf("the FetchRequest's label %.40q is longer than %d bytes: shorten it", key, maxLabel)
		}
	}
	return []*datelinev1.FetchRequest{r}, nil
}

// isToken reports whether text can be an id: short and printable, in messages,
// headers and logs.
func isToken(text string) bool {
	return len(text) <= maxID && utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f })
}

func decodeLines(data []byte) ([]*datelinev1.FetchRequest, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the message is not UTF-8 text: percent-encode what is not ASCII in its URLs")
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
		return nil, errors.New("the message holds no URL: send an absolute http or https URL, one a line")
	}
	return requests, nil
}
