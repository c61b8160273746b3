// Package links finds the articles that a page links to, and the other endpoints of its
// site. Whether a link is an article is estimated from its URL, its place on the page and
// what earlier links of the site with similar URLs led to.
package links

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// Limits of a page.
const (
	// MaxLinks is the maximum number of links of a page that are read.
	MaxLinks = 5000
	// MaxItems is the maximum number of articles of a page, the most likely ones.
	MaxItems = 500
	// maxAncestors is the number of elements around a link that are examined.
	maxAncestors = 30
	// blockDepth is the number of elements around a link that are the form of its block.
	blockDepth = 4
)

// threshold is the probability from which a link is an article.
const threshold = 0.5

// link is a URL with all its links on a page.
type link struct {
	url      weburl.URL
	address  string
	title    string
	features features
	block    uint64
	chrome   bool
	order    int
	p        float64
}

// Read returns the articles of a page, in the order of the page, and the endpoints that it
// names. base is the URL of the page, and model is what is known about the URLs of the site,
// or nil. Links to other sites are ignored.
func Read(doc *goquery.Document, base *url.URL, model *Shapes) (*found.Listing, error) {
	if base == nil {
		return nil, errors.New("reading the links: the page has no URL")
	}
	page, err := weburl.Parse(base.String())
	if err != nil {
		return nil, fmt.Errorf("reading the links: %w", err)
	}
	listing := &found.Listing{Kind: found.Links}
	all := collect(doc, base, page, listing)
	for _, l := range all {
		l.p = combine(model.estimate(l.url, pathPrior(l.url)), l.features)
	}
	articles := slices.DeleteFunc(slices.Clone(all), func(l *link) bool { return l.p < threshold })
	if len(articles) > MaxItems {
		slices.SortStableFunc(articles, func(a, b *link) int { return cmp.Compare(b.p, a.p) })
		articles = articles[:MaxItems]
		slices.SortFunc(articles, func(a, b *link) int { return a.order - b.order })
		listing.Truncated = true
		listing.Warn(fmt.Sprintf("kept the %d links that are most likely articles", MaxItems))
	}
	for i, l := range articles {
		listing.Items = append(listing.Items, found.Item{URL: l.address, Title: l.title, Position: i})
	}
	listing.Endpoints = endpoints(doc, base, page, all)
	doc.Find(`link[rel="next"], a[rel="next"]`).EachWithBreak(func(_ int, s *goquery.Selection) bool {
		listing.Next = found.Resolve(origin(doc, base), s.AttrOr("href", ""))
		return listing.Next == ""
	})
	return listing, nil
}

// origin returns the URL against which the page's links are resolved.
func origin(doc *goquery.Document, base *url.URL) string {
	if href := found.Resolve(base.String(), doc.Find("base[href]").First().AttrOr("href", "")); href != "" {
		return href
	}
	return base.String()
}

// collect returns the page's links to pages of its site, each URL once.
func collect(doc *goquery.Document, base *url.URL, page weburl.URL, listing *found.Listing) []*link {
	from := origin(doc, base)
	byURL := make(map[weburl.URL]*link)
	var all []*link
	count := 0
	doc.Find("a[href]").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		if count++; count > MaxLinks {
			listing.Truncated = true
			listing.Warn(fmt.Sprintf("read only the first %d links", MaxLinks))
			return false
		}
		address := found.Resolve(from, s.AttrOr("href", ""))
		u, err := weburl.Parse(address)
		if err != nil || u == page || u.Site() != page.Site() {
			return true
		}
		if path, _, _ := strings.Cut(u.PathQuery(), "?"); media.MatchString(path) {
			return true
		}
		l := byURL[u]
		if l == nil {
			l = &link{url: u, address: address, order: len(all), chrome: true}
			byURL[u] = l
			all = append(all, l)
		}
		l.merge(s)
		return true
	})
	blocks(all)
	return all
}

// merge adds another link to the same URL.
func (l *link) merge(s *goquery.Selection) {
	text := found.Text(html.EscapeString(s.Text()))
	if text == "" {
		text = found.Text(html.EscapeString(s.AttrOr("title", s.AttrOr("aria-label", ""))))
	}
	if n := textWords(text); n > l.features.words {
		l.features.words, l.title = n, text
	}
	place := locate(s.Nodes[0])
	l.features.heading = l.features.heading || place.heading || s.Find("h1,h2,h3,h4").Length() > 0
	l.features.dated = l.features.dated || place.dated
	l.chrome = l.chrome && place.chrome
	if !place.chrome || l.block == 0 {
		l.block = place.block
	}
}

// place is where a link is on the page.
type place struct {
	heading, dated, chrome bool
	block                  uint64 // hash of the form of the elements around it
}

func locate(n *html.Node) place {
	var p place
	form := fnv.New64a()
	depth := 0
	for a := n.Parent; a != nil && a.Type == html.ElementNode && depth < maxAncestors; a = a.Parent {
		depth++
		if depth <= blockDepth {
			fmt.Fprintf(form, "%s.%s/", a.Data, attribute(a, "class"))
		}
		switch a.Data {
		case "h1", "h2", "h3", "h4":
			p.heading = true
		case "nav", "footer", "aside":
			p.chrome = true
		case "header":
			// The header of an article is not that of the page.
			p.chrome = p.chrome || !inside(a, "article")
		}
		if depth <= 3 && !p.dated && a.Data != "body" && a.Data != "main" {
			p.dated = hasTime(a)
		}
		if role := attribute(a, "role"); role == "navigation" || role == "contentinfo" || role == "banner" {
			p.chrome = true
		}
		if isChrome(attribute(a, "class") + " " + attribute(a, "id")) {
			p.chrome = true
		}
	}
	p.block = form.Sum64()
	return p
}

// isChrome reports whether a class or id names a part of the page without articles.
func isChrome(names string) bool {
	for name := range strings.FieldsSeq(strings.ToLower(names)) {
		switch name {
		case "nav", "navigation", "navbar", "menu", "main-menu", "footer", "site-footer", "breadcrumb", "breadcrumbs",
			"pagination", "pager", "tags", "tag-list", "tagcloud", "social", "share", "topbar", "subnav", "sidebar-nav":
			return true
		}
	}
	return false
}

func inside(n *html.Node, name string) bool {
	for a, depth := n.Parent, 0; a != nil && depth < maxAncestors; a, depth = a.Parent, depth+1 {
		if a.Data == name {
			return true
		}
	}
	return false
}

// hasTime reports whether one of the nearest elements in n is a time element. It looks
// only at few nodes: the elements around a link can be large.
func hasTime(n *html.Node) bool {
	budget := 30
	links := 0
	var walk func(*html.Node) bool
	walk = func(n *html.Node) bool {
		for c := n.FirstChild; c != nil && budget > 0; c = c.NextSibling {
			budget--
			if c.Type != html.ElementNode {
				continue
			}
			if c.Data == "time" {
				return true
			}
			if c.Data == "a" {
				links++
			}
			if walk(c) {
				return true
			}
		}
		return false
	}
	// A time among many links belongs to one of them.
	return walk(n) && links <= 4
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// blocks counts the links in blocks of the same form.
func blocks(all []*link) {
	count, words := make(map[uint64]int), make(map[uint64]int)
	for _, l := range all {
		count[l.block]++
		words[l.block] += min(l.features.words, 8)
	}
	for _, l := range all {
		l.features.chrome = l.chrome
		l.features.repeated = count[l.block]
		l.features.wordy = words[l.block] >= 4*count[l.block]
	}
}
