package sources_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const siteMap = datelinev1.Purpose_PURPOSE_SITEMAP

func mapAt(hash int64, modified time.Time) sources.BackfillSitemap {
	return sources.BackfillSitemap{
		Hash: hash, URL: fmt.Sprintf("https://example.com/map-%d.xml", hash), Purpose: siteMap, ModTime: modified,
	}
}

func urlsAt(from, to int64) []sources.BackfillURL {
	var urls []sources.BackfillURL
	for hash := from; hash < to; hash++ {
		urls = append(urls, sources.BackfillURL{
			Hash: hash, URL: fmt.Sprintf("https://example.com/%d", hash), Request: []byte{1, 2, 3},
			ListTime: time.Unix(hash*3600, 0).UTC(),
		})
	}
	return urls
}

// start starts a backfill of a new source with one sitemap, and returns it as it was claimed.
func start(t *testing.T, s *sources.Sources, now time.Time) sources.Backfill {
	t.Helper()
	source, _ := add(t, s, "/feed.xml")
	within := sources.BackfillRange{Since: now.AddDate(-1, 0, 0), Undated: true}
	err := s.StartBackfill(t.Context(), source.ID, within, []sources.BackfillSitemap{mapAt(-1, time.Time{})}, now)
	if err != nil {
		t.Fatal(err)
	}
	return claimBackfill(t, s, now)
}

func claimBackfill(t *testing.T, s *sources.Sources, now time.Time) sources.Backfill {
	t.Helper()
	claimed, err := s.ClaimBackfills(t.Context(), now, now.Add(time.Minute), 10)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d backfills are claimed: %v", len(claimed), err)
	}
	return claimed[0]
}

// request requests the next sitemap of a backfill and returns it.
func request(t *testing.T, s *sources.Sources, b sources.Backfill, now time.Time) sources.BackfillSitemap {
	t.Helper()
	next, err := s.NextSitemap(t.Context(), b, now)
	if err == nil {
		err = s.RequestedSitemap(t.Context(), b, next, now, now.Add(time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, awaited, err := s.AwaitedSitemap(t.Context(), b.SourceID, b.Run.UnixMicro(), next.Hash, next.Try+1)
	if err != nil {
		t.Fatal(err)
	}
	return awaited
}

func settle(
	t *testing.T, s *sources.Sources, b sources.Backfill, m sources.BackfillSitemap, read sources.SitemapReading,
	now time.Time, want int64,
) {
	t.Helper()
	if added, err := s.SettleSitemap(t.Context(), b, m, read, now); err != nil || added != want {
		t.Fatalf("%d URLs were added, want %d: %v", added, want, err)
	}
}

func hashes(urls []sources.BackfillURL) []int64 {
	var all []int64
	for _, u := range urls {
		all = append(all, u.Hash)
	}
	return all
}

// TestBackfillLives walks an index with two sitemaps, of which each lists the last URL of the
// other, until all URLs have ended.
func TestBackfillLives(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		now := time.UnixMicro(1_700_000_000_000_000)
		b := start(t, s, now)
		if b.State != sources.BackfillRunning || !b.Undated || !b.Since.Equal(now.AddDate(-1, 0, 0)) || b.Sitemaps != 1 {
			t.Errorf("started: %+v", b)
		}
		if claimed, err := s.ClaimBackfills(t.Context(), now, now, 10); err != nil || len(claimed) != 0 {
			t.Errorf("claimed again: %v, %v", claimed, err)
		}
		index := request(t, s, b, now)
		if awaited, err := s.IsAwaited(t.Context(), b, now); err != nil || !awaited {
			t.Errorf("the response is not awaited: %v", err)
		}
		children := sources.SitemapReading{Sitemaps: []sources.BackfillSitemap{
			mapAt(-2, now.Add(-time.Hour)), mapAt(-3, now.Add(-time.Minute)), index,
		}}
		settle(t, s, b, index, children, now, 0)
		settle(t, s, b, index, children, now, 0) // the response is delivered again
		newest := request(t, s, b, now)
		if newest.Hash != -3 {
			t.Errorf("sitemap %d is read first", newest.Hash)
		}
		settle(t, s, b, newest, sources.SitemapReading{URLs: urlsAt(100, 4_600), LeftOut: 3, LeftUndated: 2}, now, 4_500)
		settle(t, s, b, newest, sources.SitemapReading{URLs: urlsAt(100, 4_600), LeftOut: 3, LeftUndated: 2}, now, 0)
		settle(t, s, b, request(t, s, b, now), sources.SitemapReading{URLs: urlsAt(90, 101)}, now, 10)
		if _, err := s.NextSitemap(t.Context(), b, now); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("another sitemap is to be read: %v", err)
		}
		b = claimBackfill(t, s, now)
		want := sources.BackfillCounts{Sitemaps: 3, SitemapsRead: 3, LeftOut: 3, LeftUndated: 2, Found: 4_510}
		if b.BackfillCounts != want || b.Budget.Used(now) != 3 {
			t.Errorf("counts %+v, want %+v; %d requests", b.BackfillCounts, want, b.Budget.Used(now))
		}
		stepThrough(t, s, b, now)
	})
}

