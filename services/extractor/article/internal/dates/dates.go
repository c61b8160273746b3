// Package dates reads the dates of news pages: ISO 8601, RFC 2822 and the
// forms of running text, with the month names of some ninety languages and the
// years of the calendars of Iran, Thailand, Japan and Taiwan.
package dates

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// Precision says how much of a time was given.
type Precision int

// The precisions, coarse to fine.
const (
	Day Precision = iota
	Minute
	Second
)

// Date is a time as precise as its text.
type Date struct {
	// Time is in UTC where HasZone is false.
	Time      time.Time
	Precision Precision
	HasZone   bool
}

// maxText bounds what of a text is looked at, in bytes: a date stands at the
// start of a byline.
const maxText = 300

// Find reads the first date in text. MonthFirst says how to read 04/05/2025
// where only the custom of the language can tell.
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
		year, month, day, next, ok := dateAt(toks, i, monthFirst)
		if !ok || !validDay(year, month, day) {
			continue
		}
		d := Date{Time: time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)}
		addClock(&d, toks, i, next)
		return d, true
	}
	return Date{}, false
}

// HasNumber says that text has a digit of any script, or an ideograph for one: no
// other text has a date.
func HasNumber(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= utf8.RuneSelf && (unicode.IsDigit(r) || r >= 0x2E80 && ideographs[r] > 0)
	}) >= 0
}

// token is a run of digits, a run of letters, or one other character.
type token struct {
	text string // in lower case
	num  int    // the value of a run of digits, else -1
}

func number(n int) token { return token{text: strconv.Itoa(n), num: n} }

func (t token) is(s string) bool { return t.text == s }

// tokenize splits text, reading the digits of all scripts as ASCII ones.
// White space parts tokens and is dropped, save that a number keeps apart from
// a following one.
func tokenize(text string) []token {
	toks := make([]token, 0, 24)
	var run strings.Builder
	kind := 0 // 1 digits, 2 letters
	flush := func() {
		if run.Len() == 0 {
			return
		}
		t := token{text: run.String(), num: -1}
		if kind == 1 && run.Len() <= 14 {
			t.num = 0
			for _, c := range t.text {
				t.num = t.num*10 + int(c-'0')
			}
		}
		toks = append(toks, t)
		run.Reset()
		kind = 0
	}
	for _, r := range text {
		if r == '\u200d' { // joins letters
			continue
		}
		k := 0
		switch {
		case r < utf8.RuneSelf && r >= '0' && r <= '9':
			k = 1
		case unicode.IsDigit(r):
			k, r = 1, digitOf(r)
		case unicode.IsLetter(r) || unicode.IsMark(r):
			k, r = 2, unicode.ToLower(r)
		}
		if k != kind {
			flush()
		}
		switch {
		case k != 0:
			kind = k
			run.WriteRune(r)
			if r > 0x2E80 && r != '년' {
				flush() // ideographs stand alone
			}
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			flush()
		default:
			toks = append(toks, token{text: plainMark(r), num: -1})
		}
	}
	flush()
	return readIdeographs(toks)
}

// plainMark is a mark, one of full width as that of ASCII.
func plainMark(r rune) string {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		r -= 0xFF01 - '!'
	case r == '‐' || r == '‑' || r == '–':
		r = '-'
	}
	return string(r)
}

// digitOf is the ASCII digit of a decimal digit in any script: each script's
// ten digits are contiguous, so zero lies down to nine below.
func digitOf(r rune) rune {
	zero := r
	for zero > r-9 && unicode.IsDigit(zero-1) {
		zero--
	}
	return '0' + (r-zero)%10
}

// unixTime reads seconds or milliseconds since 1970 that stand alone.
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

// dateAt reads a date that begins with token i.
func dateAt(toks []token, i int, monthFirst bool) (year, month, day, next int, ok bool) {
	t := toks[i]
	if t.num < 0 {
		if m, after, known := monthAt(months, toks, i); known {
			return monthDayYear(toks, after, m)
		}
		return 0, 0, 0, 0, false
	}
	if len(t.text) == 8 && plausible(t.num/10000) {
		return t.num / 10000, t.num / 100 % 100, t.num % 100, i + 1, true
	}
	if year, month, day, next, ok = eraYear(toks, i); ok {
		return year, month, day, next, ok
	}
	if len(t.text) == 4 && anyYear(t.num) {
		if year, month, day, next, ok = yearFirst(toks, i); ok {
			return year, month, day, next, ok
		}
	}
	if len(t.text) > 2 {
		return 0, 0, 0, 0, false
	}
	if year, month, day, next, ok = dayMonthYear(toks, i); ok {
		return year, month, day, next, ok
	}
	return numeric(toks, i, monthFirst)
}

// monthDayYear reads "20, 2025" and "20th 2025" behind a month's name.
func monthDayYear(toks []token, i, month int) (int, int, int, int, bool) {
	j := skip(toks, i)
	if j >= len(toks) || toks[j].num < 1 || len(toks[j].text) > 2 {
		return 0, 0, 0, 0, false
	}
	day := toks[j].num
	j = skip(toks, j+1)
	if j < len(toks) && len(toks[j].text) == 2 && toks[j].num >= 0 && (toks[j-1].is("'") || toks[j-1].is("’")) {
		return 2000 + toks[j].num, month, day, j + 1, true
	}
	if j >= len(toks) || len(toks[j].text) != 4 || !anyYear(toks[j].num) {
		return 0, 0, 0, 0, false
	}
	return gregorian(toks[j].num, month, day, j+1)
}

