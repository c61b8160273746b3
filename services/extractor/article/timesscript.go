package article

import (
	"bytes"
	"regexp"
)

// maxScriptDates bounds the places of a page's scripts that are looked at.
const maxScriptDates = 100

// scriptDate is the day of publication that the page's scripts hold, by the name
// of a variable or key ("publishDate": "2020-02-17 21:18:11"), without a zone
// where one of them comes so. Where they name several days, they speak of other
// articles as well, and there is none.
func (r *reader) scriptDate() *Timestamp {
	var found *Timestamp
	text := r.raw
	for range maxScriptDates {
		at := bytes.Index(text, []byte("ubli"))
		if at < 0 {
			break
		}
		text = text[at+len("ubli"):]
		m := scriptDateAfter.FindSubmatch(text[:min(len(text), 80)])
		if m == nil {
			continue
		}
		ts := r.parse(string(m[1]))
		switch {
		case ts == nil || ts.HasZone:
		case found == nil:
			found = ts
		case !sameDate(found.Time, ts.Time):
			return nil
		}
	}
	return found
}

var scriptDateAfter = regexp.MustCompile(`^(?i)(?:sh|shed|cation|c|cado|kation)?[-_a-z]{0,3}(?:date|time|on|at)(?:time)?\\?["']?\s*[:=]\s*\\?["']([^"'<>\\]{8,40})`)
