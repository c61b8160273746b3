package httpget

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveGoAway speaks HTTP/2. On its first connection it answers one request and
// says that it goes away; on its second it goes away before it answers; from the
// third on it stays.
func serveGoAway(t *testing.T) (base string, trust func(*Config), connections *atomic.Int32) {
	t.Helper()
	pattern := httptest.NewUnstartedServer(http.NotFoundHandler())
	pattern.EnableHTTP2 = true
	pattern.StartTLS()
	defer pattern.Close()
	roots := pattern.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: pattern.TLS.Certificates, NextProtos: []string{"h2"}})
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
			go goAway(connection, int(connections.Add(1)))
		}
	}()
	return "https://" + listener.Addr().String(), func(c *Config) { c.RootCAs = roots }, connections
}

func goAway(connection net.Conn, number int) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := connection.Read(preface); err != nil {
		return
	}
	framer := http2.NewFramer(connection, connection)
	framer.WriteSettings()
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
			framer.WriteGoAway(0, http2.ErrCodeNo, nil)
			continue
		}
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
		encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/html"})
		if number == 1 {
			framer.WriteGoAway(headers.StreamID, http2.ErrCodeNo, nil)
		}
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: headers.StreamID, BlockFragment: block.Bytes(), EndHeaders: true})
		framer.WriteData(headers.StreamID, true, []byte(page))
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
