package dates

import "time"

// buddhistEra is how far the years of Thailand are ahead.
const buddhistEra = 543

// anyYear says that a number may be the year of an article in one of the calendars
// that are read.
func anyYear(year int) bool {
	return plausible(year) || solarYear(year) || plausible(year-buddhistEra) && year-buddhistEra > 1950
}

// solarYear says that a number is a year of the Solar Hijri calendar. Those of the
// lunar one, which are not read, are ahead of it by forty years.
func solarYear(year int) bool { return year >= 1340 && year < 1410 }

// gregorian is a day of the calendar that its year tells, in the Gregorian one.
func gregorian(year, month, day, next int) (int, int, int, int, bool) {
	switch {
	case !solarYear(year) && plausible(year):
		return year, month, day, next, true
	case !solarYear(year):
		return year - buddhistEra, month, day, next, true
	case month < 1 || month > 12 || day < 1 || day > 31:
		return 0, 0, 0, 0, false
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
	return t.Year(), int(t.Month()), t.Day(), next, true
}

// solarLeap is 1 in a leap year: eight of each 33 (this pattern of remainders
// holds for 1343 to 1472, that is 1964 to 2094: Wikipedia, "Solar Hijri
// calendar"; beyond those years a date may be a day off).
func solarLeap(year int) int {
	switch year % 33 {
	case 1, 5, 9, 13, 17, 22, 26, 30:
		return 1
	}
	return 0
}

// eras are the names of eras, before their year, and the year before their first:
// the reigns of Japan and the Republic of China. The Buddhist one is known by its
// year.
var eras = map[string]int{"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}

// eraYear reads "令和7年4月20日" and "民國114年4月20日", with the year at token i.
func eraYear(toks []token, i int) (int, int, int, int, bool) {
	if i < 2 || i+4 >= len(toks) || toks[i].num > 200 {
		return 0, 0, 0, 0, false
	}
	before, known := eras[toks[i-2].text+toks[i-1].text]
	if !known || !toks[i+1].is("年") && !toks[i+1].is(".") && !toks[i+1].is("/") || toks[i+2].num < 0 || toks[i+4].num < 0 {
		return 0, 0, 0, 0, false
	}
	return before + toks[i].num, toks[i+2].num, toks[i+4].num, i + 5, true
}

// ideographs are the values of the numerals that dates are written with.
var ideographs = map[rune]int{'〇': 10, '零': 10, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9, '十': 10, '元': 1}

// readIdeographs makes numbers of the numerals that stand before the words for
// year, month and day: "二〇二五年四月二十日".
func readIdeographs(toks []token) []token {
	for i := 0; i < len(toks); i++ {
		n := i
		for n < len(toks) && n < i+4 && numeral(toks[n]) > 0 {
			n++
		}
		if n == i || n >= len(toks) || !toks[n].is("年") && !toks[n].is("月") && !toks[n].is("日") && !toks[n].is("号") && !toks[n].is("號") {
			continue
		}
		value := numeralsValue(toks[i:n])
		toks[i] = number(value)
		toks = append(toks[:i+1], toks[n:]...)
	}
	return toks
}

func numeral(t token) int {
	for _, r := range t.text {
		return ideographs[r]
	}
	return 0
}

// numeralsValue reads digits one by one ("二〇二五") or by tens ("二十").
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
