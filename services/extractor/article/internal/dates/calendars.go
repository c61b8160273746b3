package dates

import "time"

const (
	// buddhistEra is the number of years by which the Thai calendar is ahead of the
	// Gregorian one.
	buddhistEra = 543
	// minBuddhist is the Gregorian year up to which a number is not read as a year of
	// the Thai calendar. It leaves out numbers up to 2493.
	minBuddhist = 1950
	// minSolar and maxSolar bound the years of the Solar Hijri calendar that occur in
	// news: 1961 to 2030.
	minSolar = 1340
	maxSolar = 1409
	// maxEraYear is the maximum year of an era of Japan or of the Republic of China.
	maxEraYear = 200
)

// anyYear reports whether a number can be the year of an article in one of the
// supported calendars.
func anyYear(year int) bool {
	return plausible(year) || solarYear(year) || plausible(year-buddhistEra) && year-buddhistEra > minBuddhist
}

// solarYear reports whether a number is a year of the Solar Hijri calendar. Years of
// the lunar Hijri calendar, which is not supported, are about forty years higher.
func solarYear(year int) bool { return year >= minSolar && year <= maxSolar }

// gregorian converts a day to the Gregorian calendar. The year decides from which
// calendar.
func gregorian(year, month, day, next int) (date, bool) {
	switch {
	case !solarYear(year) && plausible(year):
		return date{year, month, day, next}, true
	case !solarYear(year):
		return date{year - buddhistEra, month, day, next}, true
	case month < 1 || month > 12 || day < 1 || day > 31:
		return date{}, false
	}
	// The first six months have 31 days, the others 30.
	days := 31*(month-1) - max(0, month-7) + day - 1
	for y := 1404; y < year; y++ {
		days += 365 + solarLeap(y)
	}
	for y := year; y < 1404; y++ {
		days -= 365 + solarLeap(y)
	}
	t := time.Date(2025, time.March, 21+days, 0, 0, 0, 0, time.UTC) // 1 Farvardin 1404
	return date{t.Year(), int(t.Month()), t.Day(), next}, true
}

// solarLeap returns 1 for a leap year of the Solar Hijri calendar and 0 otherwise.
// Eight of each 33 years are leap years. This pattern of remainders is valid from 1343
// to 1472, which is 1964 to 2094 (Wikipedia, "Solar Hijri calendar"). Outside of it, a
// date can be wrong by a day.
func solarLeap(year int) int {
	switch year % 33 {
	case 1, 5, 9, 13, 17, 22, 26, 30:
		return 1
	}
	return 0
}

// eras maps the names of eras (reigns in Japan, and the Republic of China) to the
// year before their first year. The Buddhist era is recognised by its years instead.
var eras = map[string]int{"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}

// eraYear reads "令和7年4月20日" and "民國114年4月20日", with the year at token i.
func eraYear(toks []token, i int) (date, bool) {
	if i < 2 || i+4 >= len(toks) || toks[i].num > maxEraYear {
		return date{}, false
	}
	before, known := eras[toks[i-2].text+toks[i-1].text]
	separated := toks[i+1].is("年") || toks[i+1].is(".") || toks[i+1].is("/")
	if !known || !separated || toks[i+2].num < 0 || toks[i+4].num < 0 {
		return date{}, false
	}
	return date{before + toks[i].num, toks[i+2].num, toks[i+4].num, i + 5}, true
}

// ideographs maps the numerals of dates to their values. 元 is the first year of an
// era. Zero is 10 because 0 marks characters that are not numerals.
var ideographs = map[rune]int{
	'〇': 10, '零': 10, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9, '十': 10, '元': 1,
}

// readIdeographs replaces numerals before the words for year, month and day by
// numbers: "二〇二五年四月二十日".
func readIdeographs(toks []token) []token {
	for i := 0; i < len(toks); i++ {
		n := i
		for n < len(toks) && n < i+4 && numeral(toks[n]) > 0 {
			n++
		}
		if n == i || n >= len(toks) || !dateUnit(toks[n]) {
			continue
		}
		value := numeralsValue(toks[i:n])
		toks[i] = number(value)
		toks = append(toks[:i+1], toks[n:]...)
	}
	return toks
}

// dateUnit reports whether a token is an ideograph for year, month or day.
func dateUnit(t token) bool {
	return t.is("年") || t.is("月") || t.is("日") || t.is("号") || t.is("號")
}

// numeral returns the value in ideographs of the first character of a token.
func numeral(t token) int {
	for _, r := range t.text {
		return ideographs[r]
	}
	return 0
}

// numeralsValue returns the value of numerals that are digits ("二〇二五") or multiples
// of ten ("二十").
func numeralsValue(toks []token) int {
	value, tens := 0, false
	for i, t := range toks {
		n := numeral(t)
		switch {
		case t.is("十") && i == 0:
			value, tens = 10, true
		case t.is("十"):
			value, tens = value*10, true
		case tens:
			value += n
		default:
			value = value*10 + n%10
		}
	}
	return value
}
