package httpget

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// answerPage answers a request with a page and keeps the connection.
func answerPage(connection net.Conn) {
	fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
}

// TestAttemptIsOneRequest has servers that answer the first request of a connection, and
// end the connection when they receive the second. The second attempt fails, although
// the connection was reused, and the server does not get its request again.
func TestAttemptIsOneRequest(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"close":         func(net.Conn) {},
		"reset":         func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"half a header": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
				requests.Add(1)
				answerPage(connection)
				if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
					requests.Add(1)
					end(connection)
				}
			})
			client := newClient(t, nil)
			for attempt := range int32(6) {
				if attempt%2 == 0 {
					mustGet(t, client, Request{URL: base + "/"})
				} else {
					wantError(t, client, Request{URL: base + "/"}, Reset)
				}
				if got := requests.Load(); got != attempt+1 {
					t.Fatalf("%d requests after %d attempts", got, attempt+1)
				}
			}
		})
	}
}

// TestIdleConnectionThatDied has a server that closes each connection after a response.
// If that is known before the next request is written, the request is sent on a new
// connection.
func TestIdleConnectionThatDied(t *testing.T) {
	var requests atomic.Int32
	base := serveRaw(t, func(connection net.Conn, _ <-chan struct{}) {
		requests.Add(1)
		answerPage(connection) // serveRaw then closes the connection
	})
	client := newClient(t, nil)
	for range 3 {
		mustGet(t, client, Request{URL: base + "/"})
		client.idle.mu.Lock()
		idle := client.idle.bySite[base]
		client.idle.mu.Unlock()
		for len(idle) > 0 && idle[0].reusable() && t.Context().Err() == nil {
			runtime.Gosched()
		}
	}
	if got := requests.Load(); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// TestRequestThatWasNotWritten has idle connections that fail when the next request is
// written. Nothing has reached the server, so the request is sent on a new connection.
func TestRequestThatWasNotWritten(t *testing.T) {
	var requests atomic.Int32
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	client := newClient(t, nil)
	for range 3 {
		mustGet(t, client, Request{URL: base + "/"})
		client.idle.mu.Lock()
		for _, connection := range client.idle.bySite[base] {
			_ = connection.wire.Conn.(*net.TCPConn).CloseWrite()
		}
		client.idle.mu.Unlock()
	}
	if got := requests.Load(); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// TestKeepAliveHeader has servers that announce for how long they keep connections.
func TestKeepAliveHeader(t *testing.T) {
	for header, kept := range map[string]bool{
		"timeout=60": true, "timeout=60, max=100": true, "max=100": true, "Timeout=1": false, "max=5, timeout=0": false,
		"timeout=never": true,
	} {
		base := servePage(t, page, "Content-Type", "text/html", "Keep-Alive", header)
		client := newClient(t, nil)
		mustGet(t, client, Request{URL: base + "/"})
		if again := mustGet(t, client, Request{URL: base + "/"}); (again.Timings.Connect == 0) != kept {
			t.Errorf("%s: the connection was kept: %v, want %v", header, !kept, kept)
		}
	}
}

// serveHTTP2 runs an HTTP/2 server that calls answer for each request, with the
// number of the request, counted from 1.
func serveHTTP2(t *testing.T, answer func(framer *http2.Framer, stream uint32, number int32)) (
	base string, trust func(*Config), requests *atomic.Int32,
) {
	t.Helper()
	requests = &atomic.Int32{}
	base, trust = serveTLSConnections(t, func(connection *tls.Conn) {
		serveFrames(connection, func(framer *http2.Framer, stream uint32) { answer(framer, stream, requests.Add(1)) })
	}, "h2")
	return base, trust, requests
}

// serveFrames calls answer for each request on an HTTP/2 connection.
func serveFrames(connection net.Conn, answer func(framer *http2.Framer, stream uint32)) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(connection, preface); err != nil {
		return
	}
	framer := http2.NewFramer(connection, connection)
	_ = framer.WriteSettings()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if headers, ok := frame.(*http2.HeadersFrame); ok {
			answer(framer, headers.StreamID)
		}
	}
}

// answerHTTP2 answers a request with a page.
func answerHTTP2(framer *http2.Framer, stream uint32) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/html"})
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	_ = framer.WriteData(stream, true, []byte(page))
}

// TestHTTP2AttemptIsOneRequest has HTTP/2 servers that reset streams. A request is
// repeated only if the server did not process it, and only once.
func TestHTTP2AttemptIsOneRequest(t *testing.T) {
	for _, test := range []struct {
		name  string
		code  http2.ErrCode
		class Class
		want  int32
	}{
		{"refused", http2.ErrCodeRefusedStream, Reset, 2},
		{"protocol error", http2.ErrCodeProtocol, Protocol, 1},
		{"internal error", http2.ErrCodeInternal, Reset, 1},
		{"canceled", http2.ErrCodeCancel, Reset, 1},
		{"too fast", http2.ErrCodeEnhanceYourCalm, Reset, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			base, trust, requests := serveHTTP2(t, func(framer *http2.Framer, stream uint32, _ int32) {
				_ = framer.WriteRSTStream(stream, test.code)
			})
			wantError(t, newClient(t, trust), Request{URL: base + "/"}, test.class)
			if got := requests.Load(); got != test.want {
				t.Errorf("%d requests, want %d", got, test.want)
			}
		})
	}
	base, trust, requests := serveHTTP2(t, func(framer *http2.Framer, stream uint32, number int32) {
		if number == 1 {
			_ = framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			return
		}
		answerHTTP2(framer, stream)
	})
	mustGet(t, newClient(t, trust), Request{URL: base + "/"})
	if got := requests.Load(); got != 2 {
		t.Errorf("refused once: %d requests, want 2", got)
	}
}

// serveTLSConnections runs a TLS server that speaks the given protocols, and calls handle
// for each connection after its handshake.
func serveTLSConnections(t *testing.T, handle func(*tls.Conn), protocols ...string) (base string, trust func(*Config)) {
	t.Helper()
	template := httptest.NewUnstartedServer(http.NotFoundHandler())
	template.StartTLS()
	defer template.Close()
	roots := template.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	base = serveConnections(t, func(raw net.Conn) {
		connection := tls.Server(raw, &tls.Config{Certificates: template.TLS.Certificates, NextProtos: protocols})
		if connection.HandshakeContext(t.Context()) == nil {
			handle(connection)
		}
	})
	return "https" + base[len("http"):], func(c *Config) { c.RootCAs = roots }
}

// serveTLSAnswer runs a TLS server for HTTP/1.1 that answers each request with a text and
// closes the connection.
func serveTLSAnswer(t *testing.T, text string) (base string, trust func(*Config)) {
	t.Helper()
	return serveTLSConnections(t, func(connection *tls.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
			_, _ = io.WriteString(connection, text)
			connection.Close()
		}
	}, "http/1.1")
}
