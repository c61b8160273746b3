package fetcher

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

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
func setCookies(known []*datelinev1.SetCookie, from weburl.URL, values []string) []*datelinev1.SetCookie {
	for _, value := range values {
		known = append(known, &datelinev1.SetCookie{Url: from.String(), Value: value})
	}
	return known[max(0, len(known)-maxCookies):]
}

// cookieHeader returns the Cookie header that a browser would send to a URL after
// this chain of redirects (RFC 6265, section 5.4). It is empty if there are no
// cookies, or too many to send.
func cookieHeader(cookies []*datelinev1.SetCookie, to weburl.URL) string {
	if len(cookies) == 0 {
		return ""
	}
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return ""
	}
	for _, c := range cookies {
		if from, err := url.Parse(c.GetUrl()); err == nil {
			jar.SetCookies(from, (&http.Response{Header: http.Header{"Set-Cookie": {c.GetValue()}}}).Cookies())
		}
	}
	target, err := url.Parse(to.String())
	if err != nil {
		return ""
	}
	var pairs []string
	for _, c := range jar.Cookies(target) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	header := strings.Join(pairs, "; ")
	if len(header) > maxCookieHeader {
		return ""
	}
	return header
}
