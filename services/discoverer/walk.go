package discoverer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// walkPrefix starts the ids of requests for the sitemaps of a backfill.
	walkPrefix = "walk."
	// maxWalkTries is the maximum number of requests for a sitemap whose server fails, and
	// walkRetry the time between them.
	maxWalkTries, walkRetry = 3, time.Hour
	// maxWalkSitemaps is the maximum number of sitemaps that a backfill takes from a robots.txt.
	maxWalkSitemaps = 1_000
)

// walkPlaces are where a backfill looks for sitemaps if the robots.txt names none.
var walkPlaces = []string{"/sitemap.xml", "/sitemap_index.xml"}

// walkID identifies a request for a sitemap of a backfill.
type walkID struct {
	source         string
	run, hash, try int64
}

func (w walkID) String() string {
	return fmt.Sprintf("%s%s.%s.%016x.%d", walkPrefix, w.source, strconv.FormatInt(w.run, 36), uint64(w.hash), w.try)
}

// parseWalkID returns the parts of the id of a request for a sitemap.
func parseWalkID(id string) (w walkID, ok bool) {
	rest, ok := strings.CutPrefix(id, walkPrefix)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 4 {
		return w, false
	}
	run, err1 := strconv.ParseInt(parts[1], 36, 64)
	hash, err2 := strconv.ParseUint(parts[2], 16, 64)
	try, err3 := strconv.ParseInt(parts[3], 10, 64)
	return walkID{parts[0], run, int64(hash), try}, errors.Join(err1, err2, err3) == nil
}

// backfillID returns the id of the request for a URL of a backfill.
func backfillID(b sources.Backfill, hash int64) string {
	return fmt.Sprintf("backfill.%s.%s.%016x", b.SourceID, strconv.FormatInt(b.Run.UnixMicro(), 36), uint64(hash))
}

// settleWalk reads the response to the request for a sitemap of a backfill, and stores what it
// lists.
func (d *Discoverer) settleWalk(ctx context.Context, walk walkID, page *datelinev1.Page) (made judgement, err error) {
	ignored := judgement{
		verdict: datelinev1.Verdict_VERDICT_UNCHANGED, reason: outcome.NoNewItems,
		detail: "the backfill has ended, or a response to this or a later request was read before",
	}
	b, m, err := d.sources.AwaitedSitemap(ctx, walk.source, walk.run, walk.hash, walk.try)
	if errors.Is(err, sources.ErrNotFound) || err == nil && m.URL != page.GetRequestedUrl() {
		return ignored, nil
	}
	if err != nil {
		return made, stage.Unavailable(err)
	}
	source, err := d.sources.Get(ctx, b.SourceID)
	if err != nil {
		return made, stage.Unavailable(err)
	}
	var body []byte
	if page.GetFailureReason() == "" {
		if body, err = d.bodies.Read(ctx, page); err != nil {
			return made, err
		}
	}
	reading := readWalk(b, m, source, page, body, d.now())
	added, err := d.sources.SettleSitemap(ctx, b, m, reading, d.now())
	if errors.Is(err, sources.ErrNotFound) {
		return ignored, nil // it was cancelled meanwhile
	}
	if err != nil {
		return made, stage.Unavailable(err)
	}
	switch {
	case reading.Failure != "":
		made.end(datelinev1.Verdict_VERDICT_REJECTED, outcome.FetchFailed, reading.Failure)
	case added == 0 && len(reading.Sitemaps) == 0:
		made.end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.NoNewItems, "nothing to request is listed")
	default:
		made.end(datelinev1.Verdict_VERDICT_PRODUCED, "", fmt.Sprintf(
			"%d URLs to request were added to the backfill, and %d sitemaps are named", added, len(reading.Sitemaps)))
	}
	return made, nil
}

// readWalk decides what the response to the request for a sitemap of a backfill means.
func readWalk(
	b sources.Backfill, m sources.BackfillSitemap, source sources.Source, page *datelinev1.Page, body []byte,
	now time.Time,
) sources.SitemapReading {
	isRobots := m.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS
	reading := sources.SitemapReading{Uncounted: isRobots || m.Hint == found.HintWellKnown}
	var listing *found.Listing
	if reason := page.GetFailureReason(); reason != "" {
		reading.Failure = reason + ": " + page.GetFailureDetail()
		if status := page.GetStatus(); status == 0 || status >= http.StatusInternalServerError {
			reading.Retry = now.Add(walkRetry)
		}
	} else if !isRobots {
		var err error
		if listing, err = read(page, body, sources.Endpoint{Hint: m.Hint}, source); err != nil {
			reading.Failure = err.Error()
		}
	}
	if reason := outcome.Reason(page.GetFailureReason()); m.Try >= maxWalkTries || reason == outcome.RobotsDenied {
		reading.Retry = time.Time{}
	}
	switch {
	case isRobots && reading.Retry.IsZero():
		reading.Sitemaps, reading.Failure = robotsWalk(source, body), ""
	case listing != nil:
		reading.Uncounted = false
		takeWalk(&reading, listing, b, m, source, page)
	}
	return reading
}

// robotsWalk returns the sitemaps that a robots.txt names, or the usual places.
func robotsWalk(source sources.Source, body []byte) []sources.BackfillSitemap {
	var all []sources.BackfillSitemap
	add := func(address, hint string) {
		if url, err := weburl.Parse(found.Resolve(source.URL, address)); err == nil {
			sitemap := sources.NewBackfillSitemap(url, datelinev1.Purpose_PURPOSE_SITEMAP, hint)
			sitemap.Place = len(all)
			all = append(all, sitemap)
		}
	}
	for _, address := range robotsSitemaps(body, maxWalkSitemaps) {
		add(address, found.HintRobots)
	}
	if len(all) == 0 {
		for _, place := range walkPlaces {
			add(place, found.HintWellKnown)
		}
	}
	return all
}
