package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// noonOf is a Wednesday.
var noonOf = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// TestFiguresForPeople has durations, sizes and numbers at which the unit changes, and just below.
func TestFiguresForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", time.Second - 1: "0 s", time.Second: "1 s", time.Minute - 1: "59 s", time.Minute: "1 min",
		61 * time.Second: "1 min 1 s", 10*time.Minute - time.Second: "9 min 59 s", 10 * time.Minute: "10 min",
		time.Hour - 1: "59 min", time.Hour: "1 h", 61 * time.Minute: "1 h 1 min", 24*time.Hour - 1: "23 h 59 min",
		24 * time.Hour: "1 d", 53 * time.Hour: "2 d 5 h",
	} {
		if got := age(d); got != want {
			t.Errorf("%d ns is %q, want %q", d, got, want)
		}
	}
	if got := elapsed(time.Minute-1) + "," + elapsed(time.Minute); got != ",1 min" {
		t.Errorf("elapsed: %q", got)
	}
	for n, want := range map[any]string{
		0: "0 B", int64(1023): "1.02e+03 B", uint64(1024): "1 KiB", 1536: "1.5 KiB", 1 << 20: "1 MiB", 1 << 30: "1 GiB",
		1 << 40: "1 TiB",
	} {
		if got := byteSize(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{
		0: "0", 999: "999", 1000: "1_000", -999: "-999", -1000: "-1_000", 999_999: "999_999", 1_234_567: "1_234_567",
	} {
		if got := strings.ReplaceAll(count(n), "\u202f", "_"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for parts, want := range map[[2]float64]float64{
		{1, 0}: 0, {1, -1}: 0, {0, 4}: 0, {1, 4}: 25, {4, 4}: 100, {5, 4}: 100, {-1, 4}: 0,
	} {
		if got := share(parts[0], parts[1]); got != want {
			t.Errorf("%v: %g %%, want %g", parts, got, want)
		}
	}
	if got := articles(1) + articles(2) + countWords(1) + countWords(0); got != "1 article2 articles1 word0 words" {
		t.Errorf("in words: %s", got)
	}
	for hour, want := range map[[2]float64]string{
		{0, 0.5}: "missed", {0, 0.49}: "level0", {1, 9}: "level1", {1.9, 0}: "level1", {2, 0}: "level2", {3.9, 0}: "level2",
		{4, 0}: "level3", {7.9, 0}: "level3", {8, 0}: "level4",
	} {
		if got := levelOf(hour[0], hour[1]); got != want {
			t.Errorf("%v: %s, want %s", hour, got, want)
		}
	}
}

// TestLinesOfCharts draws as few values as possible, and values that are all zero.
func TestLinesOfCharts(t *testing.T) {
	for name, c := range map[string]struct {
		values  []float64
		atLeast float64
		line    string
		most    float64
	}{
		"nothing":  {nil, 0, "", 0},
		"one":      {[]float64{3}, 0, "", 3},
		"two":      {[]float64{0, 4}, 0, "0.0,24.0 120.0,0.0", 4},
		"zeros":    {[]float64{0, 0}, 0, "", 0},
		"at least": {[]float64{0, 1, 2}, 4, "0.0,24.0 60.0,18.0 120.0,12.0", 4},
	} {
		if got := newSparkline(c.values, c.atLeast); got.Line != c.line || got.Most != c.most {
			t.Errorf("%s: %+v, want the line %q and %g", name, got, c.line, c.most)
		}
	}
	bar := stack(1, 4, 8, []string{"a", "b", "c"}, []int64{2, 0, 6})
	want := []barPart{{"a", "75.00%", "25.00%"}, {"c", "0.00%", "75.00%"}}
	if bar.X != "27.75%" || bar.Width != "19.50%" || !slices.Equal(bar.Parts, want) {
		t.Errorf("the bar is %+v, want the parts %v", bar, want)
	}
}

// TestHoursOfCharts counts outcomes at both ends of a period, and just beyond them.
func TestHoursOfCharts(t *testing.T) {
	hour := func(before int, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string, n int64) store.Hour {
		return store.Hour{
			Begin: noonOf.Add(-time.Duration(before) * time.Hour),
			Count: store.Count{Stage: stage, Verdict: verdict, Reason: reason, Count: n},
		}
	}
	const index, fetch = datelinev1.Stage_STAGE_INDEX, datelinev1.Stage_STAGE_FETCH
	const produced, dead = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_DEAD
	const rejected, duplicate = datelinev1.Verdict_VERDICT_REJECTED, datelinev1.Verdict_VERDICT_DUPLICATE
	chart := newOutcomeChart([]store.Hour{
		hour(-1, index, produced, "new", 1000), hour(0, index, produced, "new", 1), hour(0, fetch, produced, "", 2000),
		hour(3, fetch, dead, "dns", 2), hour(3, fetch, rejected, "not_found", 3), hour(3, fetch, duplicate, "seen", 4),
		hour(4, index, produced, "new", 5000),
	}, noonOf, 4)
	total := outcomeHour{Begin: chart.Total.Begin, Stored: 1, Unchanged: 4, Rejected: 3, Dead: 2}
	first := outcomeHour{Begin: noonOf.Add(-3 * time.Hour), Unchanged: 4, Rejected: 3, Dead: 2}
	if chart.Total != total || chart.Most != 9 || chart.Hours[3] != first || chart.Hours[0].Stored != 1 ||
		len(chart.Bars) != 4 || chart.Bars[0].Label != "09:00 UTC: 0 stored, 4 unchanged, 3 rejected, 2 dead" ||
		!chart.Marks[0].Equal(first.Begin) || !chart.Marks[3].Equal(noonOf) {
		t.Errorf("the chart is %+v", chart)
	}
	week := newWeek([]store.Hour{
		hour(-1, index, produced, "new", 1000), hour(0, index, produced, "new", 1), hour(167, index, produced, "new", 2),
		hour(168, index, produced, "new", 5000), hour(1, index, produced, "changed", 300), hour(1, fetch, produced, "", 300),
		hour(1, index, datelinev1.Verdict_VERDICT_UNCHANGED, "new", 300),
	}, nil, noonOf)
	days := week.Days
	last := days[len(days)-1]
	if week.New != 3 || week.Usual != "" || len(days) != 8 || days[0].Hours[0].Class != "level2" ||
		days[0].Hours[0].X != 13 ||
		last.Hours[12].Class != "level1" || last.Hours[12].Label != "Wed 12:00 UTC: 1 new, 0.0 usual" ||
		!last.Begin.Equal(noonOf.Truncate(24*time.Hour)) {
		t.Errorf("the week is %+v", week)
	}
}

// TestPeriodsOfResults draws histograms whose bars narrow a search.
func TestPeriodsOfResults(t *testing.T) {
	bar := func(day, n int) store.Bar {
		from := time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC)
		return store.Bar{From: from, Before: from.AddDate(0, 0, 1), Count: n}
	}
	if newHistogram(store.Histogram{Step: store.Day, Bars: []store.Bar{bar(4, 7)}}, nil) != nil {
		t.Error("a single bar is drawn")
	}
	got := newHistogram(store.Histogram{Step: store.Day, Bars: []store.Bar{bar(4, 1), bar(5, 0), bar(6, 60)}},
		url.Values{"q": {"ferry"}})
	if got.Most != 60 || got.Width != 28 || len(got.Bars) != 2 || got.Bars[0].Height != 3 || got.Bars[1].Height != 60 ||
		got.Bars[0].Y != 57 || got.Bars[1].X != 20 || got.Begin != "4 Mar 2026" || got.End != "6 Mar 2026" ||
		got.Bars[0].Label != "4 Mar 2026: 1 article" {
		t.Errorf("the histogram is %+v", got)
	}
	for _, c := range []struct{ since, before, want string }{
		{"", "", "2026-03-04T00:00:00Z 2026-03-05T00:00:00Z"},
		{"2026-03-01", "2026-03-09", "2026-03-04T00:00:00Z 2026-03-05T00:00:00Z"},
		{"2026-03-04", "2026-03-05", "2026-03-04 2026-03-05"},
		{"2026-03-04T08:00:00Z", "2026-03-04T09:00:00Z", "2026-03-04T08:00:00Z 2026-03-04T09:00:00Z"},
	} {
		values := url.Values{}
		for name, value := range map[string]string{"since": c.since, "before": c.before} {
			if value != "" {
				values.Set(name, value)
			}
		}
		narrowed, err := url.ParseQuery(within(values, bar(4, 1)))
		if got := narrowed.Get("since") + " " + narrowed.Get("before"); err != nil || got != c.want {
			t.Errorf("%+v is narrowed to %s, %v", c, got, err)
		}
	}
	one := store.Bar{From: time.Date(2026, 4, 1, 6, 0, 0, 0, time.UTC)}
	one.Before = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for step, want := range map[store.Step]string{
		store.SixHours: "1 Apr 2026 06:00", store.Day: "1 Apr 2026", store.Week: "week of 1 Apr 2026",
		store.Month:   "April 2026",
		store.Quarter: "Apr to Jun 2026", store.Year: "2026", store.Decade: "2026s",
	} {
		if got := periodOf(step, one); got != want {
			t.Errorf("a bar of a %s is %q, want %q", step, got, want)
		}
	}
	if got := periodOf(store.Day, store.Bar{Before: one.Before}); got != "before 1 Jul 2026" {
		t.Errorf("the bar of older articles is %q", got)
	}
	for bound, want := range map[string]string{
		"2026-03-04": "4 March 2026", "2026-03-04T08:30:00Z": "4 March 2026 08:30 UTC", "soon": "soon",
	} {
		if got := plainBound(bound); got != want {
			t.Errorf("%s is %q, want %q", bound, got, want)
		}
	}
	for before, want := range map[string]string{
		"2026-03-05": "2026-03-05", "2026-03-05T00:00:01Z": "2026-03-06", "": "",
	} {
		if first, last := daysOf("2026-03-04T23:00:00Z", before); first != "2026-03-04" || last != want {
			t.Errorf("before %q: the days are %s to %s, want %s", before, first, last, want)
		}
	}
}

// TestFacetsAreBounded has as many values as are shown at once, with "More", and one more.
func TestFacetsAreBounded(t *testing.T) {
	for n, want := range map[int][3]int{ // shown, with More, with a page of their own
		0: {}, 1: {1, 0, 0}, maxFacetValues + 1: {maxFacetValues, 0, 0}, maxFacetValues + 2: {maxFacetValues, 1, 1},
		maxFacetValues + maxMoreValues + 1: {maxFacetValues, maxMoreValues, 1},
		maxFacetValues + maxMoreValues + 2: {maxFacetValues, maxMoreValues, 1},
	} {
		var facets store.Facets
		for i := range n {
			facets.Tags = append(facets.Tags, store.FacetValue{Value: fmt.Sprint("tag", i), Count: 9})
		}
		selected := url.Values{"tag": {"tag1"}} // which is not shown
		page := searchPage{}
		page.addFacets(facets, selected, siteNames{})
		var got [3]int
		for _, f := range page.Facets {
			got = [3]int{len(f.Values), len(f.More), min(1, len(f.All))}
			for _, c := range slices.Concat(f.Values, f.More) {
				if c.Name == "tag1" {
					t.Error("a value that is selected can be chosen")
				}
			}
		}
		if got != want {
			t.Errorf("of %d values: %v, want %v", n, got, want)
		}
	}
}

// TestSourcesThatFailAsOftenAsTheySucceed are healthy.
func TestSourcesThatFailAsOftenAsTheySucceed(t *testing.T) {
	const extract, fetch = datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_FETCH
	const index = datelinev1.Stage_STAGE_INDEX
	const produced, dead = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_DEAD
	row := condition(library.SourceHealth{Source: store.Source{Outcomes: []store.Count{
		{Stage: fetch, Verdict: produced, Count: 50}, // which the extractor counts
		{Stage: fetch, Verdict: datelinev1.Verdict_VERDICT_UNCHANGED, Count: 1},
		{Stage: extract, Verdict: produced, Count: 4},
		{Stage: fetch, Verdict: dead, Reason: "dns", Count: 2}, {Stage: fetch, Verdict: dead, Reason: "timeout", Count: 2},
		{Stage: extract, Verdict: dead, Reason: "panic", Count: 1},
		{Stage: index, Verdict: dead, Reason: "refused", Count: 100},
	}}})
	if row.Produced != 5 || row.Dead != 5 || row.Condition != "healthy" ||
		row.Why != "5 of 10 succeeded in the last 24 hours, most common reason of the others: dns" {
		t.Errorf("the source is %+v", row)
	}
}

// TestTimelines has as many members as a store returns, of which some have changed.
func TestTimelines(t *testing.T) {
	var members []store.StoryMember
	for i := range maxStoryMembers {
		m := store.StoryMember{ID: fmt.Sprint(i), Host: fmt.Sprint("h", i%3)}
		m.Time = noonOf.Add(time.Duration(i) * time.Minute)
		m.Revisions, m.Changed = 1+i%2, m.Time.Add(30*time.Second)
		members = append(members, m)
	}
	page := newStoryPage(members, siteNames{})
	if !page.Cut || page.Members != maxStoryMembers || page.Sites != 3 || page.Changed != maxStoryMembers/2 ||
		len(page.Events) != maxStoryMembers*3/2 {
		t.Errorf("%d members of %d sites, %d changed, %d events, cut: %t", page.Members, page.Sites, page.Changed,
			len(page.Events), page.Cut)
	}
	if newStoryPage(members[1:], siteNames{}).Cut {
		t.Error("a timeline with all members is cut")
	}
	first := page.Events[:3]
	if first[0].After+first[0].Compare != "" || first[1].After != "1 min" || first[1].Compare != "" ||
		first[2].Compare != "/articles/1/changes" || first[2].After != "1 min 30 s" {
		t.Errorf("the first events are %+v", first)
	}
}

// TestRowsOfDifferences splits differences into paragraphs, and keeps spaces out of the changes.
func TestRowsOfDifferences(t *testing.T) {
	run := func(kind, text string) textdiff.Run { return textdiff.Run{Kind: kind, Text: text} }
	same := func(text string) textdiff.Run { return run(textdiff.Same, text) }
	text := func(runs []textdiff.Run) string {
		var b strings.Builder
		for _, r := range runs {
			fmt.Fprintf(&b, "%s(%s)", r.Kind[:1], r.Text)
		}
		return b.String()
	}
	var rows []string
	for _, row := range rowsOf([]textdiff.Run{
		same("a\n\nb "), run(textdiff.Removed, "old"), run(textdiff.Added, "new"), same("\n\nc"),
	}) {
		rows = append(rows, text(row.Before)+" | "+text(row.After))
	}
	if got := strings.Join(rows, "\n"); got != "s(a) | s(a)\ns(b )r(old) | s(b )a(new)\ns(c) | s(c)" {
		t.Errorf("the rows are\n%s", got)
	}
	if got := text(runsWithout([]textdiff.Run{same("a"), run(textdiff.Added, "b")}, textdiff.Added)); got != "s(a)" {
		t.Errorf("without what was added: %s", got)
	}
	if got := text(spaced([]textdiff.Run{
		same("a "), run(textdiff.Added, " b c\n"), run(textdiff.Removed, " "), run(textdiff.Added, "d"),
	})); got != "s(a )s( )a(b c)s(\n)r( )a(d)" {
		t.Errorf("spaced: %s", got)
	}
}
