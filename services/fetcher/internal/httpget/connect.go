package httpget

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// keepAliveMargin is how long before a server closes an idle connection it is no
// longer used, so that a request does not meet the close.
const keepAliveMargin = time.Second

// connection is an open connection to a site, directly or through the proxy. One
// request at a time uses it.
type connection struct {
	key    string
	remote netip.AddrPort
	http   *http.ClientConn
	wire   *wire // nil for HTTP/2
	// tlsVersion is empty without TLS.
	tlsVersion string
	// used reports whether an earlier request was answered on the connection.
	used bool
	idle idleState
}

// send sends a request and returns the response. It never sends the request twice.
func (c *connection) send(x *exchange, request *http.Request) (*http.Response, error) {
	x.sent.Store(false)
	if c.wire != nil {
		c.wire.begin()
	}
	return c.http.RoundTrip(request)
}

// sent reports whether any part of the last request has left this process.
func (c *connection) sent(x *exchange) bool {
	if c.wire != nil {
		return c.wire.sent.Load()
	}
	return x.sent.Load()
}

// reusable reports whether the connection can take another request.
func (c *connection) reusable() bool { return c.http.Err() == nil && c.http.Available() > 0 }

func (c *connection) close() { _ = c.http.Close() }

// connect opens a connection for a request.
func (c *Client) connect(ctx context.Context, x *exchange, request *http.Request) (*connection, error) {
	scheme, site := request.URL.Scheme, request.URL.Host
	host, port := splitHost(scheme, site)
	raw, err := c.openTCP(ctx, x, scheme, host, port)
	if err != nil {
		return nil, err
	}
	opened := &connection{key: connectionKey(request)}
	if address, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		opened.remote = netip.AddrPortFrom(address.AddrPort().Addr().Unmap(), address.AddrPort().Port())
	}
	speaksHTTP2 := false
	if scheme == "https" {
		x.enter(PhaseTLS)
		secure, err := c.handshake(ctx, raw, host, c.http1.protocols(opened.key, c.config.Now()))
		if err != nil {
			return nil, err
		}
		state := secure.ConnectionState()
		raw, speaksHTTP2, opened.tlsVersion = secure, state.NegotiatedProtocol == "h2", tlsVersion(state.Version)
	}
	if !speaksHTTP2 {
		opened.wire = &wire{Conn: raw, limit: int(c.config.MaxHeaderBytes)}
		raw = opened.wire
	}
	x.enter(PhaseHeader)
	opened.http, err = c.transport.NewClientConn(
		context.WithValue(ctx, openedKey{}, raw), scheme, net.JoinHostPort(host, port))
	if err != nil {
		raw.Close()
		return nil, err
	}
	return opened, nil
}

func connectionKey(request *http.Request) string {
	return request.URL.Scheme + "://" + request.URL.Host
}

// openTCP opens a connection that leads to a site.
func (c *Client) openTCP(ctx context.Context, x *exchange, scheme, host, port string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	raw, err := c.dial(ctx, x, host, port)
	if err != nil || c.config.Proxy == nil {
		return raw, err
	}
	if c.config.Proxy.Scheme == "https" {
		if raw, err = c.handshake(ctx, raw, c.config.Proxy.Hostname(), nil); err != nil {
			return nil, err
		}
	}
	if scheme == "https" {
		if err := c.tunnel(ctx, raw, net.JoinHostPort(host, port)); err != nil {
			raw.Close()
			return nil, err
		}
	}
	return raw, nil
}

// handshake starts TLS on a connection, which it closes if that fails.
func (c *Client) handshake(ctx context.Context, raw net.Conn, host string, protocols []string) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.TLSTimeout)
	defer cancel()
	secure := tls.Client(raw, &tls.Config{
		ServerName: host, RootCAs: c.config.RootCAs, NextProtos: protocols, ClientSessionCache: c.sessions,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return secure, nil
}

// splitHost splits the host of a URL into the name or address, and the port.
func splitHost(scheme, site string) (host, port string) {
	if host, port, err := net.SplitHostPort(site); err == nil {
		return host, port
	}
	return strings.Trim(site, "[]"), strconv.Itoa(int(defaultPort(scheme)))
}

// keepAlive returns how long a server keeps an idle connection open according to
// its Keep-Alive header. It returns longest if the header does not say, or says
// more.
func keepAlive(header http.Header, longest time.Duration) time.Duration {
	for _, value := range header["Keep-Alive"] {
		for parameter := range strings.SplitSeq(value, ",") {
			name, text, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			seconds, err := strconv.ParseUint(text, 10, 16)
			if err == nil && strings.EqualFold(name, "timeout") {
				return min(longest, max(0, time.Duration(seconds)*time.Second-keepAliveMargin))
			}
		}
	}
	return longest
}
