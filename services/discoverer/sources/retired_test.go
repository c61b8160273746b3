package sources_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// TestRetiredEndpointsAreBounded adds endpoints that all fail, as a site does that names other feeds in each page.
// The oldest ones are forgotten, and one that has listed articles stays.
func TestRetiredEndpointsAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		const rounds, perRound = 3, sources.MaxEndpoints - 10
		now := time.Now()
		var source sources.Source
		for round := range rounds {
			var paths []string
			for i := range perRound {
				paths = append(paths, fmt.Sprintf("/feed-%d-%d.xml", round, i))
			}
			source, _ = add(t, s, paths...)
			now = now.Add(time.Hour)
			for i, e := range claim(t, s, now, perRound) {
				e.Settled, e.State, e.PollTime = e.Poll, sources.Retired, now
				if round == 0 && i == 0 {
					e.Articles = 1
				}
				if ok, err := s.Settle(t.Context(), e, sources.Reading{}); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
		}
		add(t, s, "/last.xml")
		all, err := s.Endpoints(t.Context(), source.ID)
		if err != nil {
			t.Fatal(err)
		}
		retired, withArticles, oldest := 0, 0, now
		for _, e := range all {
			if e.State != sources.Retired {
				continue
			}
			retired++
			withArticles += min(1, int(e.Articles))
			if e.Articles == 0 && e.PollTime.Before(oldest) {
				oldest = e.PollTime
			}
		}
		if retired != sources.MaxRetired || withArticles != 1 {
			t.Errorf("%d retired endpoints of which %d have listed articles, want %d and 1",
				retired, withArticles, sources.MaxRetired)
		}
		kept := now.Add(-2 * time.Hour).Truncate(time.Microsecond)
		if (sources.MaxRetired-1)/perRound != 2 || !oldest.Equal(kept) {
			t.Errorf("the oldest one was polled at %s, want %s", oldest, kept)
		}
	})
}
