package dates

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/units.txt
	unitList string
	//go:embed lists/day_words.txt
	dayWordList string
	//go:embed lists/ago_before.txt
	agoBeforeList string
	//go:embed lists/ago_after.txt
	agoAfterList string
)

// units maps the words for spans of time in phrases such as "3 hours ago" to lengths.
var units = func() map[string]time.Duration {
	const day = 24 * time.Hour
	spans := map[string]time.Duration{
		"minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day,
	}
	units := make(map[string]time.Duration, 400)
	for section, word := range wordlist.Sections(unitList) {
		units[word] = spans[section]
	}
	return units
}()

// dayWords maps words for a day to the number of days since.
var dayWords = func() map[string]int {
	days := make(map[string]int)
	for section, word := range wordlist.Sections(dayWordList) {
		days[word] = 0
		if section == "yesterday" {
			days[word] = 1
		}
	}
	return days
}()

var (
	// agoBefore and agoAfter match phrases with the word for "ago" before the number,
	// as in "vor 3 Stunden", and after the unit, as in "3 saat önce". Their groups are
	// the number and the unit.
	agoBefore = regexp.MustCompile(`(?i)(?:^|\s)` + anyOf(agoBeforeList) + `\s+(?:ca\.?\s+|environ\s+|cerca de\s+)?` +
		`(\p{Nd}{1,3}|an?|einer|einem|eine|un|une|una|um|uma|en|ett|et)\s+([\p{L}\p{M}]+)`)
	agoAfter = regexp.MustCompile(`(?i)(\p{Nd}{1,3}|\ban?|\bone)\s?([\p{L}\p{M}]+?)\s?` +
		anyOf(agoAfterList) + `(?:$|[\s.,|·•)])`)
	// timeOfDay matches a time of day with the word before it, as in "at 18:00".
	timeOfDay = regexp.MustCompile(`[\s,]*(?:at|um|à|a las|às|alle|om|kl\.?|saat|в)?\s*\d{1,2}[:.h]\d{2}.*$`)
)

// anyOf returns a regular expression that matches one of the entries of a list.
func anyOf(list string) string {
	entries := wordlist.Entries(list)
	for i, entry := range entries {
		entries[i] = regexp.QuoteMeta(entry)
	}
	return "(?:" + strings.Join(entries, "|") + ")"
}

// Relative reads a time that is given relative to now, such as "3 hours ago", "vor
// einem Tag" or "gestern". Its precision is a minute if the unit is minutes, and
// otherwise a day in the time zone of now.
func Relative(text string, now time.Time) (Date, bool) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	for _, form := range []*regexp.Regexp{agoBefore, agoAfter} {
		m := form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		span, known := units[strings.ToLower(m[2])]
		if !known {
			continue
		}
		n, err := strconv.Atoi(strings.Map(asciiDigit, m[1]))
		if err != nil {
			n = 1 // an article such as "an"
		}
		at := now.Add(-time.Duration(n) * span)
		if span == time.Minute {
			return Date{Time: at.Truncate(time.Minute), Precision: Minute, HasZone: true}, true
		}
		return dayOf(at), true
	}
	// A word for a day is the whole text, or is followed only by a time of day.
	word := timeOfDay.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
	if days, known := dayWords[word]; known {
		return dayOf(now.AddDate(0, 0, -days)), true
	}
	return Date{}, false
}

// asciiDigit returns the ASCII form of a digit, and any other character as it is.
func asciiDigit(r rune) rune {
	if unicode.IsDigit(r) {
		return digitOf(r)
	}
	return r
}

// dayOf returns the day of a time.
func dayOf(at time.Time) Date {
	return Date{Time: time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC), Precision: Day}
}
