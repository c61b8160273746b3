package sources

import (
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

const (
	// HintHome marks the home page, from which the search for endpoints starts.
	HintHome = "home"
	// HintIndex marks the sitemaps that an index names.
	HintIndex = "sitemap index"
)

// First returns the endpoints from which the search for a site's others starts: its home
// page and its robots.txt.
func First(source Source) ([]Endpoint, error) {
	home, rules, err := homeAndRules(source)
	if err != nil {
		return nil, err
	}
	return []Endpoint{
		NewEndpoint(source.ID, home, datelinev1.Purpose_PURPOSE_LINKS, HintHome),
		NewEndpoint(source.ID, rules, datelinev1.Purpose_PURPOSE_ROBOTS, found.HintRobots),
	}, nil
}

// homeAndRules returns the URLs of a site's home page and robots.txt.
func homeAndRules(source Source) (home, rules weburl.URL, err error) {
	if home, err = weburl.Parse(source.URL); err != nil {
		return home, rules, err
	}
	rules, err = weburl.Parse(home.Origin() + "/robots.txt")
	return home, rules, err
}

// Seeds returns the sitemaps at which a backfill starts. Sitemaps that an index names are left
// out, because reading the index finds them.
func Seeds(source Source, known []Endpoint) ([]BackfillSitemap, error) {
	_, rules, err := homeAndRules(source)
	if err != nil {
		return nil, err
	}
	all := []BackfillSitemap{NewBackfillSitemap(rules, datelinev1.Purpose_PURPOSE_ROBOTS, found.HintRobots)}
	for _, e := range known {
		url, err := weburl.Parse(e.URL)
		if err == nil && e.Purpose == datelinev1.Purpose_PURPOSE_SITEMAP && e.State == Active && e.Hint != HintIndex {
			sitemap := NewBackfillSitemap(url, e.Purpose, e.Hint)
			sitemap.Place = len(all)
			all = append(all, sitemap)
		}
	}
	return all, nil
}