// dayMonthYear reads "20 April 2025", "20. dubna 2025", "20 de abril de 2025",
// "20-Apr-25", "20 Apr '25" and "20 tháng 4 năm 2025".
func dayMonthYear(toks []token, i int) (int, int, int, int, bool) {
	j := skip(toks, i+1)
	month, after, known := monthAt(months, toks, j)
	switch {
	case known && toks[j].is("listopada") && toks[i+1].is("."):
		month = 10 // Croatian, which has a stop behind the day, and not Polish
	case !known && j < len(toks) && toks[j].num > 0 && (toks[j-1].is("tháng") || toks[j-1].is("thg")):
		month, after, known = toks[j].num, j+1, true
	case !known:
		return solarDate(toks, i, j)
	}
	short := after < len(toks) && (toks[after].is("-") || toks[after].is("'") || toks[after].is("’"))
	thai := toks[j].text >= "ก" && toks[j].text < "๛"
	j = skip(toks, after)
	if j >= len(toks) || toks[j].num < 0 {
		return 0, 0, 0, 0, false
	}
	switch {
	case len(toks[j].text) == 4 && anyYear(toks[j].num):
		return gregorian(toks[j].num, month, toks[i].num, j+1)
	case len(toks[j].text) == 2 && thai:
		return 2500 - buddhistEra + toks[j].num, month, toks[i].num, j + 1, true
	case len(toks[j].text) == 2 && short:
		return 2000 + toks[j].num, month, toks[i].num, j + 1, true
	}
	return 0, 0, 0, 0, false
}

// yearFirst reads "2025-04-20", "2025/4/20", "2025. 4. 20.", "2025年4月20日",
// "2025년 4월 20일", "2025 április 20", "2025. gada 20. aprīlis" and "2025-W16-7".
func yearFirst(toks []token, i int) (int, int, int, int, bool) {
	j := skip(toks, i+1)
	if j >= len(toks) {
		return 0, 0, 0, 0, false
	}
	if toks[j].is("w") && j+3 < len(toks) && toks[j+1].num > 0 && toks[j+1].num <= 53 && toks[j+3].num > 0 && toks[j+3].num <= 7 {
		// The fourth of January lies in the first week (ISO 8601).
		first := time.Date(toks[i].num, time.January, 4, 0, 0, 0, 0, time.UTC)
		t := first.AddDate(0, 0, 7*(toks[j+1].num-1)+toks[j+3].num-1-(int(first.Weekday())+6)%7)
		return t.Year(), int(t.Month()), t.Day(), j + 4, true
	}
	month, after := toks[j].num, j+1
	m, next, known := monthAt(months, toks, j)
	switch {
	case known:
		month, after = m, next
	case j == i+1 || len(toks[j].text) > 2:
		return 0, 0, 0, 0, false
	default:
		if m, next, known := monthAt(months, toks, skip(toks, after)); known {
			return toks[i].num, m, toks[j].num, next, true
		}
	}
	k := skip(toks, after)
	if k >= len(toks) || k == after && toks[j].num >= 0 || toks[k].num < 1 || len(toks[k].text) > 2 {
		return 0, 0, 0, 0, false
	}
	return gregorian(toks[i].num, month, toks[k].num, k+1)
}

// solarDate reads a date of the Solar Hijri calendar, day at token i and month
// at token j, as of the Gregorian one.
func solarDate(toks []token, i, j int) (int, int, int, int, bool) {
	month, j, known := monthAt(solarMonths, toks, j)
	j = skip(toks, j)
	if !known || j >= len(toks) || !solarYear(toks[j].num) {
		return 0, 0, 0, 0, false
	}
	return gregorian(toks[j].num, month, toks[i].num, j+1)
}

// numeric reads "20.04.2025", "4/20/2025" and "20-04-25".
func numeric(toks []token, i int, monthFirst bool) (int, int, int, int, bool) {
	if i+4 >= len(toks) || !toks[i+1].is(toks[i+3].text) {
		return 0, 0, 0, 0, false
	}
	sep := toks[i+1].text
	a, b, y := toks[i].num, toks[i+2].num, toks[i+4].num
	if sep != "." && sep != "/" && sep != "-" || b < 0 || y < 0 || len(toks[i+2].text) > 2 {
		return 0, 0, 0, 0, false
	}
	switch len(toks[i+4].text) {
	case 2:
		y += 2000
	case 4:
	default:
		return 0, 0, 0, 0, false
	}
	if !anyYear(y) {
		return 0, 0, 0, 0, false
	}
	if solarYear(y) || y >= 2400 { // neither is written month first
		return gregorian(y, b, a, i+5)
	}
	if a <= 12 && (b > 12 || monthFirst && (sep == "/" || sep == "-")) {
		return y, a, b, i + 5, true
	}
	return y, b, a, i + 5, true
}

// skip passes over what may stand between the parts of a date.
func skip(toks []token, i int) int {
	for i < len(toks) && between[toks[i].text] {
		i++
	}
	return i
}

// between is what may stand between the parts of a date: marks, endings of
// ordinals, and words for "of", "day", "month" and "year".
var between = wordlist.Set(fillerList)

//go:embed lists/date_fillers.txt
var fillerList string

// plausible bounds the years of news on the web, archives included.
func plausible(year int) bool { return year >= 1900 && year <= 2100 }

func validDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
