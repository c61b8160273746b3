package article

import (
	"bytes"
	"regexp"
)

const (
	maxScriptDates  = 200 // places that are looked at
	scriptNameBytes = 24  // before such a place, that may belong to the name
	scriptDateBytes = 80  // behind it, that may hold the date
)

// scriptDate is the date of publication that the page's scripts hold under a name
// that says so ("publishDate": "2020-02-17 21:18:11", date_created = '2020-02-17').
// Where they name several days, they speak of other articles as well, and there is
// none. Local leaves out those with a zone, to tell the site's own clock.
func (r *reader) scriptDate(local bool) *Timestamp {
	var found *Timestamp
	looked := 0
	for _, stem := range [][]byte{[]byte("ubli"), []byte("reat")} {
		for from := 0; looked < maxScriptDates; looked++ {
			n := bytes.Index(r.raw[from:], stem)
			if n < 0 {
				break
			}
			at := from + n
			from = at + len(stem)
			m := scriptDateBehind.FindSubmatch(r.raw[from:min(len(r.raw), from+scriptDateBytes)])
			if m == nil || len(m[1]) == 0 && !scriptDateBefore.Match(r.raw[max(0, at-scriptNameBytes):at]) {
				continue
			}
			ts := r.parse(string(m[2]))
			switch {
			case ts == nil || local && ts.HasZone:
			case found == nil:
				found = ts
			case !sameDate(found.Time, ts.Time):
				return nil
			}
		}
	}
	return found
}

// The rest of the names of such variables and keys, "date" in front or behind.
var (
	scriptDateBehind = regexp.MustCompile(`^(?i)(?:sh|shed|cation|cacion|cazione|e|ed|ion)?[-_]?(date|time|on|at|day)?(?:time)?\\?["']?\s*[:=]\s*\\?["']([^"'<>\\]{8,40})`)
	scriptDateBefore = regexp.MustCompile(`(?i)(?:date|time)(?:of|de)?[-_]?[pc]$`)
)
