package fields

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Site is the site of a page, with the names that the page has for it.
type Site struct {
	// Name is the site's name.
	Name  record.Field[string]
	names []string // all names that the page gives the site, folded
	base  *url.URL
}

// maxSiteName is the length in characters at which a text is too long for the name of
// a site.
const maxSiteName = 80

// ReadSite reads the site's name, and all names that the page has for the site.
func ReadSite(p *page.Page, f *facts.Facts) *Site {
	s := &Site{base: p.Base}
	publisher := ""
	if o, ok := f.Graph.Resolve(f.Article["publisher"]).(map[string]any); ok {
		publisher = norm.Squeeze(jsonld.String(o["name"]))
	}
	for _, c := range []fact{
		record.NewField(f.Meta["og:site_name"], record.FromOpenGraph, 0.95),
		record.NewField(publisher, record.FromJSONLD, 0.9),
		record.NewField(f.Meta["application-name"], record.FromMeta, 0.8),
		record.NewField(f.Meta["apple-mobile-web-app-title"], record.FromMeta, 0.75),
		record.NewField(siteOnLogo(p), record.FromStructure, 0.75),
		record.NewField(s.inTitle(p), record.FromMeta, 0.75),
		record.NewField(siteInCopyright(p), record.FromStructure, 0.6),
	} {
		c.Value = strings.TrimPrefix(c.Value, "@")
		if c.Value == "" || strings.HasPrefix(c.Value, "http") || norm.Len(c.Value) >= maxSiteName {
			continue
		}
		s.names = append(s.names, norm.Fold(c.Value))
		if s.Name.Value == "" {
			s.Name = c
		}
	}
	return s
}

// Bounds of a part of a title, in characters.
const (
	maxTitlePart = 60 // a longer part does not name the site
	minTitleRest = 10 // a shorter rest is not a headline
)

// IsNamed reports whether a text is one of the site's names.
func (s *Site) IsNamed(text string) bool {
	folded := norm.Fold(text)
	return folded != "" && slices.Contains(s.names, folded)
}

// Matches reports whether a text names the site: one of its names, longer or
// shorter, or the label of its host.
func (s *Site) Matches(text string) bool {
	folded := norm.Fold(text)
	if folded == "" || norm.Len(text) > maxTitlePart {
		return false
	}
	for _, name := range s.names {
		if folded == name || len(name) > 3 && strings.HasPrefix(folded, name) ||
			len(folded) > 4 && strings.HasPrefix(name, folded) {
			return true
		}
	}
	if s.base == nil {
		return false
	}
	host := norm.Fold(strings.TrimPrefix(s.base.Hostname(), "www."))
	if len(folded) > 2 && strings.HasPrefix(host, folded) || len(folded) > 5 && strings.Contains(host, folded) {
		return true
	}
	label := s.hostLabel()
	return len(label) > 3 && strings.Contains(folded, norm.Fold(label)) && len(folded) < len(label)+12
}

// hostLabel returns the first label of the site's host after "www".
func (s *Site) hostLabel() string {
	label, _, _ := strings.Cut(strings.TrimPrefix(s.base.Hostname(), "www."), ".")
	return label
}

// maxLogos is the maximum number of links to the home page that are examined.
const maxLogos = 5

// siteOnLogo returns the text, or the text alternative of the picture, in a link to the
// home page. The document's title must start or end with it, because such links also have
// texts such as "Home".
func siteOnLogo(p *page.Page) string {
	seen := 0
	for i := range p.Elems {
		n := p.Elems[i].Node
		if n.DataAtom != atom.A || !isHome(p.Base, page.Attr(n, "href")) {
			continue
		}
		if seen++; seen > maxLogos {
			return ""
		}
		for _, name := range []string{page.NodeText(n), imageAlt(n), norm.Squeeze(page.Attr(n, "title"))} {
			if norm.Len(name) > 3 && norm.Len(name) < maxTitlePart && partOfTitle(p.Title, name) {
				return name
			}
		}
	}
	return ""
}

// maxHomeLink is the maximum length of a link to the home page, in bytes.
const maxHomeLink = 100

// isHome reports whether a link leads to the site's home page.
func isHome(base *url.URL, href string) bool {
	if href == "" || len(href) > maxHomeLink || hasPath(href) {
		return false
	}
	u, err := url.Parse(href)
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Path == "" && u.Host == "" {
		return false
	}
	return u.Host == "" || base != nil && siteHost(u.Hostname()) == siteHost(base.Hostname())
}

// hasPath reports whether an address has a path other than that of a home page. Most links
// of a page do, and need not be parsed.
func hasPath(href string) bool {
	rest := href
	if _, host, ok := strings.Cut(href, "//"); ok {
		_, rest, _ = strings.Cut(host, "/")
	}
	rest = strings.TrimLeft(rest, "/")
	return rest != "" && rest[0] != '#'
}

func imageAlt(n *html.Node) string {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Img {
			return norm.Squeeze(page.Attr(d, "alt"))
		}
	}
	return ""
}

// partOfTitle reports whether a name is the document's title, or is separated
// from the rest of it.
func partOfTitle(title, name string) bool {
	want := norm.Fold(name)
	if want == "" {
		return false
	}
	if norm.Fold(title) == want {
		return true
	}
	if endsTitle(title, name) {
		return true
	}
	lead, _, ok := cutFirst(title, anySeparator)
	return ok && norm.Fold(lead) == want && strings.Contains(name, " ")
}

// inTitle returns the part of the document's title that resembles the host's
// name, or whose rest is a heading of the page.
func (s *Site) inTitle(p *page.Page) string {
	head, tail, ok := cutLast(p.Title, titleSeparators)
	lead, rest, several := cutFirst(p.Title, titleSeparators)
	switch {
	case !ok:
	case s.Matches(tail):
		return tail
	case several && s.Matches(lead) && shownAsHeading(p, rest):
		return lead
	case shownAsHeading(p, head):
		return tail
	}
	if several && norm.Len(lead) < min(maxTitlePart, norm.Len(rest)) && shownAsHeading(p, rest) {
		return lead
	}
	return ""
}

// Bounds of a copyright notice.
const (
	copyrightRuns  = 40  // runs at the end of the page that are examined
	copyrightChars = 200 // characters of such a run
	copyrightName  = 50  // characters of the name
)

// siteInCopyright returns the name in "© 2025 The Name. All rights reserved".
func siteInCopyright(p *page.Page) string {
	for i := len(p.Runs) - 1; i >= max(0, len(p.Runs)-copyrightRuns); i-- {
		r := &p.Runs[i]
		if r.Kind != page.TextRun || r.Chars > copyrightChars {
			continue
		}
		_, after, ok := strings.Cut(p.TextOf(r), "©")
		if !ok {
			continue
		}
		name := strings.TrimLeft(after, " 0123456789-–,")
		if end := strings.IndexAny(name, ".,|;·•\n"); end >= 0 {
			name = name[:end]
		}
		if name = strings.TrimSpace(name); name != "" && norm.Len(name) < copyrightName {
			return name
		}
	}
	return ""
}
