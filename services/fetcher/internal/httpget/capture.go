package httpget

import (
	"bytes"
	"crypto/tls"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/dateline-news/dateline/internal/weburl"
)

// maxCapturedHead bounds each head of a Capture in bytes.
const maxCapturedHead = 64 << 10

// Capture is a request and the head of its response as they were sent. The credentials
// for a proxy are left out, and the user information of URLs is masked.
//
// net/http decodes the heads of HTTP/2, so their original order and the case of their
// names are not known. They are given in the form of HTTP/1.1 with their fields sorted.
type Capture struct {
	// Request is the request line and the header, with the empty line that ends it.
	Request []byte
	// Response is the status line and the header, with the empty line that ends it.
	// Interim responses (1xx) are left out.
	Response []byte
	// ResponseCut reports whether Response lacks lines because it exceeds the limit.
	ResponseCut bool
	// Protocol is "http/1.0", "http/1.1" or "h2".
	Protocol string
	// TLSVersion is the version of TLS, such as "1.3". It is empty for plain HTTP.
	TLSVersion string
}

// captured returns the capture of the last exchange on a connection. It must be called
// before the body is read and the connection is used again.
func (c *connection) captured(request *http.Request, response *http.Response) Capture {
	out := Capture{Protocol: "h2", TLSVersion: c.tlsVersion}
	if c.wire == nil {
		out.Request, out.Response = requestHead(request), responseHead(response)
	} else {
		out.Protocol = "http/1.1"
		if response.ProtoMinor == 0 {
			out.Protocol = "http/1.0"
		}
		out.Request, out.Response = c.wire.capture.heads()
	}
	out.Request, _ = CutHead(weburl.MaskUsers(withoutField(out.Request, "Proxy-Authorization")), maxCapturedHead)
	out.Response, out.ResponseCut = CutHead(weburl.MaskUsers(out.Response), maxCapturedHead)
	return out
}

// wireCapture holds the last request and the head of its response on a connection. It is
// safe for concurrent use: a server can answer while the request is still being written.
type wireCapture struct {
	mu                sync.Mutex
	request, response []byte
}

func (w *wireCapture) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.request, w.response = w.request[:0], nil
}

func (w *wireCapture) sent(data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.request = append(w.request, data[:min(len(data), maxCapturedHead-len(w.request))]...)
}

func (w *wireCapture) received(head []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.response = bytes.Clone(head)
}

func (w *wireCapture) heads() (request, response []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.request), w.response
}

// withoutField returns a head without the lines of a field.
func withoutField(head []byte, name string) []byte {
	if !bytes.Contains(head, []byte(name)) {
		return head
	}
	var out []byte
	for line := range bytes.Lines(head) {
		if field, _, found := bytes.Cut(line, []byte(":")); !found || !isName(field, name) {
			out = append(out, line...)
		}
	}
	return out
}

// CutHead limits a head to a size in bytes. It removes whole lines and keeps the empty
// line at the end.
func CutHead(head []byte, limit int) (cut []byte, removed bool) {
	if len(head) <= limit {
		return head, false
	}
	const end = "\r\n"
	kept := head[:limit-len(end)]
	return append(bytes.Clone(kept[:bytes.LastIndexByte(kept, '\n')+1]), end...), true
}

// requestHead returns a request of HTTP/2 in the form of HTTP/1.1.
func requestHead(request *http.Request) []byte {
	var out bytes.Buffer
	out.WriteString(request.Method + " " + request.URL.RequestURI() + " HTTP/1.1\r\nHost: " + request.Host + "\r\n")
	writeFields(&out, request.Header)
	return out.Bytes()
}

// responseHead returns the head of a response of HTTP/2 in the form of HTTP/1.1.
func responseHead(response *http.Response) []byte {
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 " + response.Status + "\r\n")
	writeFields(&out, response.Header)
	return out.Bytes()
}

func writeFields(out *bytes.Buffer, header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			out.WriteString(name + ": " + value + "\r\n")
		}
	}
	out.WriteString("\r\n")
}

// tlsVersion returns the number of a TLS version.
func tlsVersion(version uint16) string {
	switch version {
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}
