package fields

import (
	"net/url"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Address is the address of an article.
type Address struct {
	// Canonical is the article's own address, on the site of the page.
	Canonical record.Field[string]
	// Declared is the first address on another site that the page declares as its own.
	Declared record.Field[string]
	// Host is the host of Canonical, in lower case and without port.
	Host string
}

// ReadAddress returns the declared canonical address if it is credible and on the site
// of the page, and otherwise the address of the page without its fragment. Any page can
// declare the address of another site, so such an address is only returned as Declared.
func ReadAddress(p *page.Page, f *facts.Facts) Address {
	var own Address
	for _, c := range []fact{
		record.NewField(p.Canonical, record.FromMeta, 0.95),
		record.NewField(f.Meta["og:url"], record.FromOpenGraph, 0.9),
	} {
		u := parseDeclared(p.Resolve(c.Value))
		if u == nil {
			continue
		}
		c.Value = u.String()
		if isForeign(p.URL, c.Value) {
			if !own.Declared.Found() {
				own.Declared = c
			}
			continue
		}
		if credible(p.Base, u) {
			own.Canonical, own.Host = c, strings.ToLower(u.Hostname())
			return own
		}
	}
	own.Canonical = fact{Value: p.URL}
	if p.URL != "" {
		own.Canonical = record.NewField(p.URL, record.FromURL, 0.8)
	}
	if u, err := url.Parse(p.URL); err == nil {
		u.Fragment = ""
		own.Canonical.Value, own.Host = u.String(), strings.ToLower(u.Hostname())
	}
	return own
}

// parseDeclared parses a declared address and removes its fragment. It returns nil if the
// address is not an http or https URL with a host.
func parseDeclared(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil
	}
	u.Fragment = ""
	return u
}

// isForeign reports whether a declared address is on another site than the page. The
// page's own address decides, not its base element, which can name any site. A saved
// file without web address has no site, so no declared address is foreign to it.
func isForeign(pageURL, declared string) bool {
	if declared == pageURL {
		return false
	}
	_, err := weburl.Parse(pageURL)
	return err == nil && !weburl.SameSite(pageURL, declared)
}

// credible reports whether a declared address can be that of the page. A home
// page is not credible unless the page is one. An address on another host, or at
// another path, must share the slug.
func credible(base, u *url.URL) bool {
	if base == nil {
		return strings.Trim(u.Path, "/") != ""
	}
	own, other := strings.Trim(base.Path, "/"), strings.Trim(u.Path, "/")
	if other == "" && own != "" {
		return u.RawQuery != "" && u.RawQuery == base.RawQuery
	}
	if siteHost(u.Hostname()) != siteHost(base.Hostname()) {
		return slug(own) != "" && strings.Contains(norm.Fold(other), norm.Fold(slug(own)))
	}
	// An address above the page's own is that of a section, unless the difference is
	// an AMP suffix or the slug is the same.
	below, above := strings.CutPrefix(own, other+"/")
	return !above || own == other || strings.HasPrefix(below, "amp") || slug(other) == slug(own)
}

// siteHost returns a host in lower case without the labels "www", "m", "amp" and
// "mobile" in front.
func siteHost(host string) string {
	host = strings.ToLower(host)
	for _, prefix := range []string{"www.", "m.", "amp.", "mobile."} {
		host = strings.TrimPrefix(host, prefix)
	}
	return host
}

// slug returns the longest segment of a path, without its extension.
func slug(path string) string {
	longest := ""
	for s := range strings.SplitSeq(path, "/") {
		if len(s) > len(longest) {
			longest = s
		}
	}
	longest, _, _ = strings.Cut(longest, ".")
	return longest
}
