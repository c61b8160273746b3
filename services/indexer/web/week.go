package web

import (
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// hoursPerWeek is the number of hours that the pages of sources look back.
const hoursPerWeek = 7 * 24

// hoursPerPoint is the number of hours that a point of a week's sparkline covers.
const hoursPerPoint = 6

// week compares the new articles of the last seven days with the usual ones.
type week struct {
	Line  sparkline
	Usual string // points of the line of the usual numbers, or ""
	Days  []weekDay
	New   int64
}

// weekDay is a day as a row of hours.
type weekDay struct {
	Begin time.Time
	Hours []weekHour
}

// weekHour is one hour. Class says how much was published, and whether that is less than
// usual. X is its place in the row.
type weekHour struct {
	Class, Label string
	X            int
}

// newWeek compares hourly counts with a baseline, which may be nil. The current hour is
// the last one.
func newWeek(counts []store.Hour, usual *baseline.Baseline, current time.Time) week {
	first := current.Add(-(hoursPerWeek - 1) * time.Hour)
	published, expected := make([]float64, hoursPerWeek), make([]float64, hoursPerWeek)
	var w week
	for _, c := range counts {
		i := int(c.Begin.Sub(first) / time.Hour)
		isNew := c.Stage == datelinev1.Stage_STAGE_INDEX && c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED &&
			c.Reason == store.New.String()
		if isNew && i >= 0 && i < hoursPerWeek {
			published[i] += float64(c.Count.Count)
			w.New += c.Count.Count
		}
	}
	isKnown := usual != nil && usual.IsKnown()
	if isKnown {
		hour := first.Unix() / int64(time.Hour/time.Second)
		for i := range expected {
			expected[i] = usual.Expected(hour+int64(i), hour+int64(i)+1)
		}
	}
	line := sparkline{}
	points, usualPoints := perPoint(published), perPoint(expected)
	if isKnown {
		line = newSparkline(usualPoints, newSparkline(points, 1).Most)
		w.Usual = line.Line
	}
	w.Line = newSparkline(points, max(1, line.Most))
	w.addDays(first, published, expected)
	return w
}

// perPoint adds up the hours of each point of a sparkline.
func perPoint(hours []float64) []float64 {
	points := make([]float64, len(hours)/hoursPerPoint)
	for i, v := range hours {
		points[i/hoursPerPoint] += v
	}
	return points
}

// addDays adds the rows of the days, each of which starts at midnight UTC. The last hour is
// the current one: nothing is missed in it yet.
func (w *week) addDays(first time.Time, published, expected []float64) {
	for i := range published {
		at := first.Add(time.Duration(i) * time.Hour)
		if len(w.Days) == 0 || at.Hour() == 0 {
			w.Days = append(w.Days, weekDay{Begin: at.Truncate(24 * time.Hour)})
		}
		due := expected[i]
		if i == len(published)-1 {
			due = 0
		}
		day := &w.Days[len(w.Days)-1]
		day.Hours = append(day.Hours, weekHour{
			Class: levelOf(published[i], due), X: at.Hour(),
			Label: fmt.Sprintf("%s UTC: %.0f new, %.1f usual", at.Format("Mon 15:04"), published[i], expected[i]),
		})
	}
}

// missed is the usual number of articles in an hour from which on an hour with none is
// marked.
const missed = 0.5

// levelOf returns the CSS class of an hour.
func levelOf(published, expected float64) string {
	switch {
	case published == 0 && expected >= missed:
		return "missed"
	case published == 0:
		return "level0"
	case published < 2:
		return "level1"
	case published < 4:
		return "level2"
	case published < 8:
		return "level3"
	}
	return "level4"
}