// stepThrough requests and ends all URLs of a backfill.
func stepThrough(t *testing.T, s *sources.Sources, b sources.Backfill, now time.Time) {
	t.Helper()
	open, err := s.OpenURLs(t.Context(), b, 5)
	if err != nil || !slices.Equal(hashes(open), []int64{4_599, 4_598, 4_597, 4_596, 4_595}) {
		t.Fatalf("to be requested: %v, %v", hashes(open), err)
	}
	first := sources.BackfillStep{Known: hashes(open[:2]), Requested: hashes(open[2:])}
	for range 2 { // the step is repeated
		if err := s.StoreStep(t.Context(), b, first, now, now); err != nil {
			t.Fatal(err)
		}
	}
	requested, err := s.RequestedURLs(t.Context(), b, 10)
	if err != nil || !slices.Equal(hashes(requested), hashes(open[2:])) {
		t.Errorf("requested: %v, %v", hashes(requested), err)
	}
	if err := s.FinishBackfill(t.Context(), b, now); err != nil {
		t.Fatal(err)
	}
	rest, err := s.OpenURLs(t.Context(), b, 5_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []sources.BackfillStep{
		{Requested: hashes(rest), Articles: hashes(requested)}, {Articles: hashes(rest[1:]), Others: hashes(rest[:1])},
	} {
		if err := s.StoreStep(t.Context(), b, step, now, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.FinishBackfill(t.Context(), b, now); err != nil {
		t.Fatal(err)
	}
	for b = claimBackfill(t, s, now); ; {
		if err := s.ClearBackfill(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		again, err := s.ClaimBackfills(t.Context(), now.Add(time.Hour), now.Add(time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) == 0 {
			break
		}
	}
	b, err = s.Backfill(t.Context(), b.SourceID)
	want := sources.BackfillCounts{
		Sitemaps: 3, SitemapsRead: 3, LeftOut: 3, LeftUndated: 2, Found: 4_510, Known: 2, Requested: 4_508, Articles: 4_507,
		Others: 1,
	}
	if err != nil || b.State != sources.BackfillDone || !b.EndTime.Equal(now) || b.BackfillCounts != want {
		t.Errorf("ended: %+v, %v", b, err)
	}
}

// TestSitemapsThatFail tries a sitemap again later, gives it up in the end, and does not count
// a guess.
func TestSitemapsThatFail(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		now := time.UnixMicro(1_700_000_000_000_000)
		b := start(t, s, now)
		m := request(t, s, b, now)
		settle(t, s, b, m, sources.SitemapReading{Failure: "server_error: 503", Retry: now.Add(time.Hour)}, now, 0)
		if _, err := s.NextSitemap(t.Context(), b, now); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("it is requested at once: %v", err)
		}
		if awaited, err := s.IsAwaited(t.Context(), b, now); err != nil || awaited {
			t.Errorf("a response is awaited: %v", err)
		}
		later := now.Add(time.Hour)
		again := request(t, s, b, later)
		settle(t, s, b, m, sources.SitemapReading{URLs: urlsAt(1, 2)}, later, 1) // the late response to the first request
		settle(t, s, b, again, sources.SitemapReading{
			Failure: "not_found: \x00\xff", Sitemaps: []sources.BackfillSitemap{mapAt(7, time.Time{})},
		}, later, 0)
		guess := request(t, s, b, later)
		settle(t, s, b, guess, sources.SitemapReading{Failure: "not_found", Uncounted: true}, later, 0)
		b, err := s.Backfill(t.Context(), b.SourceID)
		want := sources.BackfillCounts{Sitemaps: 1, SitemapsFailed: 1, Found: 1}
		if err != nil || b.BackfillCounts != want || b.Reason != "https://example.com/map--1.xml: not_found: \ufffd" {
			t.Errorf("%+v, reason %q, %v", b.BackfillCounts, b.Reason, err)
		}
	})
}

// TestLostSitemap loses the response to a request.
func TestLostSitemap(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		now := time.UnixMicro(1_700_000_000_000_000)
		b := start(t, s, now)
		lost := request(t, s, b, now)
		again := request(t, s, b, now.Add(time.Hour))
		if again.Hash != lost.Hash || again.Try != lost.Try+1 {
			t.Errorf("requested again: %+v", again)
		}
		_, _, err := s.AwaitedSitemap(t.Context(), b.SourceID, b.Run.UnixMicro(), lost.Hash, lost.Try)
		if !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("the first response is still awaited: %v", err)
		}
	})
}

