// Package dates reads the dates of news pages: ISO 8601, RFC 2822 and the forms of
// running text, with the month names of some ninety languages and the years of the
// calendars of Iran, Thailand, Japan and Taiwan.
package dates

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Precision is the smallest unit that a date gives.
type Precision int

// The precisions, from coarse to fine.
const (
	Day Precision = iota
	Minute
	Second
)

// Date is a time with the precision of the text it was read from.
type Date struct {
	// Time is in UTC if HasZone is false.
	Time      time.Time
	Precision Precision
	HasZone   bool
}

// maxText is the number of bytes of a text that are examined. Dates are near the start
// of bylines.
const maxText = 300

// Find returns the first date in text. Of a date such as 04/05/2025, which is
// ambiguous, monthFirst decides whether it starts with the month.
func Find(text string, monthFirst bool) (Date, bool) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	if !HasNumber(text) {
		return Date{}, false
	}
	toks := tokenize(text)
	if d, ok := unixTime(toks); ok {
		return d, true
	}
	for i := range toks {
		day, ok := dateAt(toks, i, monthFirst)
		if !ok || !day.valid() {
			continue
		}
		d := Date{Time: time.Date(day.year, time.Month(day.month), day.day, 0, 0, 0, 0, time.UTC)}
		addClock(&d, toks, i, day.next)
		return d, true
	}
	return Date{}, false
}

// HasNumber reports whether text contains a digit of any script or an ideograph that
// stands for one. A text without them contains no date.
func HasNumber(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= utf8.RuneSelf && (unicode.IsDigit(r) || r >= 0x2E80 && ideographs[r] > 0)
	}) >= 0
}

// unixTime reads a text that consists only of the seconds or milliseconds since 1970.
func unixTime(toks []token) (Date, bool) {
	if len(toks) != 1 || toks[0].num < 0 {
		return Date{}, false
	}
	switch len(toks[0].text) {
	case 10:
		return Date{Time: time.Unix(int64(toks[0].num), 0).UTC(), Precision: Second, HasZone: true}, true
	case 13:
		return Date{Time: time.UnixMilli(int64(toks[0].num)).UTC(), Precision: Second, HasZone: true}, true
	}
	return Date{}, false
}

// date is a day of the Gregorian calendar, not necessarily a valid one. next is the
// token after it.
type date struct {
	year, month, day, next int
}

// valid reports whether the day exists.
func (d date) valid() bool {
	if d.month < 1 || d.month > 12 || d.day < 1 {
		return false
	}
	return d.day <= time.Date(d.year, time.Month(d.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// plausible reports whether a year is one of news on the web, including archives.
func plausible(year int) bool { return year >= 1900 && year <= 2100 }
