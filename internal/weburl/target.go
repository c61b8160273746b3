package weburl

// Target is a URL to request, such as the target of a redirect, with the canonical
// form that identifies its page. A client requests the URL that Location names
// (RFC 9110, section 15.4): if the client removed the session id or the marker that
// the site has put there, the site would redirect again.
type Target struct {
	page  URL
	exact URL // with the session ids and parameters that the canonical form lacks
}

// ParseTarget accepts the same URLs as Parse. It removes only what is never sent to
// a site (user information and fragment), the default port, and the final dot of
// the host name. Page returns what Parse returns.
func ParseTarget(raw string) (Target, error) {
	text, parsed, host, err := parse(raw)
	if err != nil {
		return Target{}, err
	}
	exact := assemble(parsed.Scheme(), host, parsed.Pathname(), parsed.Query())
	if err := checkLength(text, exact); err != nil {
		return Target{}, err
	}
	page, err := canonical(text, parsed, host)
	if err != nil {
		return Target{}, err
	}
	return Target{page: page, exact: exact}, nil
}

// Page returns the canonical form, which identifies the page.
func (t Target) Page() URL { return t.page }

// String returns the URL to request, all ASCII.
func (t Target) String() string { return t.exact.String() }

// Scheme returns "http" or "https".
func (t Target) Scheme() string { return t.exact.Scheme() }

// Host returns the host as URL.Host does.
func (t Target) Host() string { return t.exact.Host() }

// PathQuery returns the path, which starts with a slash, and the query.
func (t Target) PathQuery() string { return t.exact.PathQuery() }
