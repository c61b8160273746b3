package discoverer

import (
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// takeWalk adds to a reading what a sitemap lists.
func takeWalk(
	reading *sources.SitemapReading, listing *found.Listing, b sources.Backfill, m sources.BackfillSitemap,
	source sources.Source, page *datelinev1.Page,
) {
	if listing.Truncated {
		reading.Warning = strings.Join(listing.Warnings, "; ")
		if reading.Warning == "" {
			reading.Warning = "it was cut"
		}
	}
	// What a robots.txt has named may be on another host, with the sitemaps that it names.
	hint := sources.HintIndex
	if m.Hint == found.HintRobots {
		hint = found.HintRobots
	}
	for i, child := range listing.Children {
		url, err := weburl.Parse(child.URL)
		if err != nil || isBefore(child.LastMod, b.Since) {
			continue
		}
		sitemap := sources.NewBackfillSitemap(url, datelinev1.Purpose_PURPOSE_SITEMAP, hint)
		sitemap.ModTime, sitemap.Place = child.LastMod, i
		reading.Sitemaps = append(reading.Sitemaps, sitemap)
	}
	for _, item := range listing.Items {
		url, err := weburl.Parse(item.URL)
		if err != nil {
			continue
		}
		fits := spanOf(url, item).fits(b.BackfillRange)
		switch {
		case fits == outside, !source.Policy.Takes(url, item.Language):
			reading.LeftOut++
			continue
		case fits == unsure && !b.Undated:
			reading.LeftUndated++
			continue
		}
		if request, err := proto.Marshal(walkRequest(b, source, m, page, url, item)); err == nil {
			reading.URLs = append(reading.URLs, sources.BackfillURL{
				Hash: int64(hashOf(url)), URL: url.String(), ListTime: publishedAt(item), Request: request,
			})
		}
	}
}

// walkRequest returns the request for an article of a backfill, without labels and time.
func walkRequest(
	b sources.Backfill, source sources.Source, m sources.BackfillSitemap, page *datelinev1.Page, url weburl.URL,
	item found.Item,
) *datelinev1.FetchRequest {
	return &datelinev1.FetchRequest{
		Url: url.String(), RequestId: backfillID(b, int64(hashOf(url))),
		Priority: datelinev1.Priority_PRIORITY_BACKFILL, Listed: listedOf(item),
		Origin: &datelinev1.Origin{
			Source: source.URL, EndpointUrl: m.URL, EndpointPurpose: m.Purpose,
			RequestId: page.GetRequest().GetRequestId(), Position: int32(item.Position + 1), FindTime: page.GetFetchTime(),
		},
	}
}

// span is the first and the last possible time of an article's publication. Either is zero if it
// is unknown.
type span struct{ from, to time.Time }

// datePath is a date in the path of a URL, such as /2019/05/17/ or /2019/05/.
var datePath = regexp.MustCompile(`[/_-]((?:19|20)\d\d[/-](?:0[1-9]|1[0-2]))([/-](?:0[1-9]|[12]\d|3[01]))?(?:[/_.-]|$)`)

// spanOf returns when an article was published: as its sitemap states it, or as its URL does. The
// date of its last change is only the latest possible one.
func spanOf(url weburl.URL, item found.Item) span {
	if !item.Published.IsZero() {
		return span{item.Published, item.Published}
	}
	path, _, _ := strings.Cut(url.PathQuery(), "?")
	if date := datePath.FindStringSubmatch(path); date != nil {
		text := strings.ReplaceAll(date[1]+date[2], "/", "-")
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return span{day, day.AddDate(0, 0, 1).Add(-time.Second)}
		}
		if month, err := time.Parse("2006-01", strings.ReplaceAll(date[1], "/", "-")); err == nil {
			return span{month, month.AddDate(0, 1, 0).Add(-time.Second)}
		}
	}
	return span{to: item.Modified}
}

// fit is whether an article is in a range.
type fit uint8

const (
	inside fit = iota
	outside
	unsure
)

// fits reports whether an article is in the range of a backfill.
func (s span) fits(within sources.BackfillRange) fit {
	switch {
	case within.Since.IsZero() && within.Until.IsZero():
		return inside
	case isBefore(s.to, within.Since), isBefore(within.Until, s.from):
		return outside
	case s.to.IsZero(), s.from.IsZero() && isBefore(within.Until, s.to):
		return unsure
	}
	return inside
}

// isBefore reports whether both times are known and a is before b.
func isBefore(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.Before(b) }
