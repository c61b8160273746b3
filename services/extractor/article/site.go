package article

import (
	"net/url"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
)

// readSite reads the site's name.
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
		{r.siteInTitle(), FromMeta, 0.75},
		{r.siteInCopyright(), FromStructure, 0.6},
	}
	for _, c := range candidates {
		if c.value != "" && !strings.HasPrefix(c.value, "http") && runeCount(c.value) < 80 {
			r.out.SiteName = strings.TrimPrefix(c.value, "@")
			r.set("site_name", c.source, c.conf)
			return
		}
	}
}

// siteInTitle is the last part of the document's title where it resembles the
// host's name, or where the part before it is the page's headline.
func (r *reader) siteInTitle() string {
	at, width := -1, 0
	for _, sep := range titleSeparators {
		if i := strings.LastIndex(r.title, sep); i > at {
			at, width = i, len(sep)
		}
	}
	if at <= 0 {
		return ""
	}
	head, tail := strings.TrimSpace(r.title[:at]), strings.TrimSpace(r.title[at+width:])
	if r.isSite(tail) {
		return tail
	}
	for i := range r.runs {
		if r.runs[i].kind == runText && isHeading(r.elems[r.runs[i].elem].node.DataAtom) && fold(r.textOf(&r.runs[i])) == fold(head) {
			return tail
		}
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
