// Package found holds what one reading of an endpoint gives: the articles that a feed,
// a sitemap or a page of links lists, and the other endpoints that it names.
//
// The values are a publisher's own statements. URLs are absolute http or https URLs
// without fragment and user information, but not in canonical form: see package weburl.
package found

import (
	"errors"
	"time"
)

// Kind is the kind of an endpoint.
type Kind string

// The kinds of endpoints.
const (
	Feed         Kind = "feed"
	Sitemap      Kind = "sitemap"
	SitemapIndex Kind = "sitemap_index"
	Links        Kind = "links"
)

// Errors that readers return, wrapped in a sentence that says what to do.
var (
	// ErrEmpty means that the body has no bytes other than white space.
	ErrEmpty = errors.New("the body is empty")
	// ErrHTML means that the body is a web page instead of the format of the endpoint.
	ErrHTML = errors.New("the body is an HTML page")
	// ErrFormat means that the body is in another format, or damaged before its first item.
	ErrFormat = errors.New("the body is not in this format")
	// ErrRefused means that the body has a construct that no reader accepts, such as an
	// entity declaration.
	ErrRefused = errors.New("the body is refused")
)

// Limits that all readers share.
const (
	// MaxText is the maximum length of a text such as a title in bytes.
	// Longer texts are cut.
	MaxText = 2000
	// MaxList is the maximum number of authors or keywords of an item.
	MaxList = 30
	// MaxWarnings is the maximum number of warnings of a listing.
	MaxWarnings = 20
)

// Item is an article that an endpoint lists. Only URL is always set.
type Item struct {
	// URL is the article's address.
	URL string
	// GUID is the feed's identifier of the item as written. It is not unique on all feeds.
	GUID string
	// Title and Summary are plain text.
	Title, Summary string
	// Section is the part of the site, such as "Sport".
	Section string
	// Language is a BCP 47 tag as written.
	Language string
	// Image is the absolute URL of the main image.
	Image             string
	Authors, Keywords []string
	// Published and Modified are in UTC, and zero if absent or not understood. They can be
	// wrong: see DistrustDates.
	Published, Modified time.Time
	// Position is the place in the listing as served, from 0.
	Position int
}

// Child is a sitemap that a sitemap index names.
type Child struct {
	URL     string
	LastMod time.Time // zero if absent
}

// Candidate is an endpoint that a page or a robots.txt names, or that sites often have.
type Candidate struct {
	URL  string
	Kind Kind
	// Hint says where the candidate comes from. It is one of the Hint constants.
	Hint string
	// Title is the name that the page gives it, if any.
	Title string
}

// Hints say how a candidate was found, the most reliable first.
const (
	HintRobots    = "robots"     // a Sitemap line of robots.txt
	HintAlternate = "alternate"  // <link rel="alternate"> with a feed's type
	HintMeta      = "meta"       // <link rel="sitemap">, JSON-LD or a meta element
	HintAnchor    = "anchor"     // a link whose text or address names a feed or a sitemap
	HintSection   = "section"    // a link of the navigation
	HintWellKnown = "well_known" // a place where many sites have one
)

// Listing is what one reading of an endpoint gave.
type Listing struct {
	Kind  Kind
	Items []Item
	// Children are the sitemaps of an index, newest first if the index dates them.
	Children []Child
	// Endpoints are other endpoints that the page names.
	Endpoints []Candidate
	// Self is the address that the feed gives itself. Next is its next page.
	Self, Next string
	// Hub is the WebSub hub that announces changes of the feed.
	Hub string
	// MovedTo is the new address of a feed that has moved.
	MovedTo string
	// TTL is how long the publisher expects the listing to stay the same, or 0.
	TTL time.Duration
	// Truncated reports that items are missing: the body ended early, was damaged or
	// exceeded a limit.
	Truncated bool
	// Warnings say what was ignored and why, for people.
	Warnings []string
}

// Warn adds a warning unless the listing has it already or has MaxWarnings.
func (l *Listing) Warn(text string) {
	if len(l.Warnings) >= MaxWarnings {
		return
	}
	for _, w := range l.Warnings {
		if w == text {
			return
		}
	}
	l.Warnings = append(l.Warnings, text)
}

const (
	// futureSlack is how far in the future a date may be: clocks differ, and local times
	// without time zone are read as UTC.
	futureSlack = 14 * time.Hour
	// nowSlack is the distance from now within which a date counts as the time of the
	// request.
	nowSlack = 2 * time.Minute
	// minSame is the number of items from which equal dates are suspicious.
	minSame = 3
)

// DistrustDates clears dates that cannot be the articles' own. now is the time at which
// the listing was fetched. It clears:
//   - dates more than 14 hours in the future;
//   - the dates of all items if at least three have one and all are equal, or all are
//     within two minutes of now: these are the times of a build or of the request.
//
// Published and Modified are judged separately, and so are the dates of children.
func (l *Listing) DistrustDates(now time.Time) {
	published := func(i int) *time.Time { return &l.Items[i].Published }
	modified := func(i int) *time.Time { return &l.Items[i].Modified }
	child := func(i int) *time.Time { return &l.Children[i].LastMod }
	l.distrust(now, len(l.Items), published, "publication dates")
	l.distrust(now, len(l.Items), modified, "modification dates")
	l.distrust(now, len(l.Children), child, "dates of the sitemaps")
}

func (l *Listing) distrust(now time.Time, n int, at func(int) *time.Time, name string) {
	var first time.Time
	dated, future, equal, recent := 0, 0, true, true
	for i := range n {
		t := at(i)
		if t.IsZero() {
			continue
		}
		if t.After(now.Add(futureSlack)) {
			*t = time.Time{}
			future++
			continue
		}
		if dated == 0 {
			first = *t
		}
		dated++
		equal = equal && t.Equal(first)
		recent = recent && t.Sub(now).Abs() <= nowSlack
	}
	if future > 0 {
		l.Warn("ignored " + name + " in the future")
	}
	if dated < minSame || !equal && !recent {
		return
	}
	for i := range n {
		*at(i) = time.Time{}
	}
	if equal {
		l.Warn("ignored the " + name + ": all are equal")
	} else {
		l.Warn("ignored the " + name + ": all are the time of the request")
	}
}
