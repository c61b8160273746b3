package found_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

func TestResolve(t *testing.T) {
	const base = "https://a.example/news/today"
	longest := "https://a.example/" + strings.Repeat("x", found.MaxURL-len("https://a.example/"))
	for _, c := range []struct{ base, ref, want string }{
		{base, " ferry#top ", "https://a.example/news/ferry"},
		{base, "//b.example/x", "https://b.example/x"},
		{"", "https://b.example", "https://b.example/"},
		{base, "", ""},
		{base, "#top", ""},
		{base, "mailto:desk@a.example", ""},
		{"", "ferry", ""},
		{base, longest, longest},
		{base, longest + "x", ""},
	} {
		if got := found.Resolve(c.base, c.ref); got != c.want {
			t.Errorf("%.50q at %q is %.50q, want %.50q", c.ref, c.base, got, c.want)
		}
	}
}

func TestText(t *testing.T) {
	full := strings.Repeat("x", found.MaxText)
	for name, c := range map[string]struct{ markup, want string }{
		"tags":               {"<p>Ferry<b>boat</b></p><p>is <blink>late</blink></p>", "Ferryboat is <blink>late</blink>"},
		"what is not text":   {"Ferry<script>x</script> <!-- y -->sails", "Ferry sails"},
		"entities and space": {" Fish &amp;\n chips ", "Fish & chips"},
		"invalid UTF-8":      {"a\xffb", "a\uFFFDb"},
		"as long as it may":  {full, full},
		"too long":           {full + "y", full},
		"within a letter":    {full[1:] + "é", full[1:]},
		"just within":        {full[2:] + "é", full[2:] + "é"},
		"a long beginning":   {strings.Repeat(" ", 16*found.MaxText-1) + "xy", "x"},
		"a longer beginning": {strings.Repeat(" ", 16*found.MaxText-2) + "xy", "xy"},
	} {
		if got := found.Text(c.markup); got != c.want || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes %.50q, want %d bytes %.50q", name, len(got), got, len(c.want), c.want)
		}
	}
}

func TestListsAreBounded(t *testing.T) {
	var list []string
	var listing found.Listing
	for i := range 2 * max(found.MaxList, found.MaxWarnings) {
		for range 2 { // the same again, and nothing
			list = found.Append(list, fmt.Sprintf("<b>desk</b> %d", i))
			list = found.Append(list, " ")
			listing.Warn(fmt.Sprint("warning ", i))
		}
	}
	if len(list) != found.MaxList || list[0] != "desk 0" ||
		list[found.MaxList-1] != fmt.Sprintf("desk %d", found.MaxList-1) {
		t.Errorf("the list is %q", list)
	}
	if len(listing.Warnings) != found.MaxWarnings || listing.Warnings[1] != "warning 1" {
		t.Errorf("the warnings are %q", listing.Warnings)
	}
}

// Dates are ignored if they are the time of a build or of the request, or if they are in the future.
func TestDistrustDates(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	never := time.Time{}
	at := func(offsets ...time.Duration) (times []time.Time) {
		for _, offset := range offsets {
			times = append(times, now.Add(offset))
		}
		return times
	}
	const day, minute = 24 * time.Hour, time.Minute
	for _, c := range []struct {
		name    string
		dates   []time.Time
		want    []time.Time // all dates are kept if it is nil
		warning string
	}{
		{"two equal dates", at(-day, -day), nil, ""},
		{"three equal dates", at(-day, -day, -day), []time.Time{never, never, never}, "all are equal"},
		{"three equal dates and another", at(-day, -day, -day, -2*day), nil, ""},
		{"around the request", at(-2*minute, 0, 2*minute), []time.Time{never, never, never}, "time of the request"},
		{"just before that", at(-2*minute-1, 0, 2*minute), nil, ""},
		{"just after that", at(-2*minute, 0, 2*minute+1), nil, ""},
		{"twice at the request", at(0, minute), nil, ""},
		{"14 hours ahead", at(14*time.Hour, -day), nil, ""},
		{"farther ahead", at(14*time.Hour+1, -day), []time.Time{never, now.Add(-day)}, "in the future"},
		{"two and none", []time.Time{now.Add(-day), never, now.Add(-day)}, nil, ""},
		{"two and one of the future", at(-day, day, -day), []time.Time{now.Add(-day), never, now.Add(-day)}, "in the future"},
	} {
		var l found.Listing
		for _, date := range c.dates {
			l.Items = append(l.Items, found.Item{Published: date, Modified: now.Add(-time.Duration(len(l.Items)) * day)})
		}
		l.DistrustDates(now)
		var got []time.Time
		for i, item := range l.Items {
			got = append(got, item.Published)
			if item.Modified.IsZero() {
				t.Errorf("%s: the modification date of item %d was ignored, too", c.name, i)
			}
		}
		want := c.want
		if want == nil {
			want = c.dates
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s: the dates are %v, want %v", c.name, got, want)
		}
		if c.warning == "" && len(l.Warnings) != 0 || c.warning != "" &&
			(len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], c.warning)) {
			t.Errorf("%s: the warnings are %q, want %q", c.name, l.Warnings, c.warning)
		}
	}
}
