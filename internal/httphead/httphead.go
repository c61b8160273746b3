// Package httphead selects the response headers that a page keeps.
package httphead

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// keptHeaders are the response headers that describe the page, its freshness,
// its rights or its server, or that explain why there is no page. They are
// sorted.
var keptHeaders = []string{
	"Age", "Cache-Control", "Cf-Mitigated", "Content-Disposition", "Content-Encoding", "Content-Language",
	"Content-Length", "Content-Location", "Content-Type", "Date", "Etag", "Expires", "Last-Modified", "Link", "Location",
	"Refresh", "Retry-After", "Server", "Tdm-Policy", "Tdm-Reservation", "Vary", "Via", "Www-Authenticate", "X-Robots-Tag",
}

// maxHeaderValues and maxHeaderValue bound the values that are kept of a header: how many,
// and how long in bytes.
const (
	maxHeaderValues = 16
	maxHeaderValue  = 8 << 10
)

// Keep removes from h the headers that no later stage uses, and returns h.
func Keep(h http.Header) http.Header {
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
		for i, value := range values {
			values[i] = weburl.WithoutUsers(value) // in Link, Location and others
		}
		h[name] = slices.Clip(values)
	}
	return h
}

// Fields returns headers in the form of a page, sorted by name.
func Fields(header http.Header) []*datelinev1.Header {
	var out []*datelinev1.Header
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			valid := strings.ToValidUTF8(value, "\uFFFD")
			out = append(out, &datelinev1.Header{Name: strings.ToLower(name), Value: valid})
		}
	}
	return out
}
