package article

import (
	"net/url"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// readSite reads the site's name, and all names that the page has for it.
func (r *reader) readSite() {
	publisher := ""
	if r.story != nil {
		if p, ok := r.graph.Resolve(r.story["publisher"]).(map[string]any); ok {
			publisher = squeeze(jsonld.String(p["name"]))
		}
	}
	candidates := []fact{
		{r.meta["og:site_name"], FromOpenGraph, 0.95},
		{publisher, FromJSONLD, 0.9},
		{r.meta["application-name"], FromMeta, 0.8},
		{r.meta["apple-mobile-web-app-title"], FromMeta, 0.75},
		{r.siteOnLogo(), FromStructure, 0.75},
		{r.siteInTitle(), FromMeta, 0.75},
		{r.siteInCopyright(), FromStructure, 0.6},
	}
	for _, c := range candidates {
		name := strings.TrimPrefix(c.value, "@")
		if name == "" || strings.HasPrefix(name, "http") || runeCount(name) >= 80 {
			continue
		}
		r.siteNames = append(r.siteNames, fold(name))
		if r.out.SiteName == "" {
			r.out.SiteName = name
			r.set("site_name", c.source, c.conf)
		}
	}
}

// maxLogos bounds the links to the home page that are looked at.
const maxLogos = 5

// siteOnLogo is the text, or the picture's alternative, of a link to the home
// page, where the document's title begins or ends with it as well: such links
// also say "Home".
func (r *reader) siteOnLogo() string {
	seen := 0
	for i := range r.elems {
		n := r.elems[i].node
		if n.DataAtom != atom.A || !r.isHome(attr(n, "href")) {
			continue
		}
		if seen++; seen > maxLogos {
			return ""
		}
		for _, name := range []string{nodeText(n), imageAlt(n), squeeze(attr(n, "title"))} {
			if runeCount(name) > 3 && runeCount(name) < 60 && r.partOfTitle(name) {
				return name
			}
		}
	}
	return ""
}

// isHome says that a link leads to the site's first page.
func (r *reader) isHome(href string) bool {
	if href == "" || len(href) > 100 {
		return false
	}
	u, err := url.Parse(href)
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Path == "" && u.Host == "" {
		return false
	}
	return u.Host == "" || r.base != nil && site(u.Hostname()) == site(r.base.Hostname())
}

func imageAlt(n *html.Node) string {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Img {
			return squeeze(attr(d, "alt"))
		}
	}
	return ""
}

// partOfTitle says that a separator parts a name from the rest of the
// document's title, or that it is the whole of that.
func (r *reader) partOfTitle(name string) bool {
	want := fold(name)
	if want == "" {
		return false
	}
	if fold(r.title) == want {
		return true
	}
	if _, tail, ok := cutLast(r.title, anySeparator); ok && fold(tail) == want {
		return true
	}
	lead, _, ok := cutFirst(r.title, anySeparator)
	return ok && fold(lead) == want && strings.Contains(name, " ")
}

// siteInTitle is the part of the document's title that resembles the host's
// name, or whose rest is a heading of the page.
func (r *reader) siteInTitle() string {
	if head, tail, ok := cutLast(r.title, titleSeparators); ok && (r.isSite(tail) || r.isHeading(head)) {
		return tail
	}
	if lead, rest, ok := cutFirst(r.title, titleSeparators); ok && runeCount(lead) < min(60, runeCount(rest)) && r.isHeading(rest) {
		return lead
	}
	return ""
}

// siteInCopyright is the name in "© 2025 The Name. All rights reserved".
func (r *reader) siteInCopyright() string {
	for i := len(r.runs) - 1; i >= max(0, len(r.runs)-40); i-- {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 200 {
			continue
		}
		text := r.textOf(run)
		_, after, ok := strings.Cut(text, "©")
		if !ok {
			continue
		}
		name := strings.TrimLeft(after, " 0123456789-–,")
		if end := strings.IndexAny(name, ".,|;·•\n"); end >= 0 {
			name = name[:end]
		}
		name = strings.TrimSpace(name)
		if name != "" && runeCount(name) < 50 {
			return name
		}
	}
	return ""
}

// readAddress judges the canonical URL that the page declares.
func (r *reader) readAddress() {
	r.out.URL, r.out.CanonicalURL = r.page.URL, r.page.URL
	if u, err := url.Parse(r.page.URL); err == nil {
		u.Fragment = ""
		r.out.CanonicalURL = u.String()
		r.out.Host = strings.ToLower(u.Hostname())
	}
	for _, c := range []fact{{r.canon, FromMeta, 0.95}, {r.meta["og:url"], FromOpenGraph, 0.9}} {
		abs := resolve(r.base, c.value)
		u, err := url.Parse(abs)
		if abs == "" || err != nil || !r.credible(u) {
			continue
		}
		u.Fragment = ""
		r.out.CanonicalURL, r.out.Host = u.String(), strings.ToLower(u.Hostname())
		r.set("canonical_url", c.source, c.conf)
		return
	}
	if r.page.URL != "" {
		r.set("canonical_url", FromURL, 0.8)
	}
}

// credible says that a declared address can be this page's own: it is no home
// page unless this is one, and on another host, or at another path, it shares
// the last part of the path.
func (r *reader) credible(u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return false
	}
	if r.base == nil {
		return strings.Trim(u.Path, "/") != ""
	}
	own, other := strings.Trim(r.base.Path, "/"), strings.Trim(u.Path, "/")
	if other == "" && own != "" {
		return u.RawQuery != "" && u.RawQuery == r.base.RawQuery
	}
	if site(u.Hostname()) == site(r.base.Hostname()) {
		return !strings.HasPrefix(own, other+"/") || own == other || strings.HasPrefix(strings.TrimPrefix(own, other+"/"), "amp") || longest(other) == longest(own)
	}
	return longest(own) != "" && strings.Contains(fold(other), fold(longest(own)))
}

// site is a host without "www", "m" and "amp" labels before it.
func site(host string) string {
	host = strings.ToLower(host)
	for _, p := range []string{"www.", "m.", "amp.", "mobile."} {
		host = strings.TrimPrefix(host, p)
	}
	return host
}

// longest is the longest segment of a path, which in news is the slug.
func longest(path string) string {
	best := ""
	for s := range strings.SplitSeq(path, "/") {
		if len(s) > len(best) {
			best = s
		}
	}
	best, _, _ = strings.Cut(best, ".")
	return best
}
