package dates

import (
	_ "embed"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// clockDistance is the maximum number of tokens between a date and its time of day.
const clockDistance = 8

// addClock sets the time of day of d to one that follows the date, from token next on,
// or else to one that precedes token start.
func addClock(d *Date, toks []token, start, next int) {
	for i := next; i < len(toks) && i < next+clockDistance; i++ {
		if clockAt(d, toks, i) {
			return
		}
	}
	for i := max(0, start-clockDistance); i < start; i++ {
		if clockAt(d, toks[:start], i) {
			return
		}
	}
}

// clockAt sets the time of day of d to one at token i, such as "09:30",
// "9:30 p.m. EDT", "09.30 Uhr", "9h30" and "09:30:15.000+03:00".
func clockAt(d *Date, toks []token, i int) bool {
	hour := toks[i].num
	if hour < 0 || hour > 24 || len(toks[i].text) > 2 || i+2 >= len(toks) {
		return false
	}
	separator, minute := toks[i+1].text, toks[i+2].num
	if minute < 0 || minute > 59 || len(toks[i+2].text) != 2 {
		return false
	}
	next := i + 3
	switch separator {
	case ":", "h", "時", "时", "點", "点", "시":
	case ".":
		if next < len(toks) && toks[next].is(".") {
			return false // another date
		}
	default:
		return false
	}
	second, fraction, precision := 0, 0, Minute
	if next+1 < len(toks) && toks[next].is(":") && toks[next+1].num >= 0 && toks[next+1].num <= 60 {
		second, precision = toks[next+1].num, Second
		next += 2
		if fractionAt(toks, next) {
			fraction = nanoseconds(toks[next+1])
			next += 2
		}
	}
	if next < len(toks) && (toks[next].is("分") || toks[next].is("분")) {
		next++
	}
	hour, next = halfDay(toks, hour, i, next)
	loc, hasZone := zoneAt(toks, next)
	y, m, day := d.Time.Date()
	d.Time = time.Date(y, m, day, hour, minute, min(second, 59), fraction, loc)
	d.Precision, d.HasZone = precision, hasZone
	return true
}

// fractionAt reports whether there is a fraction of a second at token i.
func fractionAt(toks []token, i int) bool {
	return i+1 < len(toks) && (toks[i].is(".") || toks[i].is(",")) && toks[i+1].num >= 0 && len(toks[i+1].text) <= 9
}

// nanoseconds returns the value of the digits after a decimal point.
func nanoseconds(t token) int {
	n := t.num
	for range 9 - len(t.text) {
		n *= 10
	}
	return n
}

//go:embed lists/day_halves.txt
var dayHalfList string

// halves maps the marks of the halves of the day, with their letters folded by
// foldLetters, to whether they mark the second half.
var halves = func() map[string]bool {
	halves := make(map[string]bool)
	for section, mark := range wordlist.Sections(dayHalfList) {
		halves[mark] = section == "pm"
	}
	return halves
}()

// halfDay adjusts an hour to the mark of a half of the day ("am", "p.m.", "下午") at
// token i or before the hour, which is at token start. It returns the hour and the
// token after the mark.
func halfDay(toks []token, hour, start, i int) (adjusted, next int) {
	second, known, next := false, false, i
	if i < len(toks) && toks[i].num < 0 {
		second, known = halves[foldLetters(toks[i].text)]
		next = i + 1
		if !known && i+2 < len(toks) && toks[i+1].is(".") {
			second, known = halves[foldLetters(toks[i].text)+foldLetters(toks[i+2].text)]
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

// zoneAt reads an offset or zone name at token i, or after a bracket, a comma or the
// German word for "o'clock".
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

// offset reads an offset such as "0300", "03:00", "03" or "3", in minutes.
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

// zones maps the abbreviations of time zones in bylines to their offsets in minutes.
// An ambiguous one (IST, BST, CST) has the meaning that is most common in bylines.
var zones = map[string]int{
	"utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"bst": 60, "cet": 60, "wat": 60, "mez": 60, "west": 60,
	"cest": 120, "mesz": 120, "eet": 120, "sast": 120, "cat": 120,
	"eest": 180, "msk": 180, "eat": 180, "trt": 180, "ast": -240,
	"gst": 240, "pkt": 300, "ist": 330, "npt": 345, "irst": 210, "ict": 420, "wib": 420, "wita": 480, "wit": 540,
	"pht": 480, "hkt": 480, "sgt": 480, "awst": 480,
	"jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
	"est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300,
	"mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "brt": -180,
}
