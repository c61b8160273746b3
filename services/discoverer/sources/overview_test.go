package sources_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// TestOverviews reads sources with what their endpoints have brought.
func TestOverviews(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml", "/other.xml")
		other := sources.New(parse(t, "https://other.example/"), nil, time.Now())
		if err := s.AddSite(t.Context(), other, &sources.Policy{ArticlesPerDay: 7}); err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		for _, e := range claim(t, s, now, 10) {
			e.Settled, e.Articles = e.Poll, 3
			e.State, e.NextPoll, e.PollTime = sources.Active, now.Add(time.Hour), now
			if e.SourceID != source.ID {
				continue
			}
			if e.URL == "https://example.com/feed.xml" {
				e.NewTime = now
			} else {
				e.State, e.Reason = sources.Retired, "it lists nothing"
			}
			if stored, err := s.Settle(t.Context(), e, sources.Reading{}); err != nil || !stored {
				t.Fatal(stored, err)
			}
		}
		page, err := s.Overviews(t.Context(), "", 10)
		if err != nil || len(page) != 2 {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, o := range page {
			switch o.ID {
			case source.ID:
				if o.Working != 1 || o.Found != 6 || !o.LastNew.Equal(now) || o.Requests != 2 {
					t.Errorf("the source is %+v", o)
				}
			default:
				if o.Working != 0 || o.Candidates != 1 || o.Found != 0 || !o.LastNew.IsZero() || o.Policy.ArticlesPerDay != 7 {
					t.Errorf("the other source is %+v", o)
				}
			}
		}
		if byURL, err := s.OverviewsByURL(t.Context(), source.URL, 10); err != nil || len(byURL) != 1 ||
			byURL[0].URL != other.URL {
			t.Errorf("after %s: %+v, %v", source.URL, byURL, err)
		}
		if both, err := s.OverviewsOf(t.Context(), []string{other.ID, "gone", source.ID}); err != nil || len(both) != 2 {
			t.Errorf("of two ids: %+v, %v", both, err)
		}
		if rest, err := s.Overviews(t.Context(), page[0].ID, 10); err != nil || len(rest) != 1 {
			t.Errorf("after the first: %+v, %v", rest, err)
		}
		verifyDetails(t, s, source.ID)
	})
}

// verifyDetails checks the details of a source with an active and a retired endpoint.
func verifyDetails(t *testing.T, s *sources.Sources, id string) {
	t.Helper()
	details, err := s.Details(t.Context(), id)
	if err != nil || len(details.Endpoints) != 2 || details.Found != 6 || details.Backfill != nil {
		t.Fatalf("%+v, %v", details, err)
	}
	if e := details.Endpoints[1]; e.State != sources.Retired || e.Kind != "feed" || !e.NextPoll.IsZero() ||
		e.Reason != "it lists nothing" {
		t.Errorf("the retired endpoint is %+v", e)
	}
	if err := s.BackfillSite(t.Context(), id, sources.BackfillRange{}); err != nil {
		t.Fatal(err)
	}
	if details, err = s.Details(t.Context(), id); err != nil || details.Backfill == nil {
		t.Errorf("%+v, %v", details.Backfill, err)
	}
	if _, err := s.Details(t.Context(), "unknown"); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("an unknown source: %v", err)
	}
}

// TestMedianDelay reads the median of the delays of the last articles of a source.
func TestMedianDelay(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		median := func() *float64 {
			t.Helper()
			all, err := s.OverviewsOf(t.Context(), []string{source.ID})
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			return all[0].MedianDelay
		}
		if got := median(); got != nil {
			t.Errorf("without articles, the median delay is %v", *got)
		}
		now := time.Now()
		for i, test := range []struct {
			delays []time.Duration
			want   float64
		}{
			{[]time.Duration{10 * time.Minute, time.Minute, 2 * time.Minute}, 120},
			{[]time.Duration{4 * time.Minute}, 180},
			{slices.Repeat([]time.Duration{time.Hour}, 70), 3600}, // only the last ones count
			{slices.Repeat([]time.Duration{time.Minute}, 40), 60},
		} {
			e := claim(t, s, now, 1)[0]
			e.Settled, e.State, e.NextPoll = e.Poll, sources.Active, now
			found := []sources.Article{{RequestID: fmt.Sprint(i), SourceID: source.ID, URL: e.URL, FindTime: now}}
			if ok, err := s.Settle(t.Context(), e, sources.Reading{Found: found, Delays: test.delays}); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if got := median(); got == nil || *got != test.want {
				t.Errorf("after %v: %v, want %v", test.delays, got, test.want)
			}
		}
	})
}

// TestAddSite verifies that a site that cannot be added as wanted is not added at all.
func TestAddSite(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source := sources.New(parse(t, "https://example.com/"), nil, time.Now())
		err := s.AddSite(t.Context(), source, &sources.Policy{Include: []string{"news"}})
		if !errors.Is(err, sources.ErrPolicy) {
			t.Errorf("an invalid policy: %v", err)
		}
		if _, err := s.Get(t.Context(), source.ID); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("the source is in the store: %v", err)
		}
		if err := s.AddSite(t.Context(), source, &sources.Policy{NoRevisits: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddSite(t.Context(), source, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), source.ID); err != nil || !got.Policy.NoRevisits {
			t.Errorf("without a policy, the source does not keep its own: %+v, %v", got, err)
		}
	})
}
