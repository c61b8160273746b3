// Package weburl decides whether two URLs identify the same page. A URL's canonical
// form is the key of its page everywhere: in streams, in message ids and in stores.
//
// The canonical form is the output of the WHATWG URL standard's parser and
// serialiser, without the parts that cannot change which page is meant: user
// information, fragment, default port, the final dot of an absolute host name,
// tracking parameters and session ids. Parts that might change the page are kept
// unchanged:
//   - The order of query parameters. Servers sign it, cache by it and read the
//     first or the last of two parameters with the same name.
//   - The case of letters in the path.
//   - Percent-encoding. Some servers redirect endlessly between %c3 and %C3.
//
// The fetcher requests the canonical form of a published URL, so servers have to
// accept it. It follows a redirect to the URL that the server gave: see Target.
package weburl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// MaxLength is the maximum length of a URL in bytes, both as given and in canonical
// form. RFC 9110, section 4.1, recommends at least 8,000 octets.
const MaxLength = 8 << 10

// URL is an http or https URL in canonical form. Two URLs identify the same page if
// and only if they are equal with ==. Use Parse to make one. The zero value is not a
// URL.
type URL struct {
	href     string
	hostFrom int // index of the host's first byte in href
	hostTo   int // index of the path's first byte in href
}

// Parse parses a URL like a browser's address field, ignoring surrounding white
// space, and returns its canonical form. Its errors are sentences for the person who
// entered the URL. They never contain user information.
func Parse(raw string) (URL, error) {
	text, parsed, host, err := parse(raw)
	if err != nil {
		return URL{}, err
	}
	return canonical(text, parsed, host)
}

// parse checks a URL and parses it. It returns the trimmed text, and the host in
// canonical form with its port.
func parse(raw string) (text string, parsed *whatwg.Url, host string, err error) {
	text = strings.Trim(raw, " \t\r\n\v\f")
	if err := checkText(text); err != nil {
		return "", nil, "", err
	}
	if parsed, err = whatwg.Parse(escapeInvalidUTF8(text)); err != nil {
		return "", nil, "", fmt.Errorf("%s is not a usable URL: %s; correct the host or the port", quote(text), reason(err))
	}
	if host, err = canonicalHost(parsed.Hostname()); err != nil {
		return "", nil, "", fmt.Errorf("%s: %w", quote(text), err)
	}
	if port := parsed.Port(); port != "" {
		host += ":" + port
	}
	return text, parsed, host, nil
}

// canonical returns the canonical form of a parsed URL. It changes parsed.
func canonical(text string, parsed *whatwg.Url, host string) (URL, error) {
	path := parsed.Pathname()
	if stripped := stripPath(path); stripped != path {
		// If "..;jsessionid=1" has become "..", the parser must resolve it.
		parsed.SetPathname(stripped)
		path = parsed.Pathname()
	}
	u := assemble(parsed.Scheme(), host, path, stripQuery(parsed.Query()))
	if err := checkLength(text, u); err != nil {
		return URL{}, err
	}
	return u, nil
}

func checkLength(text string, u URL) error {
	if len(u.href) <= MaxLength {
		return nil
	}
	return fmt.Errorf("%s is %d bytes long when percent-encoded; the limit is %d bytes",
		quote(text), len(u.href), MaxLength)
}

// Resolve returns the absolute URL of ref relative to the page base, without its
// fragment and user information. It resolves ref like a browser resolves a link or a
// Location header. The result is not canonical and can have any scheme: check it with Parse.
func Resolve(base, ref string) (string, error) {
	parsed, err := whatwg.ParseRef(base, escapeInvalidUTF8(ref))
	if err != nil {
		return "", fmt.Errorf("resolving %s against %s: %s", quote(ref), quote(base), reason(err))
	}
	parsed.SetUsername("")
	parsed.SetPassword("")
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

// IsZero reports whether u is the zero value.
func (u URL) IsZero() bool { return u.href == "" }

// Scheme returns "http" or "https".
func (u URL) Scheme() string {
	scheme, _, _ := strings.Cut(u.href, ":")
	return scheme
}

// Host returns the host in lower case, with non-ASCII labels in punycode. It ends in
// ":port" if the port is not the scheme's default. Politeness applies per host.
func (u URL) Host() string { return u.href[u.hostFrom:u.hostTo] }

// Origin returns scheme and host, without a slash at the end. A robots.txt applies to
// an origin (RFC 9309, section 2.3).
func (u URL) Origin() string { return u.href[:u.hostTo] }

// PathQuery returns the path, which starts with a slash, and the query.
func (u URL) PathQuery() string { return u.href[u.hostTo:] }

// ID returns the first 128 bits of the SHA-256 of the canonical form, as 32
// lower-case hexadecimal digits. This command prints the same:
//
//	printf %s URL | sha256sum | cut -c1-32
func (u URL) ID() string {
	sum := sha256.Sum256([]byte(u.href))
	return hex.EncodeToString(sum[:16])
}
