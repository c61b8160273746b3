// Package httpget makes a single polite, bounded GET request. It never follows a
// redirect, never decodes a body, never connects to an address that is not
// public, and bounds every wait.
package httpget

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/dateline-news/dateline/internal/httphead"
)

// acceptEncoding lists every content coding that the extractor can decode. The
// page stays encoded until then.
const acceptEncoding = "gzip, br, zstd, deflate"

// Client makes requests and keeps connections and TLS sessions for later ones.
// It is safe for concurrent use. Close it when it is no longer needed.
type Client struct {
	config    Config
	transport *http.Transport
	guard     func(network, address string, _ syscall.RawConn) error
	sessions  tls.ClientSessionCache // a resumed handshake costs a fraction of a full one
	idle      idleConnections
	http1     http1Sites
	scratch   sync.Pool // of *[scratchSize]byte

	// Headers shared by all requests that have no conditions and no cookie.
	pageHeader, anyHeader http.Header
}

// New returns a Client. If the configuration is invalid, the error lists every
// problem.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	return &Client{
		config:     config,
		transport:  newTransport(config),
		guard:      newGuard(config.AllowNets),
		sessions:   tls.NewLRUClientSessionCache(config.MaxIdleConns),
		idle:       idleConnections{max: config.MaxIdleConns, bySite: map[string][]*connection{}},
		scratch:    sync.Pool{New: func() any { return new([scratchSize]byte) }},
		pageHeader: newHeader(config.UserAgent, "text/html,application/xhtml+xml,*/*;q=0.1"),
		anyHeader:  newHeader(config.UserAgent, "*/*"),
	}, nil
}

func newHeader(userAgent, accept string) http.Header {
	return http.Header{
		"User-Agent":      {userAgent},
		"Accept-Encoding": {acceptEncoding},
		"Accept":          {accept},
	}
}

// Close closes the idle connections. Requests in flight finish.
func (c *Client) Close() { c.idle.close() }

// Get makes one request. It returns every final response, including redirects
// and server errors, as a Response. Every error it returns is an *Error.
func (c *Client) Get(ctx context.Context, request Request) (*Response, error) {
	request.MaxBodyBytes = max(request.MaxBodyBytes, 0)
	if request.MaxBodyBytes == 0 {
		request.MaxBodyBytes = c.config.MaxBodyBytes
	}
	fetchTime := c.config.Now()
	outgoing, err := c.newRequest(request)
	if err != nil {
		return nil, err
	}
	host := outgoing.URL.Host
	if c.config.Proxy != nil && !c.config.AllowPrivate {
		if err := c.checkAddresses(ctx, outgoing.URL.Scheme, host); err != nil {
			return nil, err
		}
	}
	x, ctx := startExchange(ctx, c.config.TotalTimeout)
	defer x.stop()

	incoming, connection, err := c.roundTrip(x, outgoing.WithContext(ctx))
	if err != nil {
		return nil, classify(ctx, host, x.phase, err)
	}
	life := keepAlive(incoming.Header, c.config.IdleConnTimeout)
	defer func() {
		incoming.Body.Close()
		c.release(connection, life)
	}()
	response := &Response{
		Status:          incoming.StatusCode,
		ContentEncoding: strings.ToLower(strings.Join(incoming.Header["Content-Encoding"], ", ")),
		RemoteAddr:      connection.remote,
		FetchTime:       fetchTime,
		Capture:         connection.captured(outgoing, incoming),
	}
	if incoming.StatusCode/100 == 3 {
		response.Location = resolveLocation(request.URL, incoming.Header.Get("Location"))
	}
	if incoming.StatusCode/100 == 2 || incoming.StatusCode/100 == 3 {
		response.SetCookies = setCookies(incoming.Header)
	}
	var partial *partialBody
	if request.AcceptPartial && incoming.StatusCode/100 == 2 {
		partial = &partialBody{ReadCloser: incoming.Body}
		incoming.Body = partial
	}
	var lent *[scratchSize]byte
	response.Body, response.Truncated, lent, err = c.readBody(x, incoming, request)
	if lent != nil {
		response.release = func() { c.scratch.Put(lent) }
	}
	if err != nil {
		failure := classify(ctx, host, PhaseBody, err)
		failure.Status = incoming.StatusCode
		return nil, failure
	}
	if partial != nil && partial.endedEarly {
		response.EndedEarly, response.Truncated = true, true
	}
	response.Header = httphead.Keep(incoming.Header)
	response.Timings = x.timings()
	return response, nil
}
