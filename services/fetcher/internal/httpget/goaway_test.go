package httpget

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveGoAway runs an HTTP/2 server. On its first connection it answers one request
// and sends GOAWAY. On its second it sends GOAWAY instead of an answer. From the
// third on it answers every request.
func serveGoAway(t *testing.T) (base string, trust func(*Config), connections *atomic.Int32) {
	t.Helper()
	template := httptest.NewUnstartedServer(http.NotFoundHandler())
	template.EnableHTTP2 = true
	template.StartTLS()
	defer template.Close()
	roots := template.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: template.TLS.Certificates, NextProtos: []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	connections = &atomic.Int32{}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(t.Context(), func() { connection.Close() })
			go goAway(connection, int(connections.Add(1)))
		}
	}()
	return "https://" + listener.Addr().String(), func(c *Config) { c.RootCAs = roots }, connections
}

// goAway serves the connection with the given number, counted from 1.
func goAway(connection net.Conn, number int) {
	defer connection.Close()
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
		headers, ok := frame.(*http2.HeadersFrame)
		if !ok {
			continue
		}
		if number == 2 {
			_ = framer.WriteGoAway(0, http2.ErrCodeNo, nil)
			continue
		}
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
		_ = encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/html"})
		if number == 1 {
			_ = framer.WriteGoAway(headers.StreamID, http2.ErrCodeNo, nil)
		}
		_ = framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: headers.StreamID, BlockFragment: block.Bytes(), EndHeaders: true,
		})
		_ = framer.WriteData(headers.StreamID, true, []byte(page))
	}
}

func TestGoAway(t *testing.T) {
	base, trust, connections := serveGoAway(t)
	client := newClient(t, trust)
	for i := range 3 {
		if response := mustGet(t, client, Request{URL: base + "/"}); string(response.Body) != page {
			t.Errorf("request %d: the body is %q", i+1, response.Body)
		}
	}
	if got := connections.Load(); got != 3 {
		t.Errorf("%d connections, want 3", got)
	}
}
