package store

import (
	"slices"
	"time"
)

// Histogram counts articles by time.
type Histogram struct {
	// Step is the length of the bars.
	Step Step
	// Bars are in the order of time, without gaps.
	Bars []Bar
}

// Bar is the number of articles in a period.
type Bar struct {
	// From is inclusive and Before exclusive. From is the zero time in a first bar that
	// counts the few articles that are far older than the others.
	From, Before time.Time
	Count        int
}

// Step is a unit of time that bars are aligned to, in UTC.
type Step int

// The steps, from short to long. Weeks begin on Monday.
const (
	Minute Step = iota
	FiveMinutes
	QuarterHour
	HourStep
	SixHours
	Day
	Week
	Month
	Quarter
	Year
	Decade
	Century
)

// String returns the step as the unit in "articles per unit".
func (s Step) String() string {
	return [...]string{
		"minute", "5 minutes", "15 minutes", "hour", "6 hours", "day", "week", "month", "quarter", "year",
		"decade", "century",
	}[s]
}

const (
	// maxBars is the maximum number of bars, without the one for older articles.
	maxBars = 60
	// olderShare is the share of the articles, one in 50, that the histogram may put
	// into the bar for older articles.
	olderShare = 50
)

// newHistogram counts times in seconds since 1970, with the shortest step that needs at
// most maxBars bars.
func newHistogram(seconds []int64) Histogram {
	if len(seconds) == 0 {
		return Histogram{}
	}
	slices.Sort(seconds)
	first, last := time.Unix(seconds[len(seconds)/olderShare], 0).UTC(), time.Unix(seconds[len(seconds)-1], 0).UTC()
	h := Histogram{Step: Century}
	for step := Minute; step < Century; step++ {
		if last.Before(step.add(step.start(first), maxBars)) {
			h.Step = step
			break
		}
	}
	at := h.Step.start(first)
	older, _ := slices.BinarySearch(seconds, at.Unix())
	if older > 0 {
		h.Bars = append(h.Bars, Bar{Before: at, Count: older})
	}
	for rest := seconds[older:]; len(rest) > 0; {
		next := h.Step.add(at, 1)
		n, _ := slices.BinarySearch(rest, next.Unix())
		h.Bars = append(h.Bars, Bar{From: at, Before: next, Count: n})
		rest, at = rest[n:], next
	}
	return h
}

// durations are the lengths of the steps up to a day.
var durations = [...]time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// months are the lengths of the steps from a month.
var months = [...]int{1, 3, 12, 120, 1200}

// start returns the start of the step that contains a time.
func (s Step) start(at time.Time) time.Time {
	const week = 7
	switch year, month, day := at.Date(); {
	case s <= Day:
		return at.Truncate(durations[s])
	case s == Week:
		return time.Date(year, month, day-(int(at.Weekday())+week-1)%week, 0, 0, 0, 0, time.UTC)
	case s <= Year:
		n := months[s-Month]
		return time.Date(year, (month-1)/time.Month(n)*time.Month(n)+1, 1, 0, 0, 0, 0, time.UTC)
	default:
		years := months[s-Month] / months[Year-Month]
		return time.Date(year/years*years, 1, 1, 0, 0, 0, 0, time.UTC)
	}
}

// add returns the time n steps after the start of a step.
func (s Step) add(start time.Time, n int) time.Time {
	const week = 7
	switch {
	case s <= Day:
		return start.Add(time.Duration(n) * durations[s])
	case s == Week:
		return start.AddDate(0, 0, n*week)
	}
	return start.AddDate(0, n*months[s-Month], 0)
}
