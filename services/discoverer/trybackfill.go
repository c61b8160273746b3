package discoverer

import (
	"cmp"
	"context"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// SitemapTrial is what one sitemap would add to a backfill.
type SitemapTrial struct {
	URL string
	// Error is why it cannot be read, if so, and Warning why what it lists is incomplete.
	Error, Warning string
	// URLs counts the URLs to request that no sitemap before it lists, and Sitemaps the new
	// sitemaps that it names. The others are counted as in sources.BackfillCounts.
	URLs, Sitemaps, LeftOut, LeftUndated int
}

// TryBackfill walks the sitemaps of a source as a backfill would, with at most limit requests, and
// reports each. It starts with the known endpoints of the source and its robots.txt. get fetches
// one. Nothing is stored. It returns the number of sitemaps that were not read because of limit.
func TryBackfill(
	ctx context.Context, source sources.Source, known []sources.Endpoint, within sources.BackfillRange, limit int,
	get func(context.Context, sources.Endpoint) (*datelinev1.Page, error), report func(SitemapTrial),
) (left int, err error) {
	queue, err := sources.Seeds(source, known)
	if err != nil {
		return 0, err
	}
	b := sources.Backfill{SourceID: source.ID, BackfillRange: within}
	seen, urls := map[int64]bool{}, map[int64]bool{}
	for _, m := range queue {
		seen[m.Hash] = true
	}
	for ; len(queue) > 0 && limit > 0 && ctx.Err() == nil; limit-- {
		m := queue[0]
		queue = queue[1:]
		trial := SitemapTrial{URL: m.URL}
		m.Try = maxWalkTries // it is not tried again
		page, err := get(ctx, sources.Endpoint{SourceID: source.ID, URL: m.URL, Purpose: m.Purpose, Hint: m.Hint})
		if err != nil {
			// The places to look at are known even if there is no robots.txt.
			page = &datelinev1.Page{FinalUrl: m.URL, FailureReason: "failed", FailureDetail: err.Error()}
		}
		page.Request = &datelinev1.FetchRequest{Url: m.URL, Purpose: m.Purpose}
		reading := readWalk(b, m, source, page, page.GetBody(), time.Now())
		trial.Error, trial.Warning = reading.Failure, reading.Warning
		if err != nil && trial.Error != "" {
			trial.Error = err.Error()
		}
		trial.LeftOut, trial.LeftUndated = int(reading.LeftOut), int(reading.LeftUndated)
		for _, u := range reading.URLs {
			if !urls[u.Hash] && len(urls) < sources.MaxBackfillURLs {
				urls[u.Hash] = true
				trial.URLs++
			}
		}
		for _, next := range reading.Sitemaps {
			if !seen[next.Hash] && len(seen) < sources.MaxBackfillSitemaps {
				seen[next.Hash] = true
				queue = append(queue, next)
				trial.Sitemaps++
			}
		}
		slices.SortStableFunc(queue, func(x, y sources.BackfillSitemap) int {
			return cmp.Or(y.ModTime.Compare(x.ModTime), cmp.Compare(x.Place, y.Place))
		})
		report(trial)
	}
	return len(queue), ctx.Err()
}
