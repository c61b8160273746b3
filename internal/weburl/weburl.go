// Package weburl decides when two URLs are the same page. Its canonical form
// is the key of a page everywhere: in streams, in message ids and in stores.
//
// The form is what the WHATWG URL standard's parser and serialiser give, with
// everything removed that cannot change which page is meant: user information,
// fragment, default port, the dot that ends an absolute host name, tracking
// parameters and session ids. What might change the page is kept as it was
// given: the order of the query's parameters (servers sign it, cache by it and
// read the first or the last of two equal names), the letters' case in the
// path, and percent-encoding (some servers redirect between %c3 and %C3 for
// ever). The canonical form is also what is fetched, so it has to work.
package weburl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// MaxLength is the longest URL accepted, in bytes, as given and in canonical
// form. RFC 9110, section 4.1 asks for at least 8,000 octets.
const MaxLength = 8 << 10

// URL is an http or https URL in canonical form. Two URLs are the same page
// exactly when they are equal with ==. The zero value is no URL. A URL comes
// from Parse.
type URL struct {
	href     string
	hostFrom int // index of the host's first byte in href
	hostTo   int // index of the path's first byte in href
}

// Parse reads a URL as a browser's address field does, white space around it
// ignored, and returns its canonical form. Its errors are sentences for the
// person who gave the URL, and they never repeat user information.
func Parse(raw string) (URL, error) {
	text := strings.Trim(raw, " \t\r\n\v\f")
	if err := checkText(text); err != nil {
		return URL{}, err
	}
	parsed, err := whatwg.Parse(escapeInvalidUTF8(text))
	if err != nil {
		return URL{}, fmt.Errorf("%s is not a usable URL: %s; correct the host or the port", quote(text), reason(err))
	}
	path := parsed.Pathname()
	if stripped := stripPath(path); stripped != path {
		// "..;jsessionid=1" has become "..": let the parser resolve it.
		parsed.SetPathname(stripped)
		path = parsed.Pathname()
	}
	host, err := canonicalHost(parsed.Hostname())
	if err != nil {
		return URL{}, fmt.Errorf("%s: %w", quote(text), err)
	}
	if port := parsed.Port(); port != "" {
		host += ":" + port
	}
	u := assemble(parsed.Scheme(), host, path, stripQuery(parsed.Query()))
	if len(u.href) > MaxLength {
		return URL{}, fmt.Errorf("%s is %d bytes long when percent-encoded; the limit is %d bytes", quote(text), len(u.href), MaxLength)
	}
	return u, nil
}

// Resolve returns the absolute URL that ref means on the page base, as a
// browser resolves a link or a Location header, without its fragment. The
// result is not canonical and can have any scheme; Parse judges it.
func Resolve(base, ref string) (string, error) {
	parsed, err := whatwg.ParseRef(base, escapeInvalidUTF8(ref))
	if err != nil {
		return "", fmt.Errorf("resolving %s against %s: %s", quote(ref), quote(base), reason(err))
	}
	return parsed.Href(true), nil
}

func assemble(scheme, host, path, query string) URL {
	if query != "" {
		query = "?" + query
	}
	from := len(scheme) + len("://")
	return URL{href: scheme + "://" + host + path + query, hostFrom: from, hostTo: from + len(host)}
}

// String returns the canonical form, all ASCII.
func (u URL) String() string { return u.href }

// IsZero reports whether u is no URL.
func (u URL) IsZero() bool { return u.href == "" }

// Scheme returns "http" or "https".
func (u URL) Scheme() string {
	scheme, _, _ := strings.Cut(u.href, ":")
	return scheme
}

// Host returns the host in lower case, as punycode where it is not ASCII, with
// ":port" where the port is not the scheme's own: the unit of politeness.
func (u URL) Host() string { return u.href[u.hostFrom:u.hostTo] }

// Origin returns scheme and host, without a slash at the end: what one
// robots.txt speaks for (RFC 9309, section 2.3).
func (u URL) Origin() string { return u.href[:u.hostTo] }

// PathQuery returns the path, which starts with a slash, and the query.
func (u URL) PathQuery() string { return u.href[u.hostTo:] }

// ID returns 32 lower-case hexadecimal digits, the first 128 bits of the
// SHA-256 of the canonical form, so that
//
//	printf %s URL | sha256sum | cut -c1-32
//
// gives the same.
func (u URL) ID() string {
	sum := sha256.Sum256([]byte(u.href))
	return hex.EncodeToString(sum[:16])
}
