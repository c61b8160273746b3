package web

import (
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Sizes in the drawing of a histogram. The browser stretches it to the page.
const (
	barWidth  = 10
	barGap    = 2
	barHeight = 60
	// minBarHeight is the minimum height of a bar that is not empty.
	minBarHeight = 3
)

// histogram is the drawing of the results over time.
type histogram struct {
	Unit          string // of a bar, such as day
	Width, Height int
	Begin, End    string // labels of the axis
	Most          int    // count of the highest bar
	Bars          []bar
}

// bar is a link that narrows the search to a period.
type bar struct {
	X, Y, Width, Height int
	Label, URL          string
}

// newHistogram draws a histogram. It returns nil if there is nothing to narrow down.
func newHistogram(of store.Histogram, values url.Values) *histogram {
	if len(of.Bars) < 2 {
		return nil
	}
	h := &histogram{Unit: of.Step.String(), Width: len(of.Bars)*barWidth - barGap, Height: barHeight}
	for _, one := range of.Bars {
		h.Most = max(h.Most, one.Count)
	}
	for i, one := range of.Bars {
		if one.Count == 0 {
			continue
		}
		height := max(minBarHeight, one.Count*barHeight/h.Most)
		h.Bars = append(h.Bars, bar{
			X: i * barWidth, Y: barHeight - height, Width: barWidth - barGap, Height: height,
			Label: periodOf(of.Step, one) + ": " + articles(one.Count), URL: "/?" + within(values, one),
		})
	}
	h.Begin, h.End = periodOf(of.Step, of.Bars[0]), periodOf(of.Step, of.Bars[len(of.Bars)-1])
	return h
}

// articles returns a number of articles in words.
func articles(n int) string {
	if n == 1 {
		return "1 article"
	}
	return count(n) + " articles"
}

// countWords returns a number of words in words.
func countWords(n int) string {
	if n == 1 {
		return "1 word"
	}
	return count(n) + " words"
}

// within returns the query string with the period of a bar, as far as the filters include
// it.
func within(values url.Values, one store.Bar) string {
	narrowed := maps.Clone(values)
	if since, err := store.ParseTime(values.Get("since")); !one.From.IsZero() && (err != nil || since.Before(one.From)) {
		narrowed.Set("since", one.From.Format(time.RFC3339))
	}
	if before, err := store.ParseTime(values.Get("before")); err != nil || before.After(one.Before) {
		narrowed.Set("before", one.Before.Format(time.RFC3339))
	}
	return narrowed.Encode()
}

// periodOf names the period of a bar.
func periodOf(step store.Step, one store.Bar) string {
	at := one.From
	if at.IsZero() {
		return "before " + one.Before.Format("2 Jan 2006")
	}
	switch {
	case step < store.Day:
		return at.Format("2 Jan 2006 15:04")
	case step == store.Day:
		return at.Format("2 Jan 2006")
	case step == store.Week:
		return "week of " + at.Format("2 Jan 2006")
	case step == store.Month:
		return at.Format("January 2006")
	case step == store.Quarter:
		return at.Format("Jan") + " to " + one.Before.AddDate(0, 0, -1).Format("Jan 2006")
	case step == store.Year:
		return at.Format("2006")
	}
	return fmt.Sprintf("%ds", at.Year())
}
