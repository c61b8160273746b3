package cli

import (
	"bytes"
	"testing"
	"time"
)

func TestRelativeTimes(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for want, at := range map[string]time.Time{
		"":              {},
		"just now":      now,
		"1 second ago":  now.Add(-time.Second),
		"2 minutes ago": now.Add(-2*time.Minute - 59*time.Second),
		"1 hour ago":    now.Add(-119 * time.Minute),
		"3 days ago":    now.Add(-3 * 24 * time.Hour),
		"in 1 minute":   now.Add(time.Minute),
		"in 23 hours":   now.Add(23 * time.Hour),
		"2026-09-01":    time.Date(2026, 9, 1, 23, 0, 0, 0, time.UTC),
	} {
		if got := relative(now, at); got != want {
			t.Errorf("%s: got %q, want %q", at, got, want)
		}
	}
	// An output that is not a terminal gets times for programs.
	if got := when(&bytes.Buffer{}, now.In(time.FixedZone("", 3600))); got != "2026-11-29T12:00:00Z" {
		t.Errorf("in a pipe: %q", got)
	}
}

func TestPlural(t *testing.T) {
	for noun, want := range map[string]string{
		"article": "1 article, 2 articles", "day": "1 day, 2 days", "delivery": "1 delivery, 2 deliveries",
	} {
		if got := plural(1, noun) + ", " + plural(2, noun); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
