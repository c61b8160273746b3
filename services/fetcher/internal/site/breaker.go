package site

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
)

// Breaker is a circuit breaker: it decides when a failing site rests. After a
// number of failures in a row the site rests, and then gets a single request as
// a probe. The rest doubles after each failed probe.
type Breaker struct {
	// Failures is the number of failures in a row that open the breaker. 0 never
	// opens it.
	Failures int
	// Rest is the first rest, and MaxRest the longest.
	Rest, MaxRest time.Duration
}

// Open reports whether a site has failed so often that it must rest.
func (b Breaker) Open(site *Site) bool { return b.Failures > 0 && site.Failures >= b.Failures }

// rest returns how long a site rests after a number of failures in a row.
func (b Breaker) rest(failures int) time.Duration {
	if b.Failures == 0 || failures < b.Failures {
		return 0
	}
	rest := min(b.Rest, b.MaxRest)
	for n := failures - b.Failures; n > 0 && rest < b.MaxRest; n-- {
		rest += min(rest, b.MaxRest-rest)
	}
	return rest
}

// Resting returns the number of sites in memory that rest now because they fail.
func (s *Sites) Resting(breaker Breaker) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, now := 0, s.now()
	for _, site := range s.known {
		if breaker.Open(site) && now.Before(site.Until) {
			n++
		}
	}
	return n
}

// Failed records a failed request to a site. It returns how long the site must
// rest, which is 0 before the breaker opens, and since when the site has failed.
// Failures that open the breaker are stored.
func (s *Sites) Failed(
	ctx context.Context, url weburl.URL, breaker Breaker,
) (rest time.Duration, since time.Time, err error) {
	site, err := s.Get(ctx, url, time.Time{})
	if err != nil {
		return 0, time.Time{}, err
	}
	changed := *site
	if changed.Failures++; changed.Failures == 1 {
		changed.FailingSince = s.now()
	}
	rest = breaker.rest(changed.Failures)
	if rest == 0 {
		s.remember(url, &changed)
		return 0, changed.FailingSince, nil
	}
	changed.Until = s.now().Add(rest)
	return rest, changed.FailingSince, s.save(ctx, url, &changed)
}

// Answered records that a site works, and reports whether that closed the breaker.
func (s *Sites) Answered(ctx context.Context, url weburl.URL, breaker Breaker) (closed bool, err error) {
	site, err := s.Get(ctx, url, time.Time{})
	if err != nil || site.Failures == 0 {
		return false, err
	}
	closed = breaker.Open(site)
	changed := *site
	changed.Failures, changed.FailingSince = 0, time.Time{}
	if !closed {
		s.remember(url, &changed)
		return false, nil
	}
	return true, s.save(ctx, url, &changed)
}
