package httpget

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"

	"github.com/dateline-news/dateline/internal/dialguard"
)

const (
	// http2StreamBuffer and http2ConnBuffer bound, in bytes, the data that a
	// server may send before it is read. The defaults of net/http are 4 MiB per
	// stream and 1 GiB per connection.
	http2StreamBuffer = 256 << 10
	http2ConnBuffer   = 512 << 10
	// writeBuffer in bytes suffices because a request has a few hundred.
	writeBuffer = 1 << 10
)

// openedKey is the key of the context value that holds the net.Conn for the next
// http.ClientConn.
type openedKey struct{}

// newTransport returns a transport that speaks HTTP on connections that are already
// open. Only its method NewClientConn is used: RoundTrip would repeat requests.
func newTransport(config Config) *http.Transport {
	opened := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return ctx.Value(openedKey{}).(net.Conn), nil
	}
	return &http.Transport{
		DialContext:            opened,
		DialTLSContext:         opened,
		ResponseHeaderTimeout:  config.HeaderTimeout,
		MaxResponseHeaderBytes: config.MaxHeaderBytes,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     http2StreamBuffer,
			MaxReceiveBufferPerConnection: http2ConnBuffer,
		},
		WriteBufferSize: writeBuffer,
	}
}

// newGuard returns a net.Dialer.Control that refuses addresses that are not public.
func newGuard(allowed []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	safe := dialguard.New(allowed)
	return func(network, address string, connection syscall.RawConn) error {
		if err := safe(network, address, connection); err != nil {
			return &Error{Class: BlockedAddress, Err: err}
		}
		return nil
	}
}
