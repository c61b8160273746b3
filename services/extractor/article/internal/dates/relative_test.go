package dates

import (
	"testing"
	"time"
)

func TestRelative(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 4, 20, 9, 30, 40, 0, time.UTC)
	for text, want := range readPairs(t, "relative.txt") {
		got := ""
		if d, ok := Relative(text, now); ok {
			got = d.Time.Format("2006-01-02")
			if d.Precision == Minute {
				got = d.Time.Format("2006-01-02T15:04")
			}
		}
		if got != want {
			t.Errorf("Relative(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRelativeOfEmptyText(t *testing.T) {
	t.Parallel()
	if d, ok := Relative("", time.Unix(0, 0)); ok {
		t.Errorf("Relative of an empty text = %v, want none", d)
	}
}