// TestBackfillsOfASource refuses a second backfill, cancels the first one, and starts another one
// while rows of the first one exist.
func TestBackfillsOfASource(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		now := time.UnixMicro(1_700_000_000_000_000)
		b := start(t, s, now)
		m := request(t, s, b, now)
		settle(t, s, b, m, sources.SitemapReading{URLs: urlsAt(1, 10)}, now, 9)
		again := func(within sources.BackfillRange) error {
			return s.StartBackfill(t.Context(), b.SourceID, within, []sources.BackfillSitemap{mapAt(-1, now)}, now)
		}
		if err := again(sources.BackfillRange{}); !errors.Is(err, sources.ErrBackfillRuns) {
			t.Errorf("a second one: %v", err)
		}
		for want := range 2 {
			if err := s.CancelBackfill(t.Context(), b.SourceID); (want == 1) != errors.Is(err, sources.ErrNoBackfill) {
				t.Errorf("cancelling: %v", err)
			}
		}
		if err := s.StoreStep(t.Context(), b, sources.BackfillStep{}, now, now); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("a step of a cancelled backfill: %v", err)
		}
		if _, err := s.SettleSitemap(t.Context(), b, m, sources.SitemapReading{}, now); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("a response of a cancelled backfill: %v", err)
		}
		if err := again(sources.BackfillRange{Since: now, Until: now.Add(-1)}); !errors.Is(err, sources.ErrRange) {
			t.Errorf("an empty range: %v", err)
		}
		if err := again(sources.BackfillRange{}); err != nil {
			t.Fatal(err)
		}
		second := claimBackfill(t, s, now)
		if !second.Run.After(b.Run) || second.BackfillCounts != (sources.BackfillCounts{Sitemaps: 1}) ||
			second.Budget.Used(now) != 1 {
			t.Errorf("the second one: %+v", second)
		}
		if err := s.ClearBackfill(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if open, err := s.OpenURLs(t.Context(), b, 100); err != nil || len(open) > 0 {
			t.Errorf("rows of the first one are left: %v, %v", open, err)
		}
		settle(t, s, second, request(t, s, second, now), sources.SitemapReading{URLs: urlsAt(1, 10)}, now, 9)
		if err := s.SetState(t.Context(), b.SourceID, sources.Paused); err != nil {
			t.Fatal(err)
		}
		if claimed, err := s.ClaimBackfills(t.Context(), now.Add(time.Hour), now, 10); err != nil || len(claimed) != 0 {
			t.Errorf("the source is paused: %v, %v", claimed, err)
		}
		if n, err := s.RunningBackfills(t.Context()); n != 1 || err != nil {
			t.Errorf("%d run: %v", n, err)
		}
		if err := s.Remove(t.Context(), b.SourceID); err != nil {
			t.Fatal(err)
		}
		if open, err := s.OpenURLs(t.Context(), second, 100); err != nil || len(open) > 0 {
			t.Errorf("rows of a removed source are left: %v, %v", open, err)
		}
		if _, err := s.Backfill(t.Context(), b.SourceID); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("the backfill of a removed source: %v", err)
		}
		if err := again(sources.BackfillRange{}); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("a backfill of a removed source: %v", err)
		}
	})
}
