package discoverer_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/fetcher"
)

// TestTryBackfill counts what TestBackfill requests, and stops at its limit.
func TestTryBackfill(t *testing.T) {
	site := newArchive(t)
	home, err := weburl.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, nil, time.Now())
	config := fetcher.DefaultConfig()
	config.AllowPrivate = true
	get := func(ctx context.Context, e sources.Endpoint) (*datelinev1.Page, error) {
		return fetcher.FetchFor(ctx, config, e.URL, e.Purpose)
	}
	try := func(within sources.BackfillRange, limit int) (sum discoverer.SitemapTrial, failed, left int) {
		t.Helper()
		left, err := discoverer.TryBackfill(t.Context(), source, nil, within, limit, get, func(s discoverer.SitemapTrial) {
			sum.URLs, sum.Sitemaps = sum.URLs+s.URLs, sum.Sitemaps+s.Sitemaps
			sum.LeftOut, sum.LeftUndated = sum.LeftOut+s.LeftOut, sum.LeftUndated+s.LeftUndated
			if s.Error != "" {
				failed++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return sum, failed, left
	}
	day := func(month time.Month, day int) time.Time { return time.Date(2019, month, day, 0, 0, 0, 0, time.UTC) }
	sum, failed, left := try(sources.BackfillRange{Since: day(9, 1), Until: day(11, 30)}, 100)
	// September to December, the index, and the sitemap that is gone.
	if sum.URLs != 12 || sum.LeftOut != 5 || sum.Sitemaps != 6 || failed != 1 || left != 0 {
		t.Errorf("%+v, %d failed, %d left", sum, failed, left)
	}
	// robots.txt, the index, and the two newest months.
	sum, _, left = try(sources.BackfillRange{}, 4)
	if sum.URLs != 2*archivePerMonth+1 || left != archiveMonths-1 {
		t.Errorf("%+v, %d left", sum, left)
	}
	if n := site.requested(site.path(10, 1)); n != 0 {
		t.Errorf("an article was requested %d times", n)
	}
}
