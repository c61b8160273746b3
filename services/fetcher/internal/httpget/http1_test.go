package httpget

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// serveHTTP1Required runs a server that offers HTTP/2 but refuses every request that
// comes over it. It counts the requests by protocol.
func serveHTTP1Required(t *testing.T, refuse func(framer *http2.Framer, stream uint32)) (
	base string, trust func(*Config), overHTTP2, overHTTP1 *atomic.Int32,
) {
	t.Helper()
	overHTTP2, overHTTP1 = &atomic.Int32{}, &atomic.Int32{}
	base, trust = serveTLSConnections(t, func(connection *tls.Conn) {
		if connection.ConnectionState().NegotiatedProtocol == "h2" {
			serveFrames(connection, func(framer *http2.Framer, stream uint32) {
				overHTTP2.Add(1)
				refuse(framer, stream)
			})
			return
		}
		reader := bufio.NewReader(connection)
		for {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			overHTTP1.Add(1)
			answerPage(connection)
		}
	}, "h2", "http/1.1")
	return base, trust, overHTTP2, overHTTP1
}

// TestHTTP1Required has servers that refuse HTTP/2 requests in the two ways of RFC 9113.
func TestHTTP1Required(t *testing.T) {
	for name, refuse := range map[string]func(*http2.Framer, uint32){
		"stream": func(framer *http2.Framer, stream uint32) {
			_ = framer.WriteRSTStream(stream, http2.ErrCodeHTTP11Required)
		},
		"connection": func(framer *http2.Framer, _ uint32) {
			_ = framer.WriteGoAway(0, http2.ErrCodeHTTP11Required, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			base, trust, overHTTP2, overHTTP1 := serveHTTP1Required(t, refuse)
			now := time.Now()
			client := newClient(t, func(c *Config) {
				trust(c)
				c.Now = func() time.Time { return now }
			})
			for range 3 {
				mustGet(t, client, Request{URL: base + "/"})
			}
			if overHTTP2.Load() != 1 || overHTTP1.Load() != 3 {
				t.Errorf("%d requests over HTTP/2, want 1, and %d over HTTP/1.1, want 3", overHTTP2.Load(), overHTTP1.Load())
			}
			// The site gets HTTP/2 again when the time is over.
			now = now.Add(http1For)
			client.idle.take(base).close()
			mustGet(t, client, Request{URL: base + "/"})
			if overHTTP2.Load() != 2 || overHTTP1.Load() != 4 {
				t.Errorf("later: %d requests over HTTP/2, want 2, and %d over HTTP/1.1, want 4",
					overHTTP2.Load(), overHTTP1.Load())
			}
		})
	}
}

func TestHTTP1SitesAreBounded(t *testing.T) {
	var sites http1Sites
	now := time.Now()
	for i := range maxHTTP1Sites + 1000 {
		sites.add(fmt.Sprint(i), now)
	}
	if got := len(sites.until); got != maxHTTP1Sites {
		t.Errorf("%d sites are remembered, want %d", got, maxHTTP1Sites)
	}
	if got := sites.protocols(fmt.Sprint(maxHTTP1Sites+999), now); strings.Join(got, " ") != "http/1.1" {
		t.Errorf("the latest site is offered %v", got)
	}
}
