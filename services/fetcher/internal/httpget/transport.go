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

func newTransport(config Config) *http.Transport {
	dialer := &net.Dialer{Timeout: config.ConnectTimeout, Resolver: config.Resolver}
	if !config.AllowPrivate {
		dialer.Control = newGuard(config.AllowNets)
	}
	dial := dialer.DialContext
	var proxy func(*http.Request) (*url.URL, error) // none, whatever the environment says
	if config.Proxy != nil {
		proxy = http.ProxyURL(config.Proxy)
		// All connections are to the proxy, which may be on a private network.
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
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        config.IdleConnTimeout,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		// net/http would let a server send 4 MiB a stream and 1 GiB a
		// connection before anybody reads it.
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     256 << 10,
			MaxReceiveBufferPerConnection: 512 << 10,
		},
		// A request is a few hundred bytes.
		WriteBufferSize: 1 << 10,
	}
}

// newGuard returns a net.Dialer.Control that refuses addresses that are not
// public. It runs behind name resolution and in front of each connect(2), so
// that neither an odd spelling of an address nor a name that resolves
// differently the second time gets past it.
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
