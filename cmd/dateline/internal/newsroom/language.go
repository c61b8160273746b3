package newsroom

import (
	"strconv"
	"strings"
	"time"
)

// language is what the papers say in a language besides their articles:
// labels, and the way dates are written. languages.json holds them.
type language struct {
	// Date is the pattern of a visible date: {d}, {m}, {month}, {y} and
	// {time} are replaced. Months are its names, January first.
	Date   string
	Months []string
	// Digits are the ten digits if they are not those of ASCII.
	Digits string
	Labels map[string]string
	// Comments are what readers wrote below an article.
	Comments []comment
}

type comment struct{ Name, Text string }

// date writes a date the way readers of the language expect it, in the zone
// that it has.
func (l *language) date(t time.Time) string {
	month := t.Month().String()
	if len(l.Months) == 12 {
		month = l.Months[t.Month()-1]
	}
	return l.digits(strings.NewReplacer(
		"{d}", strconv.Itoa(t.Day()),
		"{month}", month,
		"{m}", strconv.Itoa(int(t.Month())),
		"{y}", strconv.Itoa(t.Year()),
		"{time}", t.Format("15:04"),
	).Replace(l.Date))
}

func (l *language) digits(text string) string {
	if l.Digits == "" {
		return text
	}
	digits := []rune(l.Digits)
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return digits[r-'0']
		}
		return r
	}, text)
}

func rightToLeft(lang string) bool {
	return lang == "ar" || lang == "fa" || lang == "ckb"
}
