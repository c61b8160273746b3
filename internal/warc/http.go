package warc

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// Response is an HTTP response.
type Response struct {
	Status int
	Header Header
	// Head is the status line and the header as in the record, with the empty line.
	Head []byte
	// Body is the body without transfer coding. Its content coding is kept.
	Body []byte
	// Truncated means that the body is shorter than the header announces.
	Truncated bool
}

var httpPrefix = []byte("HTTP/")

// ParseResponse parses the block of a record as an HTTP response. It accepts lines that
// end with LF, and a body whose chunks were joined although the header announces chunks.
// Body and Head are parts of the block.
func ParseResponse(block []byte) (*Response, error) {
	if !bytes.HasPrefix(block, httpPrefix) {
		return nil, errors.New("the record is not an HTTP response")
	}
	r := &Response{}
	rest := block
	for {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok || len(block)-len(after) > MaxHeader {
			return nil, errors.New("the HTTP header of the record does not end, or is too large")
		}
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(rest) == len(block):
			r.Status = statusOf(line)
		case len(line) == 0:
			r.Head, r.Body = block[:len(block)-len(after)], after
			r.removeTransferCoding()
			return r, nil
		default:
			r.Header.add(line)
		}
		rest = after
	}
}

// statusOf returns the code in a status line, or 0.
func statusOf(line []byte) int {
	fields := bytes.Fields(line)
	if len(fields) < 2 {
		return 0
	}
	status, err := strconv.Atoi(string(fields[1]))
	if err != nil || status < 0 || status > 999 {
		return 0
	}
	return status
}

func (r *Response) removeTransferCoding() {
	if strings.Contains(strings.ToLower(r.Header.Join("Transfer-Encoding")), "chunked") {
		if body, complete, ok := joinChunks(r.Body); ok {
			r.Body, r.Truncated = body, !complete
		}
		return
	}
	announced, err := strconv.Atoi(r.Header.Get("Content-Length"))
	if err != nil || announced < 0 {
		return
	}
	r.Truncated = len(r.Body) < announced
}

// joinChunks removes the chunked coding (RFC 9112, section 7.1). complete reports whether
// the last chunk is there. ok is false if the body does not start with a chunk.
func joinChunks(raw []byte) (body []byte, complete, ok bool) {
	for rest := raw; ; {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		size, valid := chunkSize(line)
		switch {
		case !found || !valid:
			return body, false, ok
		case size == 0:
			return body, true, true
		}
		ok = true
		if int64(len(after)) < size {
			return append(body, after...), false, true
		}
		body, rest = append(body, after[:size]...), after[size:]
		rest = bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("\r")), []byte("\n"))
	}
}

// chunkSize parses the line before a chunk.
func chunkSize(line []byte) (size int64, ok bool) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
	return size, err == nil && size >= 0
}
