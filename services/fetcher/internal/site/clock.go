package site

import (
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// notAfter returns a time from the bucket, but at most limit after now: a later time
// was stored before the clock was set back. What is left until a future time does not
// change if the clock is set afterwards.
func notAfter(stored, now time.Time, limit time.Duration) time.Time {
	if !stored.After(now) {
		return stored
	}
	return now.Add(min(stored.Sub(now), limit))
}

// notLongerThanAllowed returns a verdict from the bucket that was fetched by now at the
// latest, and that expires as soon as a new one.
func notLongerThanAllowed(verdict robots.Verdict, now time.Time) robots.Verdict {
	lifetime := robots.Lifetime
	if verdict.Failures > 0 {
		lifetime = robots.MaxRecheck
	}
	verdict.FetchedAt = notAfter(verdict.FetchedAt, now, 0)
	verdict.Expires = notAfter(verdict.Expires, now, lifetime)
	return verdict
}
