package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sparkline is a line over a number of values, in a drawing of sparkWidth × sparkHeight.
type sparkline struct {
	Line, Area string // points of the line, and of the area below it
	Most       float64
}

const (
	sparkWidth  = 120
	sparkHeight = 24
)

// newSparkline scales the values to the largest one, or to atLeast if that is more.
func newSparkline(values []float64, atLeast float64) sparkline {
	s := sparkline{Most: atLeast}
	for _, v := range values {
		s.Most = max(s.Most, v)
	}
	if s.Most == 0 || len(values) < 2 {
		return s
	}
	var points []string
	for i, v := range values {
		x := float64(i) * sparkWidth / float64(len(values)-1)
		y := (1 - v/s.Most) * sparkHeight
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	s.Line = strings.Join(points, " ")
	s.Area = fmt.Sprintf("0,%d %s %d,%d", sparkHeight, s.Line, sparkWidth, sparkHeight)
	return s
}

// stackedBar is one bar of a chart, whose parts lie on each other. X and Width are
// percentages of the chart's width.
type stackedBar struct {
	Begin    time.Time
	X, Width string
	Parts    []barPart
	Label    string
}

// barPart is a part of a bar. Y and Height are percentages of the chart's height.
type barPart struct {
	Class, Y, Height string
}

// stack returns a bar at a position of a chart with a number of bars. most is the sum
// of the values of the highest bar.
func stack(position, bars int, most int64, classes []string, values []int64) stackedBar {
	step := 100 / float64(bars)
	const filled = 0.78 // of a bar's place
	b := stackedBar{
		X:     percentage(float64(position)*step + step*(1-filled)/2),
		Width: percentage(step * filled),
	}
	var below float64
	for i, v := range values {
		if v == 0 {
			continue
		}
		height := 100 * float64(v) / float64(max(1, most))
		below += height
		b.Parts = append(b.Parts, barPart{classes[i], percentage(100 - below), percentage(height)})
	}
	return b
}

func percentage(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "%" }

// count formats a number for people, with narrow spaces between groups of three digits.
func count(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

// age formats a duration for people with its one or two largest units, such as 3 min
// 20 s or 2 d 4 h.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 10*time.Minute:
		return twoUnits(int(d/time.Minute), "min", int(d%time.Minute/time.Second), "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return twoUnits(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return twoUnits(int(d/day), "d", int(d%day/time.Hour), "h")
}

func twoUnits(n int, unit string, rest int, smaller string) string {
	if rest == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, rest, smaller)
}

// share returns a part of a whole in per cent, between 0 and 100.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Max(0, math.Min(100, 100*part/whole))
}
