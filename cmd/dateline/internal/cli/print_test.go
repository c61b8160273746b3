package cli

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// squeezed returns the lines of a text that are not rules of a table, with single spaces.
func squeezed(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && strings.Trim(line, "─-=+ ") != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestPrintHits(t *testing.T) {
	hit := store.Hit{Article: &datelinev1.Article{
		Id: "0123456789abcdef", Host: "a.example", Title: "Ferry returns", WordCount: 7,
	}}
	show := func(page store.Page, asJSON bool) string {
		var out strings.Builder
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		if err := printHits(cmd, page, asJSON); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for name, c := range map[string]struct {
		page store.Page
		want string // the last line
	}{
		"none": {store.Page{}, "0 articles"},
		"one":  {store.Page{Hits: []store.Hit{hit}}, "1 article"},
		"more": {store.Page{Hits: []store.Hit{hit, hit}, Next: "x"}, "2 articles; there are more, see --limit"},
	} {
		lines := squeezed(show(c.page, false))
		titles := strings.Count(strings.Join(lines, "\n"), "7 a.example Ferry returns")
		if lines[len(lines)-1] != c.want || titles != len(c.page.Hits) {
			t.Errorf("%s: %q, want %q", name, lines, c.want)
		}
		lines = slices.Collect(strings.Lines(show(c.page, true)))
		if len(lines) != len(c.page.Hits) {
			t.Errorf("%s: %d lines of JSON: %q", name, len(lines), lines)
		}
		for _, line := range lines {
			var one struct{ Title string }
			if err := json.Unmarshal([]byte(line), &one); err != nil || one.Title != "Ferry returns" {
				t.Errorf("%s: %q, error %v", name, line, err)
			}
		}
	}
	cmd := &cobra.Command{}
	cmd.SetOut(fullDisk{})
	for _, asJSON := range []bool{false, true} {
		if err := printHits(cmd, store.Page{Hits: []store.Hit{hit}}, asJSON); !errors.Is(err, errFull) {
			t.Errorf("JSON %v: what could not be printed has the error %v, want %v", asJSON, err, errFull)
		}
	}
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestPrintStatus(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	quiet := status{Time: now, Web: "http://a.example", Activity: "idle", Seconds: 2, Articles: 1}
	busy := status{
		Time: now, Web: "http://a.example", Context: "desk", Problems: []string{"the disk is nearly full"},
		Activity: "working", Ended: 1, Seconds: 2, Articles: 20,
		Stages: []stageStatus{
			{Stage: "fetch", Waiting: 7, InWork: 2, Ended: 3, Oldest: now.Add(-2 * time.Hour)}, {Stage: "index"},
		},
		DeadLetters: 2, DeadSince: now.Add(-3 * 24 * time.Hour),
		Failures: []failCount{{"fetch", "dns", 5, 2}},
		Silent: []silentHost{
			{Host: "b.example", Cause: "the feed is gone", Since: now.Add(-5 * time.Hour)},
			{Host: "c.example", Cause: "unknown"},
		},
	}
	for name, c := range map[string]struct {
		status status
		want   []string
	}{
		"quiet": {quiet, []string{
			"healthy, idle: 0 outcomes in 2 s, 1 article stored (http://a.example)",
			"failed no dead letters", "silent no silent sources",
		}},
		"busy": {busy, []string{
			"not healthy, working: 1 outcome in 2 s, 20 articles stored (context desk)",
			"problem: the disk is nearly full", "fetch 7 2 3 2 hours ago", "index 0 0 0",
			"failed 2 dead letters, the oldest 3 days ago", "fetch dns: 5, 2 of them now",
			"silent 2 silent sources", "b.example: the feed is gone, last new article 5 hours ago", "c.example: unknown",
		}},
	} {
		var out strings.Builder
		if err := c.status.print(&out); err != nil {
			t.Fatal(err)
		}
		lines := squeezed(out.String())
		for _, want := range c.want {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: %q has no line %q", name, lines, want)
			}
		}
	}
	many := busy
	for range 3 * maxSilent {
		many.Failures = append(many.Failures, failCount{Stage: "index", Reason: "malformed"})
		many.Silent = append(many.Silent, silentHost{Host: "d.example", Cause: "unknown"})
	}
	var out strings.Builder
	if err := many.print(&out); err != nil || strings.Count(out.String(), "malformed") != maxSilent-1 ||
		strings.Count(out.String(), "d.example") != maxSilent-2 {
		t.Errorf("more than %d lines of failures or of silent sources: %s", maxSilent, &out)
	}
	if err := busy.print(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("what could not be printed has the error %v, want %v", err, errFull)
	}
}

func TestRelative(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for distance, want := range map[time.Duration]string{
		time.Second: "1 second ago", 59 * time.Second: "59 seconds ago", time.Minute: "1 minute ago",
		time.Hour - 1: "59 minutes ago", time.Hour: "1 hour ago", day - 1: "23 hours ago", day: "1 day ago",
		60 * day: "60 days ago", 60*day + 1: "2025-12-31", -time.Minute: "in 1 minute", -60 * day: "in 60 days",
		-60*day - 1: "2026-04-30",
	} {
		if got := relative(now, now.Add(-distance)); got != want {
			t.Errorf("%s before: %q, want %q", distance, got, want)
		}
	}
	if got := relative(now, time.Time{}); got != "" {
		t.Errorf("no time: %q", got)
	}
}
