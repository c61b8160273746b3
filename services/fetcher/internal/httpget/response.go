package httpget

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
)

// Response is a response with a final status, whatever that status is.
type Response struct {
	Status int
	// Header has the headers that matter to a news archive (see httphead.Keep),
	// under their canonical names. It has at most 16 values per name and 8 KiB
	// per value. Longer values and values beyond the 16th are dropped.
	Header http.Header
	// Body as received, in its content encoding. For a status other than 2xx,
	// it is limited to 64 KiB.
	Body []byte
	// ContentEncoding is the Content-Encoding header in lower case, such as
	// "gzip" or "deflate, br". It is empty if the header is absent.
	ContentEncoding string
	// Truncated reports whether Body was cut at the limit, or has EndedEarly.
	Truncated bool
	// EndedEarly reports that the connection ended before the body was complete.
	// It is never set without Request.AcceptPartial.
	EndedEarly bool
	// Location is the absolute URL that a 3xx redirects to, without fragment.
	// It is not canonical and can have any scheme: check it with weburl.Parse.
	// A header that cannot be resolved is copied unchanged. Location is empty
	// if there is no such header.
	Location string
	// SetCookies are the Set-Cookie headers of a page or a redirect: at most 16, of at
	// most 4 KiB each.
	SetCookies []string
	// RemoteAddr is the server's address and port.
	RemoteAddr netip.AddrPort
	Timings    Timings
	// FetchTime is when the request started, according to Config.Now.
	FetchTime time.Time
	// Capture is the exchange as it was sent.
	Capture Capture

	release func()
}

// Release makes the memory of Body available to other responses. Calling it is
// optional. After the call, Body must not be used.
func (r *Response) Release() {
	if r.release != nil {
		r.release()
		r.release, r.Body = nil, nil
	}
}

// resolveLocation resolves a Location header against the request's URL.
func resolveLocation(base, location string) string {
	if location == "" {
		return ""
	}
	if absolute, err := weburl.Resolve(base, location); err == nil {
		return absolute
	}
	return weburl.WithoutUsers(location)
}

const (
	// maxSetCookies and maxSetCookie bound the Set-Cookie headers that a Response
	// keeps: how many, and how long in bytes. RFC 6265, section 6.1, expects clients
	// to support 4,096 bytes per cookie.
	maxSetCookies = 16
	maxSetCookie  = 4 << 10
)

// setCookies returns the Set-Cookie headers that are within the bounds.
func setCookies(h http.Header) []string {
	values := slices.DeleteFunc(slices.Clone(h["Set-Cookie"]), func(value string) bool {
		return len(value) > maxSetCookie || !isFieldValue(value)
	})
	return values[:min(len(values), maxSetCookies)]
}
