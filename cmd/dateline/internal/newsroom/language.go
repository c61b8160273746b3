package newsroom

import (
	"strconv"
	"strings"
	"time"
)

// language contains the labels and the date format of the papers in a language. They
// are defined in languages.json.
type language struct {
	// Date is the pattern of visible dates, in which {d}, {m}, {month}, {y} and {time}
	// are replaced. Months are the names of the months, January first.
	Date   string
	Months []string
	// Digits are the ten digits of the language, unless they are ASCII.
	Digits string
	Labels map[string]string
	// Comments are the readers' comments below an article.
	Comments []comment
}

type comment struct{ Name, Text string }

// date formats a time as is usual in the language, in the time's own zone.
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
