// Package httpget makes one polite, bounded GET request: it never follows a
// redirect, never decodes a body, never connects to an address that is not
// public, and waits for nothing without a limit.
package httpget

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
)

// Client makes requests and keeps connections and TLS sessions for later ones.
// It is safe for concurrent use. Close it at the end.
type Client struct {
	config    Config
	transport *http.Transport
	scratch   sync.Pool // of *[scratchSize]byte

	// Headers of requests without conditions, shared by all of them.
	pageHeader, anyHeader http.Header
}

// New returns a Client, or everything that is wrong with its configuration.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	return &Client{
		config:    config,
		transport: newTransport(config),
		scratch:   sync.Pool{New: func() any { return new([scratchSize]byte) }},
		// Every coding that the extractor can undo; the page stays encoded
		// until then.
		pageHeader: http.Header{
			"User-Agent": {config.UserAgent}, "Accept-Encoding": {"gzip, br, zstd, deflate"},
			"Accept": {"text/html,application/xhtml+xml,*/*;q=0.1"},
		},
		anyHeader: http.Header{
			"User-Agent": {config.UserAgent}, "Accept-Encoding": {"gzip, br, zstd, deflate"},
			"Accept": {"*/*"},
		},
	}, nil
}

// Close closes the connections that are kept. Requests in flight finish.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Request is one GET.
type Request struct {
	// URL in canonical form, as weburl.URL gives it. It is sent as it is.
	URL string
	// IfNoneMatch is an earlier answer's ETag, empty for none.
	IfNoneMatch string
	// IfModifiedSince is an earlier answer's Last-Modified, empty for none.
	IfModifiedSince string
	// Cookie is the header of that name, empty for none.
	Cookie string
	// AnyType takes a 2xx body of every type, as for robots.txt. Otherwise
	// what is not HTML is refused as BadType.
	AnyType bool
	// MaxBodyBytes lowers or raises Config.MaxBodyBytes; 0 leaves it.
	MaxBodyBytes int64
}

// Response is an answer with a final status, whichever it is.
type Response struct {
	Status int
	// Header has the headers that matter to a news archive (keptHeaders), in
	// canonical names, with at most 16 values a name and 8 KiB a value;
	// further and longer ones are left out.
	Header http.Header
	// Body as received, in its content encoding. Of an answer that is not a
	// 2xx, at most 64 KiB are taken.
	Body []byte
	// ContentEncoding is the Content-Encoding header in lower case, such as
	// "gzip" or "deflate, br"; empty for none.
	ContentEncoding string
	// Truncated: there was more, and Body is cut at the limit.
	Truncated bool
	// Location is the absolute URL that a 3xx leads to, without fragment. It
	// is not canonical and can have any scheme: weburl.Parse judges it. Where
	// the header cannot be resolved it is as sent; empty if there is none.
	Location string
	// SetCookies are the headers of that name of a redirect, at most 16 of at
	// most 4 KiB.
	SetCookies []string
	// RemoteAddr is the server's address and port.
	RemoteAddr netip.AddrPort
	Timings    Timings
	// FetchTime is when the request was made, by Config.Now.
	FetchTime time.Time

	release func()
}

// Release lets the room of Body be used for another answer. It need not be
// called; where it is, Body must not be used any more.
func (r *Response) Release() {
	if r.release != nil {
		r.release()
		r.release, r.Body = nil, nil
	}
}

// Get makes one request. It returns every final answer, redirects and errors
// of the server included, as a Response; every error it returns is an *Error.
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

	incoming, err := c.transport.RoundTrip(outgoing.WithContext(ctx))
	if err != nil {
		return nil, classify(ctx, host, x.currentPhase(), err)
	}
	defer incoming.Body.Close()
	response := &Response{
		Status:          incoming.StatusCode,
		ContentEncoding: strings.ToLower(strings.Join(incoming.Header["Content-Encoding"], ", ")),
		RemoteAddr:      x.remoteAddr(),
		FetchTime:       fetchTime,
	}
	if incoming.StatusCode/100 == 3 {
		response.Location = resolveLocation(request.URL, incoming.Header.Get("Location"))
		response.SetCookies = setCookies(incoming.Header)
	}
	var lent *[scratchSize]byte
	response.Body, response.Truncated, lent, err = c.takeBody(x, incoming, request)
	if lent != nil {
		response.release = func() { c.scratch.Put(lent) }
	}
	if err != nil {
		failure := classify(ctx, host, PhaseBody, err)
		failure.Status = incoming.StatusCode
		return nil, failure
	}
	response.Header = keepHeaders(incoming.Header)
	response.Timings = x.timings()
	return response, nil
}

// Address is where a host is asked: of several addresses that it has the least,
// so that names with the same addresses get the same one. The host is as in a
// URL, with its port if that is not the scheme's.
func (c *Client) Address(ctx context.Context, scheme, host string) (netip.AddrPort, error) {
	addresses, err := c.addresses(ctx, scheme, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return slices.MinFunc(addresses, netip.AddrPort.Compare), nil
}

// addresses are all that a host has, at least one.
func (c *Client) addresses(ctx context.Context, scheme, host string) ([]netip.AddrPort, error) {
	name, port := host, uint16(80)
	if scheme == "https" {
		port = 443
	}
	if n, text, err := net.SplitHostPort(host); err == nil {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, &Error{Class: BadRequest, Host: host, Err: errors.New("the port is not a number")}
		}
		name, port = n, uint16(number)
	}
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), port)}, nil
	}
	lookup, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	found, err := c.config.Resolver.LookupNetIP(lookup, "ip", name)
	if err != nil {
		return nil, classify(ctx, host, PhaseDNS, err)
	}
	out := make([]netip.AddrPort, len(found))
	for i, addr := range found {
		out[i] = netip.AddrPortFrom(addr.Unmap(), port)
	}
	return out, nil
}

