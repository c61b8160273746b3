package fetcher

import (
	"cmp"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// maxCookies is the maximum number of cookies in one chain of redirects.
	maxCookies = 32
	// maxCookieHeader is the maximum size of a Cookie header, in bytes: common
	// servers accept no more.
	maxCookieHeader = 8 << 10
)

// setCookies adds the cookies that a response sets, and keeps the latest
// maxCookies.
func setCookies(known []*datelinev1.SetCookie, from weburl.Target, values []string) []*datelinev1.SetCookie {
	for _, value := range values {
		cookie := &datelinev1.SetCookie{Url: from.String()}
		if utf8.ValidString(value) {
			cookie.Value = value
		} else {
			cookie.RawValue = []byte(value)
		}
		known = append(known, cookie)
	}
	return known[max(0, len(known)-maxCookies):]
}

// cookieHeader returns the Cookie header that a browser would send to a URL after
// this chain of redirects (RFC 6265, section 5.4). It is empty if there are no
// cookies, or too many to send.
func cookieHeader(cookies []*datelinev1.SetCookie, to weburl.Target) string {
	if len(cookies) == 0 {
		return ""
	}
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return ""
	}
	for _, c := range cookies {
		from, err := weburl.ParseTarget(c.GetUrl())
		cookie := parseSetCookie(cmp.Or(c.GetValue(), string(c.GetRawValue())))
		if err == nil && cookie != nil {
			jar.SetCookies(jarURL(from), []*http.Cookie{cookie})
		}
	}
	var pairs []string
	for _, c := range jar.Cookies(jarURL(to)) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	header := strings.Join(pairs, "; ")
	if len(header) > maxCookieHeader {
		return ""
	}
	return header
}

// jarURL returns a URL as the cookie jar needs it. The path is not decoded: cookie
// paths are compared with the path as sent (RFC 6265, section 5.1.4), and a path
// with a lone "%" has no decoded form.
func jarURL(target weburl.Target) *url.URL {
	path, _, _ := strings.Cut(target.PathQuery(), "?")
	return &url.URL{Scheme: target.Scheme(), Host: target.Host(), Path: path}
}

// parseSetCookie parses a Set-Cookie header as browsers do (RFC 6265, section 5.2).
// The name and the value are opaque: they may contain quotes, spaces, commas and
// bytes that are not ASCII, all of which http.ParseSetCookie refuses or
// removes. It returns nil if there is no name.
func parseSetCookie(header string) *http.Cookie {
	const blanks = " \t"
	pair, attributes, _ := strings.Cut(header, ";")
	name, value, found := strings.Cut(pair, "=")
	name, value = strings.Trim(name, blanks), strings.Trim(value, blanks)
	if !found || name == "" {
		return nil
	}
	cookie, err := http.ParseSetCookie("name=value;" + attributes)
	if err != nil {
		return nil
	}
	cookie.Name, cookie.Value = name, value
	return cookie
}
