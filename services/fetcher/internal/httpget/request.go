package httpget

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxHostInMessage bounds, in bytes, the part of an invalid URL that an error
// quotes as its host.
const maxHostInMessage = 100

// Request describes one GET.
type Request struct {
	// URL as weburl.URL.String or weburl.Target.String returns it. It is sent
	// unchanged.
	URL string
	// IfNoneMatch is the ETag of an earlier response. Empty sends no condition.
	IfNoneMatch string
	// IfModifiedSince is the Last-Modified of an earlier response. Empty sends
	// no condition.
	IfModifiedSince string
	// Cookie is the Cookie header. Empty sends none.
	Cookie string
	// AnyType accepts a 2xx body of any type, as for robots.txt. Otherwise a
	// body that is not HTML is refused with BadType.
	AnyType bool
	// AcceptPartial accepts a 2xx body that ends before its announced length or
	// its last chunk, as truncated (RFC 9112, section 8). Otherwise it is a Reset.
	AcceptPartial bool
	// MaxBodyBytes overrides Config.MaxBodyBytes. 0 does not.
	MaxBodyBytes int64
}

// newRequest checks a Request and builds the http.Request. It does not parse the
// URL again, so that the URL is sent byte for byte even if net/url would escape
// it differently.
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
	header, err := c.requestHeader(scheme, host, request)
	if err != nil {
		return nil, err
	}
	return &http.Request{
		Method: http.MethodGet, URL: c.requestTarget(scheme, host, pathQuery), Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// requestHeader returns the shared header, or a copy of it with the request's
// conditions and cookie, and with the credentials for the proxy.
func (c *Client) requestHeader(scheme, host string, request Request) (http.Header, error) {
	header := c.pageHeader
	if request.AnyType {
		header = c.anyHeader
	}
	authorization := ""
	if scheme == "http" {
		authorization = proxyAuthorization(c.config.Proxy)
	}
	copied := false
	for _, field := range []struct{ name, value string }{
		{"If-None-Match", request.IfNoneMatch},
		{"If-Modified-Since", request.IfModifiedSince},
		{"Cookie", request.Cookie},
		{"Proxy-Authorization", authorization},
	} {
		if field.value == "" {
			continue
		}
		if !isFieldValue(field.value) {
			err := errors.New(field.name + " has a control character")
			return nil, &Error{Class: BadRequest, Host: host, Err: err}
		}
		if !copied {
			header, copied = maps.Clone(header), true
		}
		header[field.name] = []string{field.value}
	}
	return header, nil
}

// requestTarget returns the URL that makes net/http send pathQuery unchanged.
func (c *Client) requestTarget(scheme, host, pathQuery string) *url.URL {
	target := &url.URL{Scheme: scheme, Host: host, Opaque: pathQuery}
	if c.config.Proxy != nil && scheme == "http" {
		target.Opaque = "//" + host + pathQuery // a proxy needs the whole URL
	} else if strings.HasPrefix(pathQuery, "//") {
		// net/url would take the x of an opaque "//x" for a host.
		target.Opaque = ""
		target.RawPath, target.RawQuery, target.ForceQuery = strings.Cut(pathQuery, "?")
		target.ForceQuery = target.ForceQuery && target.RawQuery == ""
		target.Path = target.RawPath
		if path, err := url.PathUnescape(target.RawPath); err == nil {
			target.Path = path
		}
	}
	return target
}

// hostForMessage returns the host part of a string that may not be a URL,
// without user information and limited to maxHostInMessage.
func hostForMessage(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	return rest[:min(len(rest), maxHostInMessage)]
}

// checkPort refuses ports outside Config.AllowPorts.
func (c *Client) checkPort(scheme, host string) error {
	if c.config.AllowPrivate {
		return nil
	}
	port := int(defaultPort(scheme))
	if _, text, err := net.SplitHostPort(host); err == nil {
		if port, err = strconv.Atoi(text); err != nil {
			return &Error{Class: BadRequest, Host: host, Err: errPortNotNumber}
		}
	}
	if !slices.Contains(c.config.AllowPorts, port) {
		return &Error{Class: BlockedPort, Host: host}
	}
	return nil
}

var errPortNotNumber = errors.New("the port is not a number")

func defaultPort(scheme string) uint16 {
	if scheme == "https" {
		return 443
	}
	return 80
}
