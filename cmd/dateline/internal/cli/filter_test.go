package cli

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 28, 22, 10, 0, 0, time.FixedZone("", 3*3600))
	for text, want := range map[string]string{
		"today": "2026-11-28T00:00:00Z", "yesterday": "2026-11-27T00:00:00Z", "7d": "2026-11-21T19:10:00Z",
		"2w": "2026-11-14T19:10:00Z", "90m": "2026-11-28T17:40:00Z", "12h": "2026-11-28T07:10:00Z",
		"2026-11-25": "2026-11-25T00:00:00Z", "2026-11-25T08:00:00+03:00": "2026-11-25T05:00:00Z",
	} {
		at, err := parseTime(text, now)
		if got := at.UTC().Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "tomorrow", "-7d", "-1h", "d", "7", "99999999999999999999d", "99999999d"} {
		if at, err := parseTime(text, now); err == nil {
			t.Errorf("%q was accepted as %s", text, at)
		}
	}
}
