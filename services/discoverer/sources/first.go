package sources

import (
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// HintHome marks the home page, from which the search for endpoints starts.
const HintHome = "home"

// First returns the endpoints from which the search for a site's others starts: its home
// page and its robots.txt.
func First(source Source) ([]Endpoint, error) {
	home, err := weburl.Parse(source.URL)
	if err != nil {
		return nil, err
	}
	rules, err := weburl.Parse(home.Origin() + "/robots.txt")
	if err != nil {
		return nil, err
	}
	return []Endpoint{
		NewEndpoint(source.ID, home, datelinev1.Purpose_PURPOSE_LINKS, HintHome),
		NewEndpoint(source.ID, rules, datelinev1.Purpose_PURPOSE_ROBOTS, found.HintRobots),
	}, nil
}
