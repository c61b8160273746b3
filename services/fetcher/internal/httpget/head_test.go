package httpget

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

const (
	okLine    = "HTTP/1.1 200 OK\r\n"
	hintsLine = "HTTP/1.1 103 Early Hints\r\n"
	typeLine  = "Content-Type: text/html\r\n"
)

var (
	lengthLine = fmt.Sprintf("Content-Length: %d\r\n", len(page))
	chunkedEnd = fmt.Sprintf("\r\n%x\r\n%s\r\n0\r\n\r\n", len(page), page)
)

// unusualResponses are responses with the page that browsers accept. kept reports whether
// the connection can be used again, which is only so if the response needs no repair.
var unusualResponses = []struct {
	name, text string
	kept       bool
}{
	{"usual", okLine + typeLine + lengthLine + "\r\n" + page, true},
	{"chunked", okLine + typeLine + "Transfer-Encoding: Chunked\r\n" + chunkedEnd, true},
	{"bare LF", strings.ReplaceAll(okLine+typeLine+lengthLine+"\r\n", "\r", "") + page, true},
	{"early hints", hintsLine + "Link: </a.css>\r\n\r\n" + okLine + typeLine + lengthLine + "\r\n" + page, true},
	{"folded line", okLine + "X: a\r\n  b\r\n\tc\r\n" + typeLine + lengthLine + "\r\n" + page, true},
	{"no reason", "HTTP/1.1 200\r\n" + typeLine + lengthLine + "\r\n" + page, true},
	{"empty value", okLine + "X:\r\n" + typeLine + lengthLine + "\r\n" + page, true},
	{"identity", okLine + typeLine + lengthLine + "Transfer-Encoding: identity\r\n\r\n" + page, false},
	{"identity without length", okLine + typeLine + "Transfer-Encoding: Identity\r\n" + closeLine + "\r\n" + page, false},
	{"identity, chunked", okLine + typeLine + "Transfer-Encoding: identity, chunked\r\n" + chunkedEnd, false},
	{"chunked twice", okLine + typeLine + strings.Repeat("Transfer-Encoding: chunked\r\n", 2) + chunkedEnd, false},
	{"chunked, chunked", okLine + typeLine + "Transfer-Encoding: chunked, chunked\r\n" + chunkedEnd, false},
	{"no transfer coding", okLine + typeLine + lengthLine + "Transfer-Encoding:\r\n\r\n" + page, false},
	{"no colon", okLine + "no colon\r\n" + typeLine + "PHP Warning\r\n" + lengthLine + "\r\n" + page, false},
	{"no colon, folded", okLine + "no colon\r\n a: b\r\n" + typeLine + lengthLine + "\r\n" + page, false},
	{"no colon, early hints", hintsLine + "x\r\n\r\n" + okLine + typeLine + lengthLine + "y\r\n\r\n" + page, false},
	{"status line twice", okLine + okLine + typeLine + lengthLine + "\r\n" + page, false},
	{"no name", okLine + ": x\r\n" + typeLine + lengthLine + "\r\n" + page, false},
	{"invalid name", okLine + "Zürich: x\r\n<b>Warning</b>: x\r\n" + typeLine + lengthLine + "\r\n" + page, false},
	{
		"blank before the colon",
		okLine + "Content-Type : text/html\r\nContent-Length\t: " + lengthLine[16:] + "\r\n" + page, false,
	},
	{"folded status line", okLine + " folded\r\n" + typeLine + lengthLine + "\r\n" + page, false},
	{"leading empty lines", "\r\n\n" + okLine + typeLine + lengthLine + "\r\n" + page, false},
}

// TestUnusualHeads has servers that send responses which browsers accept, at once and
// byte by byte.
func TestUnusualHeads(t *testing.T) {
	for _, test := range unusualResponses {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			base := serveConnections(t, func(connection net.Conn) {
				_ = connection.(*net.TCPConn).SetNoDelay(true)
				reader := bufio.NewReader(connection)
				for {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					var answer io.Reader = strings.NewReader(test.text)
					if request.URL.Path == "/slow" {
						answer = iotest.OneByteReader(answer)
					}
					// A type without ReadFrom and WriteTo keeps the pieces apart.
					_, _ = io.Copy(struct{ io.Writer }{connection}, answer)
					if strings.Contains(test.text, "Connection: close") {
						return
					}
				}
			})
			client := newClient(t, nil)
			for i, path := range []string{"/", "/", "/slow", "/slow"} {
				response := mustGet(t, client, Request{URL: base + path})
				if response.Status != 200 || string(response.Body) != page || response.Header.Get("Content-Type") != "text/html" {
					t.Fatalf("%s: status %d, header %v, body %q", path, response.Status, response.Header, response.Body)
				}
				if reused := response.Timings.Connect == 0; i > 0 && reused != test.kept {
					t.Errorf("%s: the connection was reused: %v, want %v", path, reused, test.kept)
				}
			}
		})
	}
}

// TestUnusualHeadOverTLS repairs the head of a response over TLS.
func TestUnusualHeadOverTLS(t *testing.T) {
	for _, test := range unusualResponses {
		server, trust := serveTLSAnswer(t, test.text)
		if response := mustGet(t, newClient(t, trust), Request{URL: server + "/"}); string(response.Body) != page {
			t.Errorf("%s: the body is %q", test.name, response.Body)
		}
	}
}

// FuzzRepairHead checks that a repaired head needs no repair, and that the end of a head
// is found at the same place however it arrives.
func FuzzRepairHead(f *testing.F) {
	for _, test := range unusualResponses {
		f.Add([]byte(test.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		length, state := findHead(data, 0)
		for end := range data {
			early, was := findHead(data[:end], 0)
			if was == headComplete && (state != headComplete || early != length) {
				t.Fatalf("the head ends at %d of %d bytes, but at %d of all", early, end, length)
			}
		}
		if state != headComplete {
			return
		}
		head := data[:length]
		if !needsRepair(head) {
			return
		}
		repaired := repairHead(bytes.Clone(head))
		again, state := findHead(repaired, 0)
		if state != headComplete || again != len(repaired) || !bytes.HasSuffix(repaired, []byte(closeLine+"\r\n")) {
			t.Fatalf("%q was repaired to %q", head, repaired)
		}
		if encoded := bytes.Count(bytes.ToLower(repaired), []byte("\ntransfer-encoding:")); encoded > 1 {
			t.Fatalf("%q was repaired to %q", head, repaired)
		}
	})
}
