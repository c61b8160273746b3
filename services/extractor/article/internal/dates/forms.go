package dates

import "time"

// dateAt reads a date that starts with token i.
func dateAt(toks []token, i int, monthFirst bool) (date, bool) {
	t := toks[i]
	if t.num < 0 {
		if month, after, known := monthAt(months, toks, i); known {
			return monthDayYear(toks, after, month)
		}
		return date{}, false
	}
	if len(t.text) == 8 && plausible(t.num/10000) {
		return date{t.num / 10000, t.num / 100 % 100, t.num % 100, i + 1}, true
	}
	if d, ok := eraYear(toks, i); ok {
		return d, true
	}
	if len(t.text) == 4 && anyYear(t.num) {
		if d, ok := yearFirst(toks, i); ok {
			return d, true
		}
	}
	if len(t.text) > 2 {
		return date{}, false
	}
	if d, ok := dayMonthYear(toks, i); ok {
		return d, true
	}
	return numeric(toks, i, monthFirst)
}

// monthDayYear reads "20, 2025" and "20th 2025" at token i, after the name of a month.
func monthDayYear(toks []token, i, month int) (date, bool) {
	j := skip(toks, i)
	if j >= len(toks) || toks[j].num < 1 || len(toks[j].text) > 2 {
		return date{}, false
	}
	day := toks[j].num
	j = skip(toks, j+1)
	if j < len(toks) && len(toks[j].text) == 2 && toks[j].num >= 0 && apostrophe(toks[j-1]) {
		return date{2000 + toks[j].num, month, day, j + 1}, true
	}
	if j >= len(toks) || len(toks[j].text) != 4 || !anyYear(toks[j].num) {
		return date{}, false
	}
	return gregorian(toks[j].num, month, day, j+1)
}

func apostrophe(t token) bool { return t.is("'") || t.is("’") }

// dayMonthYear reads "20 April 2025", "20. dubna 2025", "20 de abril de 2025",
// "20-Apr-25", "20 Apr '25" and "20 tháng 4 năm 2025".
func dayMonthYear(toks []token, i int) (date, bool) {
	j := skip(toks, i+1)
	month, after, known := monthAt(months, toks, j)
	switch {
	case known && toks[j].is("listopada") && toks[i+1].is("."):
		month = 10 // Croatian, which has a full stop after the day; in Polish it is November
	case !known && j < len(toks) && toks[j].num > 0 && (toks[j-1].is("tháng") || toks[j-1].is("thg")):
		month, after = toks[j].num, j+1
	case !known:
		return solarDate(toks, i, j)
	}
	shortYear := after < len(toks) && (toks[after].is("-") || apostrophe(toks[after]))
	thai := toks[j].text >= "ก" && toks[j].text < "๛"
	j = skip(toks, after)
	if j >= len(toks) || toks[j].num < 0 {
		return date{}, false
	}
	switch {
	case len(toks[j].text) == 4 && anyYear(toks[j].num):
		return gregorian(toks[j].num, month, toks[i].num, j+1)
	case len(toks[j].text) == 2 && thai:
		return date{2500 - buddhistEra + toks[j].num, month, toks[i].num, j + 1}, true
	case len(toks[j].text) == 2 && shortYear:
		return date{2000 + toks[j].num, month, toks[i].num, j + 1}, true
	}
	return date{}, false
}

// yearFirst reads "2025-04-20", "2025/4/20", "2025. 4. 20.", "2025年4月20日",
// "2025년 4월 20일", "2025 april 20", "2025. gada 20. aprīlis" and "2025-W16-7".
func yearFirst(toks []token, i int) (date, bool) {
	j := skip(toks, i+1)
	if j >= len(toks) {
		return date{}, false
	}
	if d, ok := isoWeek(toks, i, j); ok {
		return d, true
	}
	month, after := toks[j].num, j+1
	m, next, known := monthAt(months, toks, j)
	switch {
	case known:
		month, after = m, next
	case j == i+1 || len(toks[j].text) > 2:
		return date{}, false
	default:
		if m, next, known := monthAt(months, toks, skip(toks, after)); known {
			return date{toks[i].num, m, toks[j].num, next}, true
		}
	}
	k := skip(toks, after)
	if k >= len(toks) || k == after && toks[j].num >= 0 || toks[k].num < 1 || len(toks[k].text) > 2 {
		return date{}, false
	}
	return gregorian(toks[i].num, month, toks[k].num, k+1)
}

// isoWeek reads the week date of ISO 8601, "2025-W16-7", with the year at token i and
// the W at token j.
func isoWeek(toks []token, i, j int) (date, bool) {
	if !toks[j].is("w") || j+3 >= len(toks) {
		return date{}, false
	}
	week, weekday := toks[j+1].num, toks[j+3].num
	if week <= 0 || week > 53 || weekday <= 0 || weekday > 7 {
		return date{}, false
	}
	// The fourth of January is in the first week.
	first := time.Date(toks[i].num, time.January, 4, 0, 0, 0, 0, time.UTC)
	t := first.AddDate(0, 0, 7*(week-1)+weekday-1-(int(first.Weekday())+6)%7)
	return date{t.Year(), int(t.Month()), t.Day(), j + 4}, true
}

// solarDate reads a date of the Solar Hijri calendar, with the day at token i and the
// name of the month at token j.
func solarDate(toks []token, i, j int) (date, bool) {
	month, j, known := monthAt(solarMonths, toks, j)
	j = skip(toks, j)
	if !known || j >= len(toks) || !solarYear(toks[j].num) {
		return date{}, false
	}
	return gregorian(toks[j].num, month, toks[i].num, j+1)
}

// numeric reads "20.04.2025", "4/20/2025" and "20-04-25".
func numeric(toks []token, i int, monthFirst bool) (date, bool) {
	if i+4 >= len(toks) || !toks[i+1].is(toks[i+3].text) {
		return date{}, false
	}
	separator := toks[i+1].text
	a, b, year := toks[i].num, toks[i+2].num, toks[i+4].num
	if separator != "." && separator != "/" && separator != "-" || b < 0 || year < 0 || len(toks[i+2].text) > 2 {
		return date{}, false
	}
	switch len(toks[i+4].text) {
	case 2:
		year += 2000
	case 4:
	default:
		return date{}, false
	}
	if !anyYear(year) {
		return date{}, false
	}
	if solarYear(year) || year >= 2400 {
		return gregorian(year, b, a, i+5) // Persian and Thai dates never start with the month
	}
	if a <= 12 && (b > 12 || monthFirst && (separator == "/" || separator == "-")) {
		return date{year, a, b, i + 5}, true
	}
	return date{year, b, a, i + 5}, true
}
