package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestHistogramsHaveAtMost60Bars has times that just need 60 bars, or one more.
func TestHistogramsHaveAtMost60Bars(t *testing.T) {
	first := time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC)
	for step := Minute; step <= Century; step++ {
		begin := step.start(first)
		end := step.add(begin, maxBars)
		for last, want := range map[time.Time]Step{end.Add(-time.Second): step, end: min(step+1, Century)} {
			h := newHistogram([]int64{last.Unix(), begin.Unix()})
			count := 0
			for i, bar := range h.Bars {
				if i > 0 && !bar.From.Equal(h.Bars[i-1].Before) || !bar.Before.Equal(h.Step.add(bar.From, 1)) {
					t.Errorf("%s: bar %d is from %v to %v", step, i, bar.From, bar.Before)
				}
				count += bar.Count
			}
			if h.Step != want || len(h.Bars) > maxBars && step < Century || count != 2 {
				t.Errorf("from %v to %v: %d bars of a %s with %d times, want a %s", begin, last, len(h.Bars), h.Step, count, want)
			}
			if h.Bars[0].Count != 1 || h.Bars[len(h.Bars)-1].Count != 1 {
				t.Errorf("from %v to %v: the bars are %v", begin, last, h.Bars)
			}
		}
	}
	// One time in 50 may be far older.
	for older, want := range map[int]Step{1: Minute, 2: Century} {
		times := make([]int64, olderShare+1)
		for i := range times {
			times[i] = first.Unix()
		}
		for i := range older {
			times[i] = first.AddDate(-5000, 0, 0).Unix()
		}
		h := newHistogram(times)
		if h.Step != want || h.Bars[0].Count != older || h.Bars[0].From.IsZero() != (older == 1) {
			t.Errorf("%d of %d times are old: the histogram has the step %s and begins with %+v", older, len(times), h.Step,
				h.Bars[0])
		}
	}
}

// TestPossibleCursors has the first and the last possible time of an article, and a second beyond them.
func TestPossibleCursors(t *testing.T) {
	for c, want := range map[cursor]bool{
		{Time: firstSecond}: true, {Time: firstSecond - 1}: false, {Time: lastSecond}: true, {Time: lastSecond + 1}: false,
		{Row: math.MinInt64}: false, {Row: math.MinInt64 + 1}: true, {Row: math.MaxInt64}: true,
	} {
		if got := c.isPossible(); got != want {
			t.Errorf("%+v is possible: %t", c, got)
		}
	}
	want := cursor{Time: 5, Row: 7, Rank: -2, ByRank: true}
	next := want.String()
	with := WithPosition(next, 9)
	want.Position = 9
	if got, err := decodeCursor(with); err != nil || got != want {
		t.Errorf("the cursor with a position is %+v, %v", got, err)
	}
	if got := []uint64{CursorPosition(with), CursorPosition(next), CursorPosition("!"), CursorPosition("")}; !slices.Equal(
		got, []uint64{9, 0, 0, 0}) {
		t.Errorf("the positions are %v", got)
	}
	for _, text := range []string{"", "!"} {
		if got := WithPosition(text, 9); got != text {
			t.Errorf("the cursor %q becomes %q", text, got)
		}
	}
}

// TestFilterWordsAreBounded has an article with more tags than are indexed, some of them twice.
func TestFilterWordsAreBounded(t *testing.T) {
	a := &datelinev1.Article{Host: "WWW.one.example", Language: "en-GB", Tags: []string{"Sea", "sea", "SEA"}}
	want := []string{
		filterWord(byHost, "www.one.example"), filterWord(byHost, "one.example"), filterWord(byLanguage, "en-gb"),
		filterWord(byLanguage, "en"), filterWord(byTag, "sea"),
	}
	if got := strings.Fields(filterWordsOf(a)); !slices.Equal(got, want) {
		t.Errorf("the filter words are %v, want %v", got, want)
	}
	for i := range maxFilterWords {
		a.Tags = append(a.Tags, fmt.Sprint("tag ", i))
	}
	if got := strings.Fields(filterWordsOf(a)); len(got) != maxFilterWords {
		t.Errorf("%d filter words, want %d", len(got), maxFilterWords)
	}
}

func TestSpansOf(t *testing.T) {
	created := time.Unix(1, 0)
	got := SpansOf("ARTICLES", created, []uint64{9, 1, 3, 2, 5, 9, 10})
	want := []Span{
		{Stream: "ARTICLES", Created: created, First: 1, Last: 3},
		{Stream: "ARTICLES", Created: created, First: 5, Last: 5},
		{Stream: "ARTICLES", Created: created, First: 9, Last: 10},
	}
	if !slices.Equal(got, want) {
		t.Errorf("the spans are %v, want %v", got, want)
	}
	all := slices.Concat(want, []Span{{Stream: "ARTICLES", Created: created, First: 4, Last: 4}})
	union := []Span{{Stream: "ARTICLES", Created: created, First: 1, Last: 5}, want[2]}
	if got := Union(all); !slices.Equal(got, union) {
		t.Errorf("the union is %v, want %v", got, union)
	}
}

func TestAccessAndTimesOfFilters(t *testing.T) {
	for word, want := range map[string]datelinev1.Access{
		"free": datelinev1.Access_ACCESS_FREE, "paywalled": datelinev1.Access_ACCESS_PAYWALLED,
	} {
		if got, err := ParseAccess(word); err != nil || got != want {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "Free"} {
		if _, err := ParseAccess(word); err == nil {
			t.Errorf("%q is a kind of access", word)
		}
	}
	for text, want := range map[string]string{
		"2026-11-25": "2026-11-25T00:00:00Z", "2026-11-25T08:00:00+02:00": "2026-11-25T06:00:00Z",
	} {
		if got, err := ParseTime(text); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2026-11", "2026-11-25 08:00"} {
		if _, err := ParseTime(text); err == nil {
			t.Errorf("%q is a time", text)
		}
	}
}
