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

// units are the words for spans of time, as they stand in "3 hours ago".
var units = func() map[string]time.Duration {
	const day = 24 * time.Hour
	spans := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day}
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

// anyOf is a regular expression that matches one of the entries of a list.
func anyOf(list string) string {
	entries := wordlist.Entries(list)
	for i, entry := range entries {
		entries[i] = regexp.QuoteMeta(entry)
	}
	return "(?:" + strings.Join(entries, "|") + ")"
}

// The forms of "3 hours ago": with a word before, as in "vor 3 Stunden", or
// behind, as in "3 saat önce".
var (
	agoBefore = regexp.MustCompile(`(?i)(?:^|\s)` + anyOf(agoBeforeList) + `\s+(?:ca\.?\s+|environ\s+|cerca de\s+)?(\p{Nd}{1,3}|an?|einer|einem|eine|un|une|una|um|uma|en|ett|et)\s+([\p{L}\p{M}]+)`)
	agoBehind = regexp.MustCompile(`(?i)(\p{Nd}{1,3}|\ban?|\bone)\s?([\p{L}\p{M}]+?)\s?` + anyOf(agoAfterList) + `(?:$|[\s.,|·•)])`)
	timeOfDay = regexp.MustCompile(`[\s,]*(?:at|um|à|a las|às|alle|om|kl\.?|saat|в)?\s*\d{1,2}[:.h]\d{2}.*$`)
)

// Relative reads a time that is given from the reader's moment: "3 hours ago",
// "vor zwei Tagen" with digits, "gestern". It is as precise as its unit: minutes
// give a minute, all else a day in now's zone.
func Relative(text string, now time.Time) (Date, bool) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	for _, form := range []*regexp.Regexp{agoBefore, agoBehind} {
		m := form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		span, known := units[strings.ToLower(m[2])]
		if !known {
			continue
		}
		n, err := strconv.Atoi(strings.Map(digitOrSame, m[1]))
		if err != nil {
			n = 1
		}
		at := now.Add(-time.Duration(n) * span)
		if span == time.Minute {
			return Date{Time: at.Truncate(time.Minute), Precision: Minute, HasZone: true}, true
		}
		return day(at), true
	}
	// A word for a day stands alone, or before a time of day.
	word := timeOfDay.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
	if days, known := dayWords[word]; known {
		return day(now.AddDate(0, 0, -days)), true
	}
	return Date{}, false
}

func digitOrSame(r rune) rune {
	if unicode.IsDigit(r) {
		return digitOf(r)
	}
	return r
}

func day(at time.Time) Date {
	return Date{Time: time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC), Precision: Day}
}
