package httpget

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"

	"code.dny.dev/ssrf"
)

const (
	// maxIdleConnsPerHost is small because a host is fetched from at a polite
	// pace.
	maxIdleConnsPerHost = 2
	// http2StreamBuffer and http2ConnBuffer bound, in bytes, the data that a
	// server may send before it is read. The defaults of net/http are 4 MiB per
	// stream and 1 GiB per connection.
	http2StreamBuffer = 256 << 10
	http2ConnBuffer   = 512 << 10
	// writeBuffer in bytes suffices because a request has a few hundred.
	writeBuffer = 1 << 10
)

func newTransport(config Config) *http.Transport {
	dialer := &net.Dialer{Timeout: config.ConnectTimeout, Resolver: config.Resolver}
	if !config.AllowPrivate {
		dialer.Control = newGuard(config.AllowNets)
	}
	dial := dialer.DialContext
	var proxy func(*http.Request) (*url.URL, error) // nil ignores the environment
	if config.Proxy != nil {
		proxy = http.ProxyURL(config.Proxy)
		// Every connection goes to the proxy, which may be on a private network.
		dial = (&net.Dialer{Timeout: config.ConnectTimeout}).DialContext
	}
	if config.Dial != nil {
		dial = config.Dial
	}
	return &http.Transport{
		Proxy:       proxy,
		DialContext: dial,
		TLSClientConfig: &tls.Config{
			RootCAs: config.RootCAs,
			// A resumed handshake costs a fraction of a full one.
			ClientSessionCache: tls.NewLRUClientSessionCache(config.MaxIdleConns),
		},
		TLSHandshakeTimeout:    config.TLSTimeout,
		ResponseHeaderTimeout:  config.HeaderTimeout,
		MaxResponseHeaderBytes: config.MaxHeaderBytes,
		MaxIdleConns:           config.MaxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConnsPerHost,
		IdleConnTimeout:        config.IdleConnTimeout,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     http2StreamBuffer,
			MaxReceiveBufferPerConnection: http2ConnBuffer,
		},
		WriteBufferSize: writeBuffer,
	}
}

// newGuard returns a net.Dialer.Control that refuses addresses that are not
// public. It runs after name resolution and before each connect(2). So neither an
// unusual spelling of an address nor a name that resolves differently the second
// time can bypass it.
func newGuard(allowed []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, prefix := range allowed {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	guardian := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return func(network, address string, connection syscall.RawConn) error {
		if err := guardian.Safe(network, address, connection); err != nil {
			return &Error{Class: BlockedAddress, Err: err}
		}
		return nil
	}
}
