package httpget

import (
	"io"
	"net"
	"strings"
	"testing"
)

func TestBrokenResponses(t *testing.T) {
	send := func(text string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, _ <-chan struct{}) { _, _ = io.WriteString(connection, text) }
	}
	reset := func(text string) func(net.Conn, <-chan struct{}) {
		return func(connection net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(connection, text)
			_ = connection.(*net.TCPConn).SetLinger(0)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	tests := []struct {
		name      string
		server    func(net.Conn, <-chan struct{})
		class     Class
		transient bool
	}{
		{"closed before the header", send(""), Reset, true},
		{"reset before the header", reset(""), Reset, true},
		{"closed in the header", send(ok), Reset, true},
		{"closed in the body", send(ok + "Content-Length: 1000\r\n\r\n" + page), Reset, true},
		{"reset in the body", reset(ok + "Content-Length: 1000\r\n\r\n" + page), Reset, true},
		{"closed in a chunk", send(ok + "Transfer-Encoding: chunked\r\n\r\n100\r\n" + page), Reset, true},
		{"closed between chunks", send(ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"), Reset, true},
		{"invalid chunk", send(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Protocol, false},
		{"not HTTP", send("SSH-2.0-OpenSSH_9.9\r\n"), Protocol, false},
		{"invalid status", send("HTTP/1.1 abc OK\r\n\r\n"), Protocol, false},
		{"closed in a header line", send("HTTP/1.1 200 OK\r\nContent-Ty"), Reset, true},
		{"closed in the status line", send("HTTP/1."), Reset, true},
		{"control character in a header", send("HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n"), Protocol, false},
		{"many empty lines", send(strings.Repeat("\r\n", 3) + ok + "\r\n" + page), Protocol, false},
		{"HTTP/0.9", send(page), Protocol, false},
		{"invalid length", send(ok + "Content-Length: x\r\n\r\n"), Protocol, false},
		{"two lengths", send(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), Protocol, false},
		{"unknown transfer encoding", send(ok + "Transfer-Encoding: gzip\r\n\r\n"), Protocol, false},
		{
			"unknown transfer encoding, twice",
			send(ok + strings.Repeat("Transfer-Encoding: gzip\r\n", 2) + "\r\n"), Protocol, false,
		},
		{
			"different lengths and a line without a colon",
			send(ok + "x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"), Protocol, false,
		},
		{"endless lines without a colon", send(ok + strings.Repeat("xxxxxxxx\r\n", 10_000)), Protocol, false},
		{"endless 1xx", send(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5000)), HeaderTooLarge, false},
		{"flood of headers", send(ok + strings.Repeat("X-Flood: xxxxxxxx\r\n", 10_000)), HeaderTooLarge, false},
		{"one long header", send(ok + "X-Long: " + strings.Repeat("x", 100_000)), HeaderTooLarge, false},
		{"endless first line", send("HTTP/1.1 200 " + strings.Repeat("x", 100_000)), HeaderTooLarge, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failure := mustFail(t, newClient(t, nil), Request{URL: serveRaw(t, test.server) + "/"}, test.class)
			if failure.Transient() != test.transient {
				t.Errorf("transient %v: %v", failure.Transient(), failure)
			}
		})
	}
}

func TestResponseWithoutLengthEndsWithTheConnection(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		_, _ = io.WriteString(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"+page)
	})
	if response := mustGet(t, newClient(t, nil), Request{URL: base + "/"}); string(response.Body) != page {
		t.Errorf("body is %q", response.Body)
	}
}

func TestEndlessBodyIsTruncated(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"+page)
		for chunk := strings.Repeat("x", 64<<10); ; {
			if _, err := io.WriteString(connection, chunk); err != nil {
				return // the client closed the connection
			}
		}
	})
	response := mustGet(t, newClient(t, nil), Request{URL: base + "/"})
	if len(response.Body) != 10<<20 || !response.Truncated || !strings.HasPrefix(string(response.Body), page) {
		t.Errorf("%d bytes, truncated %v", len(response.Body), response.Truncated)
	}
}

// TestRefusedBodyIsNotRead refuses a response because of its headers while the
// server never sends the announced body.
func TestRefusedBodyIsNotRead(t *testing.T) {
	base := serveRaw(t, func(connection net.Conn, done <-chan struct{}) {
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000000\r\n\r\n")
		<-done
	})
	wantError(t, newClient(t, nil), Request{URL: base + "/"}, BadType)
}

func TestConnectionRefused(t *testing.T) {
	listener := listen(t)
	listener.Close()
	failure := mustFail(t, newClient(t, nil), Request{URL: "http://" + listener.Addr().String() + "/"}, Connect)
	if !failure.Transient() {
		t.Errorf("not transient: %v", failure)
	}
}
