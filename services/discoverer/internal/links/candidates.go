package links

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

const (
	// MaxCandidates is the maximum number of candidates of a site.
	MaxCandidates = 30
	// maxSections is the maximum number of sections among them.
	maxSections = 12
)

// wellKnown are places where many sites have a feed or a sitemap, the most frequent first.
var wellKnown = []struct {
	path string
	kind found.Kind
}{
	{"/sitemap.xml", found.Sitemap},
	{"/feed/", found.Feed},
	{"/rss.xml", found.Feed},
	{"/news-sitemap.xml", found.Sitemap},
	{"/sitemap_index.xml", found.Sitemap},
	{"/feed.xml", found.Feed},
	{"/rss", found.Feed},
	{"/sitemap-news.xml", found.Sitemap},
	{"/atom.xml", found.Feed},
	{"/index.xml", found.Feed},
	{"/feed.json", found.Feed},
}

// Candidates returns the endpoints to try for a site, the most reliable first and at most
// MaxCandidates: the sitemaps of its robots.txt, what its home page names (see Read) and
// well-known places. doc can be nil if the home page could not be read.
//
// A robots.txt can name a sitemap on another host (RFC 9309, sitemaps.org). Other
// candidates are on the site of base.
func Candidates(doc *goquery.Document, base *url.URL, robots []string) []found.Candidate {
	page, err := weburl.Parse(base.String())
	if err != nil {
		return nil
	}
	var all []found.Candidate
	for _, line := range robots {
		address := found.Resolve(base.String(), line)
		all = append(all, found.Candidate{URL: address, Kind: found.Sitemap, Hint: found.HintRobots})
	}
	if doc != nil {
		listing := &found.Listing{}
		all = append(all, endpoints(doc, base, page, collect(doc, base, page, listing))...)
	}
	// Leave room for the well-known places.
	all = unique(all, page, MaxCandidates-len(wellKnown))
	for _, place := range wellKnown {
		all = append(all, found.Candidate{URL: page.Origin() + place.path, Kind: place.kind, Hint: found.HintWellKnown})
	}
	return unique(all, page, MaxCandidates)
}

// unique removes candidates without URL, the page itself and repeated ones.
func unique(all []found.Candidate, page weburl.URL, limit int) []found.Candidate {
	seen := map[string]bool{page.String(): true}
	kept := all[:0:0]
	for _, c := range all {
		u, err := weburl.Parse(c.URL)
		if err != nil || seen[u.String()] || len(kept) >= limit {
			continue
		}
		seen[u.String()] = true
		kept = append(kept, c)
	}
	return kept
}

// feedTypes are the media types of feeds.
var feedTypes = map[string]bool{
	"application/rss+xml": true, "application/atom+xml": true, "application/feed+json": true,
	"application/rdf+xml": true, "text/xml": true, "application/xml": true, "application/json": false,
}

var (
	// feedPath is a path that names a feed.
	feedPath = regexp.MustCompile(`(?i)(^|/)(rss|feeds?|atom|rdf)([/.]|$)|[.](rss|atom|rdf)$|(rss|feed|atom|index)[\w-]*[.](xml|json)$`) //nolint:lll // one pattern
	// commentPath is the feed of comments, not of articles.
	commentPath = regexp.MustCompile(`(?i)/comments?/|comments?[-_.]?(feed|rss)`)
	// mapPath is a path that names a sitemap.
	mapPath = regexp.MustCompile(`(?i)sitemap[\w-]*[.]xml([.]gz)?$`)
	// feedText is the text of a link to a feed.
	feedText = regexp.MustCompile(`(?i)^\W*(rss|atom|feed|rss[ -]?feed|xml)\W*$`)
)

// endpoints returns the endpoints that a page names, the most reliable first.
func endpoints(doc *goquery.Document, base *url.URL, page weburl.URL, all []*link) []found.Candidate {
	from := origin(doc, base)
	sameSite := func(address string) bool {
		u, err := weburl.Parse(address)
		return err == nil && u.Site() == page.Site()
	}
	var list []found.Candidate
	doc.Find("link[href]").Each(func(_ int, s *goquery.Selection) {
		rel, kind := strings.ToLower(s.AttrOr("rel", "")), strings.ToLower(s.AttrOr("type", ""))
		address := found.Resolve(from, s.AttrOr("href", ""))
		switch {
		case address == "" || commentPath.MatchString(address):
		case slices.Contains(strings.Fields(rel), "alternate") && feedTypes[kind]:
			// Feeds are often on the host of a feed service.
			list = append(list, found.Candidate{
				URL: address, Kind: found.Feed, Hint: found.HintAlternate, Title: found.Text(s.AttrOr("title", "")),
			})
		case rel == "sitemap" && sameSite(address):
			list = append(list, found.Candidate{URL: address, Kind: found.Sitemap, Hint: found.HintMeta})
		}
	})
	doc.Find("a[href]").Each(func(i int, s *goquery.Selection) {
		if i >= MaxLinks {
			return
		}
		address := found.Resolve(from, s.AttrOr("href", ""))
		if !sameSite(address) || commentPath.MatchString(address) {
			return
		}
		path, _, _ := strings.Cut(address, "?")
		switch {
		case mapPath.MatchString(path):
			list = append(list, found.Candidate{URL: address, Kind: found.Sitemap, Hint: found.HintAnchor})
		case feedPath.MatchString(path) || feedText.MatchString(s.Text()) && !strings.HasSuffix(path, ".html"):
			list = append(list, found.Candidate{
				URL: address, Kind: found.Feed, Hint: found.HintAnchor, Title: found.Text(s.Text()),
			})
		}
	})
	list = append(list, sections(all)...)
	return unique(list, page, MaxCandidates)
}

// sections returns the links of the page's navigation that are probably lists of articles,
// the shortest paths first.
func sections(all []*link) []found.Candidate {
	var list []*link
	for _, l := range all {
		if isSection(l) {
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b *link) int {
		return cmp.Compare(strings.Count(a.url.PathQuery(), "/"), strings.Count(b.url.PathQuery(), "/"))
	})
	var candidates []found.Candidate
	for _, l := range list[:min(len(list), maxSections)] {
		candidates = append(candidates, found.Candidate{
			URL: l.address, Kind: found.Links, Hint: found.HintSection, Title: l.title,
		})
	}
	return candidates
}

func isSection(l *link) bool {
	path, query, _ := strings.Cut(l.url.PathQuery(), "?")
	trimmed := strings.Trim(path, "/")
	if l.p >= threshold || !l.chrome || query != "" || trimmed == "" || strings.Count(trimmed, "/") > 2 ||
		l.features.words > 4 || onlyDate.MatchString(path) || paging.MatchString(path) || feedPath.MatchString(path) {
		return false
	}
	for i, segment := range strings.Split(strings.ToLower(trimmed), "/") {
		name, _, _ := strings.Cut(segment, ".")
		if serviceWords[name] || listWords[name] && i == 0 && strings.Contains(trimmed, "/") {
			return false
		}
	}
	return true
}
