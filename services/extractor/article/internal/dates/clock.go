package dates

import (
	_ "embed"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// addClock gives d the time of day that stands after the date (from token
// next on) or right before it (ending before token start).
func addClock(d *Date, toks []token, start, next int) {
	for i := next; i < len(toks) && i < next+8; i++ {
		if clockAt(d, toks, i) {
			return
		}
	}
	for i := max(0, start-8); i < start; i++ {
		if clockAt(d, toks[:start], i) {
			return
		}
	}
}

// clockAt reads "09:30", "9:30 p.m. EDT", "09.30 Uhr", "9h30" and
// "09:30:15.000+03:00" at token i.
func clockAt(d *Date, toks []token, i int) bool {
	hour := toks[i].num
	if hour < 0 || hour > 24 || len(toks[i].text) > 2 || i+2 >= len(toks) {
		return false
	}
	sep, minute := toks[i+1].text, toks[i+2].num
	if minute < 0 || minute > 59 || len(toks[i+2].text) != 2 {
		return false
	}
	next := i + 3
	switch sep {
	case ":", "h", "時", "时", "點", "点", "시":
	case ".":
		if next < len(toks) && toks[next].is(".") {
			return false // another date
		}
	default:
		return false
	}
	second, precision, fraction := 0, Minute, 0
	if next+1 < len(toks) && toks[next].is(":") && toks[next+1].num >= 0 && toks[next+1].num <= 60 {
		second, precision = toks[next+1].num, Second
		next += 2
		if next+1 < len(toks) && (toks[next].is(".") || toks[next].is(",")) && toks[next+1].num >= 0 && len(toks[next+1].text) <= 9 {
			fraction = nanoseconds(toks[next+1])
			next += 2
		}
	}
	if next < len(toks) && toks[next].is("分") || next < len(toks) && toks[next].is("분") {
		next++
	}
	hour, next = halfDay(toks, hour, i, next)
	loc, hasZone := zoneAt(toks, next)
	y, m, day := d.Time.Date()
	d.Time = time.Date(y, m, day, hour, minute, min(second, 59), fraction, loc)
	d.Precision, d.HasZone = precision, hasZone
	return true
}

func nanoseconds(t token) int {
	n := t.num
	for range 9 - len(t.text) {
		n *= 10
	}
	return n
}

//go:embed lists/day_halves.txt
var dayHalfList string

// halves maps the marks of the halves of the day, in the letters that months are
// compared in, to whether they mark the second.
var halves = func() map[string]bool {
	halves := make(map[string]bool)
	for section, mark := range wordlist.Sections(dayHalfList) {
		halves[mark] = section == "pm"
	}
	return halves
}()

// halfDay applies the mark of a half of the day ("am", "p.m.", "下午") that stands
// at token i, or before the hour at token start.
func halfDay(toks []token, hour, start, i int) (int, int) {
	second, known, next := false, false, i
	if i < len(toks) && toks[i].num < 0 {
		second, known = halves[sameLetters(toks[i].text)]
		next = i + 1
		if !known && i+2 < len(toks) && toks[i+1].is(".") {
			second, known = halves[sameLetters(toks[i].text)+sameLetters(toks[i+2].text)]
			next = i + 3
			if next < len(toks) && toks[next].is(".") {
				next++
			}
		}
	}
	if !known {
		next = i
		if start >= 2 {
			second, known = halves[toks[start-2].text+toks[start-1].text]
		}
	}
	switch {
	case known && second && hour < 12:
		hour += 12
	case known && !second && hour == 12:
		hour = 0
	}
	return hour, next
}

// zoneAt reads an offset or zone name at token i or after a bracket or word
// for "o'clock".
func zoneAt(toks []token, i int) (*time.Location, bool) {
	for ; i < len(toks); i++ {
		switch toks[i].text {
		case "(", ",", "uhr", "[", "/":
			continue
		}
		break
	}
	if i >= len(toks) {
		return time.UTC, false
	}
	minutes, known := zones[toks[i].text]
	if known && i+1 < len(toks) && (toks[i].is("utc") || toks[i].is("gmt")) && (toks[i+1].is("+") || toks[i+1].is("-")) {
		i++
	}
	sign := 0
	switch toks[i].text {
	case "+":
		sign = 1
	case "-", "−":
		sign = -1
	}
	if sign != 0 {
		minutes, known = offset(toks, i+1)
		minutes *= sign
	}
	switch {
	case !known:
		return time.UTC, false
	case minutes == 0:
		return time.UTC, true
	}
	return time.FixedZone("", minutes*60), true
}

// offset reads "0300", "03:00", "03" and "3" in minutes.
func offset(toks []token, i int) (int, bool) {
	if i >= len(toks) || toks[i].num < 0 {
		return 0, false
	}
	hours, minutes := toks[i].num, 0
	switch {
	case len(toks[i].text) == 4:
		hours, minutes = hours/100, hours%100
	case len(toks[i].text) > 2:
		return 0, false
	case i+2 < len(toks) && toks[i+1].is(":") && toks[i+2].num >= 0:
		minutes = toks[i+2].num
	}
	if hours > 14 || minutes > 59 {
		return 0, false
	}
	return hours*60 + minutes, true
}
