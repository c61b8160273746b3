package fields

import (
	"bytes"
	"regexp"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
)

const (
	maxScriptDates  = 200 // stems of names that are examined, such as "ubli" of "published"
	scriptNameBytes = 24  // bytes before a stem that may belong to the name
	scriptDateBytes = 80  // bytes after it that may contain the date
)

// scriptDate returns the date of publication from a variable or key in the page's scripts
// that is named for it ("publishDate": "2020-02-17 21:18:11", date_created =
// '2020-02-17'). If the scripts give several days, some belong to other articles, and it
// returns nil.
func scriptDate(v *View) *dates.Date { return findScriptDate(v, false) }

// localScriptDate is like scriptDate, but ignores dates with a zone. Its time is that of
// the site's own clock.
func localScriptDate(v *View) *dates.Date { return findScriptDate(v, true) }

func findScriptDate(v *View, local bool) *dates.Date {
	var day oneDay
	examined := 0
	for _, stem := range [][]byte{[]byte("ubli"), []byte("reat")} {
		for from := 0; examined < maxScriptDates; examined++ {
			n := bytes.Index(v.Raw[from:], stem)
			if n < 0 {
				break
			}
			at := from + n
			from = at + len(stem)
			m := scriptDateAfter.FindSubmatch(v.Raw[from:min(len(v.Raw), from+scriptDateBytes)])
			if m == nil ||
				len(m[1]) == 0 && !scriptDateBefore.Match(v.Raw[max(0, at-scriptNameBytes):at]) {
				continue
			}
			date := v.dates.parse(string(m[2]))
			if date == nil || local && date.HasZone {
				continue
			}
			if !day.add(date) {
				return nil
			}
		}
	}
	return day.date
}

// scriptDateAfter and scriptDateBefore match the parts of such names after and before a
// stem. The word for "date" is in one of them.
var (
	scriptDateAfter = regexp.MustCompile(`^(?i)(?:sh|shed|cation|cacion|cazione|e|ed|ion)?[-_]?` +
		`(date|time|on|at|day)?(?:time)?\\?["']?\s*[:=]\s*\\?["']([^"'<>\\]{8,40})`)
	scriptDateBefore = regexp.MustCompile(`(?i)(?:date|time)(?:of|de)?[-_]?[pc]$`)
)
