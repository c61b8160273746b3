package sources_test

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestInterruptedReads interrupts each read at each of its steps: it must fail or return the whole answer.
func TestInterruptedReads(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := sources.Of(storetest.Open(t, storetest.SQLite(t))) // the statements are the same in PostgreSQL
	b := start(t, s, now)
	m := request(t, s, b, now)
	reading := sources.SitemapReading{URLs: urlsAt(1, 4), Sitemaps: []sources.BackfillSitemap{mapAt(-2, now)}}
	settle(t, s, b, m, reading, now, 3)
	request(t, s, b, now)
	open, err := s.OpenURLs(t.Context(), b, 1)
	if err == nil {
		err = s.StoreStep(t.Context(), b, sources.BackfillStep{Requested: hashes(open)}, now, now)
	}
	if err == nil {
		err = s.Learn(t.Context(), b.SourceID, nil, func([]byte, []sources.Article) []byte { return []byte("shapes") })
	}
	if err == nil {
		err = s.Add(t.Context(), sources.New(parse(t, "https://without.example/"), nil, now), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, endpoints := add(t, s, "/feed.xml", "/other.xml")
	announceHub(t, s, now, sources.Active, "https://hub.example/")
	asked := askedHubs(t, s, now)
	if len(asked) != 1 {
		t.Fatalf("%d subscriptions are asked for, want 1", len(asked))
	}
	id := b.SourceID
	ctxtest.Reads(t, 1, map[string]func(context.Context) (any, error){
		"shapes":            func(ctx context.Context) (any, error) { return s.Shapes(ctx, id) },
		"backfill":          func(ctx context.Context) (any, error) { return s.Backfill(ctx, id) },
		"running backfills": func(ctx context.Context) (any, error) { return s.RunningBackfills(ctx) },
		"open URLs":         func(ctx context.Context) (any, error) { return s.OpenURLs(ctx, b, 10) },
		"requested URLs":    func(ctx context.Context) (any, error) { return s.RequestedURLs(ctx, b, 10) },
		"endpoints":         func(ctx context.Context) (any, error) { return s.Endpoints(ctx, id) },
		"endpoint":          func(ctx context.Context) (any, error) { return s.Endpoint(ctx, endpoints[0].ID) },
		"schedules":         func(ctx context.Context) (any, error) { return s.Schedules(ctx, id) },
		"overviews":         func(ctx context.Context) (any, error) { return s.Overviews(ctx, "", 10) },
		"overviews by URL":  func(ctx context.Context) (any, error) { return s.OverviewsByURL(ctx, "", 10) },
		"overviews of":      func(ctx context.Context) (any, error) { return s.OverviewsOf(ctx, []string{id}) },
		"details":           func(ctx context.Context) (any, error) { return s.Details(ctx, id) },
		"dead":              func(ctx context.Context) (any, error) { return s.Dead(ctx, now.Add(time.Hour), 10) },
		"on host":           func(ctx context.Context) (any, error) { return s.OnHost(ctx, "example.com") },
		"list":              func(ctx context.Context) (any, error) { return s.List(ctx, "", 10) },
		"get":               func(ctx context.Context) (any, error) { return s.Get(ctx, id) },
		"count":             func(ctx context.Context) (any, error) { return s.Count(ctx) },
		"subscription":      func(ctx context.Context) (any, error) { return s.SubscriptionOf(ctx, asked[0].Token) },
		"subscriptions":     func(ctx context.Context) (any, error) { return s.Subscriptions(ctx, id) },
		"count subscriptions": func(ctx context.Context) (any, error) {
			return s.CountSubscriptions(ctx)
		},
		"awaited": func(ctx context.Context) (any, error) { return s.IsAwaited(ctx, b, now) },
	})
}

// TestInterruptedWrites interrupts each write at each of its steps. A write that reports no error is stored,
// and one that reports an error can be repeated.
func TestInterruptedWrites(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := sources.Of(storetest.Open(t, storetest.SQLite(t)))
	source := sources.New(parse(t, "https://example.com/"), nil, now)
	endpoint := sources.NewEndpoint(source.ID, parse(t, "https://example.com/feed.xml"), feed, "test")
	interrupt := func(name string, write func(ctx context.Context) error, stored func(ctx context.Context) bool) {
		t.Run(name, func(t *testing.T) {
			ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
				err := write(ctx)
				if stored(t.Context()) {
					return nil // a commit can succeed although its context ends meanwhile
				}
				if err == nil {
					t.Error("nothing is stored, without an error")
				}
				return err
			})
		})
	}
	interrupt("add", func(ctx context.Context) error { return s.Add(ctx, source, []sources.Endpoint{endpoint}) },
		func(ctx context.Context) bool {
			all, err := s.Endpoints(ctx, source.ID)
			return len(all) == 1 && err == nil
		})
	interrupt("state", func(ctx context.Context) error { return s.SetState(ctx, source.ID, sources.Paused) },
		func(ctx context.Context) bool {
			one, err := s.Get(ctx, source.ID)
			return one.State == sources.Paused && err == nil
		})
	if err := s.SetState(t.Context(), source.ID, sources.Active); err != nil {
		t.Fatal(err)
	}
	claimed := claim(t, s, now, 1)
	interrupt("settle", func(ctx context.Context) error {
		e := claimed[0]
		e.Settled, e.State, e.PollTime, e.NextPoll = e.Poll, sources.Active, now, now.Add(time.Hour)
		_, err := s.Settle(ctx, e, sources.Reading{})
		return err
	}, func(ctx context.Context) bool {
		e, err := s.Endpoint(ctx, endpoint.ID)
		return e.NextPoll.Equal(now.Add(time.Hour)) && err == nil
	})
	interrupt("backfill", func(ctx context.Context) error {
		if _, err := s.Backfill(t.Context(), source.ID); err == nil {
			return nil
		}
		return s.StartBackfill(ctx, source.ID, sources.BackfillRange{Since: now.AddDate(-1, 0, 0)},
			[]sources.BackfillSitemap{mapAt(-1, time.Time{})}, now)
	}, func(ctx context.Context) bool { n, err := s.RunningBackfills(ctx); return n == 1 && err == nil })
	b := claimBackfill(t, s, now)
	m := request(t, s, b, now)
	interrupt("sitemap", func(ctx context.Context) error {
		_, err := s.SettleSitemap(ctx, b, m, sources.SitemapReading{URLs: urlsAt(1, 4)}, now)
		return err
	}, func(ctx context.Context) bool {
		urls, err := s.OpenURLs(ctx, b, 10)
		return len(urls) == 3 && err == nil
	})
	interrupt("cancel backfill", func(ctx context.Context) error { return s.CancelBackfill(ctx, source.ID) },
		func(ctx context.Context) bool { n, err := s.RunningBackfills(ctx); return n == 0 && err == nil })
	interrupt("remove", func(ctx context.Context) error { return s.Remove(ctx, source.ID) },
		func(ctx context.Context) bool { all, err := s.List(ctx, "", 10); return len(all) == 0 && err == nil })
}