// checkAddresses refuses a host that has an address which is not public: behind a
// proxy, no connection of this process shows it.
func (c *Client) checkAddresses(ctx context.Context, scheme, host string) error {
	addresses, err := c.addresses(ctx, scheme, host)
	if err != nil {
		return err
	}
	guard := newGuard(c.config.AllowNets)
	for _, address := range addresses {
		network := "tcp6"
		if address.Addr().Is4() {
			network = "tcp4"
		}
		if err := guard(network, address.String(), nil); err != nil {
			return classify(ctx, host, PhaseConnect, err)
		}
	}
	return nil
}

// newRequest checks a Request and builds it without parsing its URL again: it
// goes out byte for byte, also where net/url would escape it differently.
func (c *Client) newRequest(request Request) (*http.Request, error) {
	scheme, rest, _ := strings.Cut(request.URL, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 || rest[end] != '/' || end == 0 || scheme != "http" && scheme != "https" ||
		!isHeaderValue(rest) || strings.ContainsAny(rest, " #") || strings.Contains(rest[:end], "@") {
		return nil, &Error{Class: BadRequest, Host: strconv.Quote(hostForMessage(rest))}
	}
	host, pathQuery := rest[:end], rest[end:]
	if err := c.checkPort(scheme, host); err != nil {
		return nil, err
	}
	header := c.pageHeader
	if request.AnyType {
		header = c.anyHeader
	}
	if request.IfNoneMatch != "" || request.IfModifiedSince != "" || request.Cookie != "" {
		if !isHeaderValue(request.IfNoneMatch) || !isHeaderValue(request.IfModifiedSince) || !isHeaderValue(request.Cookie) {
			return nil, &Error{Class: BadRequest, Host: host, Err: errors.New("a condition or a cookie has a control character or is not ASCII")}
		}
		header = maps.Clone(header)
		if request.IfNoneMatch != "" {
			header["If-None-Match"] = []string{request.IfNoneMatch}
		}
		if request.IfModifiedSince != "" {
			header["If-Modified-Since"] = []string{request.IfModifiedSince}
		}
		if request.Cookie != "" {
			header["Cookie"] = []string{request.Cookie}
		}
	}
	target := &url.URL{Scheme: scheme, Host: host, Opaque: pathQuery}
	if c.config.Proxy != nil && scheme == "http" {
		target.Opaque = "//" + host + pathQuery // a proxy is given the whole URL
	} else if strings.HasPrefix(pathQuery, "//") {
		// net/url would take an opaque "//x" for a host.
		target.Opaque = ""
		target.RawPath, target.RawQuery, target.ForceQuery = strings.Cut(pathQuery, "?")
		target.ForceQuery = target.ForceQuery && target.RawQuery == ""
		target.Path = target.RawPath
		if path, err := url.PathUnescape(target.RawPath); err == nil {
			target.Path = path
		}
	}
	return &http.Request{
		Method: http.MethodGet, URL: target, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// hostForMessage takes the host out of what may be no URL, without its user
// information and not at any length.
func hostForMessage(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	return rest[:min(len(rest), 100)]
}

func (c *Client) checkPort(scheme, host string) error {
	if c.config.AllowPrivate {
		return nil
	}
	port := 80
	if scheme == "https" {
		port = 443
	}
	if _, text, err := net.SplitHostPort(host); err == nil {
		if port, err = strconv.Atoi(text); err != nil {
			return &Error{Class: BadRequest, Host: host, Err: errors.New("the port is not a number")}
		}
	}
	if !slices.Contains(c.config.AllowPorts, port) {
		return &Error{Class: BlockedPort, Host: host}
	}
	return nil
}

func resolveLocation(base, location string) string {
	if location == "" {
		return ""
	}
	if absolute, err := weburl.Resolve(base, location); err == nil {
		return absolute
	}
	return location
}

// keptHeaders are the headers of an answer that tell about the page, its
// freshness, its rights, its server, or why there is no page.
var keptHeaders = []string{
	"Age", "Cache-Control", "Cf-Mitigated", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Type", "Date", "Etag", "Expires", "Last-Modified", "Link", "Location", "Retry-After",
	"Server", "Tdm-Policy", "Tdm-Reservation", "Vary", "Via", "Www-Authenticate", "X-Robots-Tag",
}

const (
	maxHeaderValues = 16
	maxHeaderValue  = 8 << 10
)

const (
	maxSetCookies = 16
	maxSetCookie  = 4 << 10
)

func setCookies(h http.Header) []string {
	values := slices.DeleteFunc(slices.Clone(h["Set-Cookie"]), func(value string) bool { return len(value) > maxSetCookie || !isHeaderValue(value) })
	return values[:min(len(values), maxSetCookies)]
}

// keepHeaders removes all other headers from h and returns it.
func keepHeaders(h http.Header) http.Header {
	for name, values := range h {
		if _, kept := slices.BinarySearch(keptHeaders, name); !kept {
			delete(h, name)
			continue
		}
		values = slices.DeleteFunc(values, func(value string) bool { return len(value) > maxHeaderValue })
		values = values[:min(len(values), maxHeaderValues)]
		if len(values) == 0 {
			delete(h, name)
			continue
		}
		h[name] = slices.Clip(values)
	}
	return h
}
