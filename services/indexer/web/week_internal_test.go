package web

import (
	"testing"
	"time"
)

// TestMissedHours draws a week in which nothing was published, although an article an hour
// is usual.
func TestMissedHours(t *testing.T) {
	expected := make([]float64, hoursPerWeek)
	for i := range expected {
		expected[i] = 1
	}
	var w week
	w.addDays(time.Date(2026, 3, 4, 13, 0, 0, 0, time.UTC), make([]float64, hoursPerWeek), expected)
	classes := map[string]int{}
	for _, day := range w.Days {
		for _, hour := range day.Hours {
			classes[hour.Class]++
		}
	}
	last := w.Days[len(w.Days)-1].Hours
	if current := last[len(last)-1]; current.Class != "level0" || classes["missed"] != hoursPerWeek-1 {
		t.Errorf("the current hour is %s, and the hours are %v; want that all hours but the current one are missed",
			current.Class, classes)
	}
}
