package fields

import (
	"regexp"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// metaSeparators separate the parts of a line with date, time and author.
var metaSeparators = regexp.MustCompile(`\s*[|·•]\s*|\s+[–—-]\s+|\n`)

const (
	datedLinesBefore = 3 // runs before the headline that may name the author beside a date
	maxMetaParts     = 6 // parts of such a line
)

// datedAuthors reads a line around the headline in which separators are between a date
// and a full name ("4 February 2022 | 13:10 | Jane Roe").
func datedAuthors(v *View) []record.Author {
	if v.at.Elem == 0 {
		return nil
	}
	title := v.headlineRun()
	for i := max(0, title-datedLinesBefore); i < min(len(v.Runs), title+proseAfterHeadline); i++ {
		if i == title || !v.mayBeBareName(&v.Runs[i]) {
			continue
		}
		if name := nameBesideDate(v.TextOf(&v.Runs[i])); name != "" {
			return v.addNames(nil, name, "")
		}
	}
	return nil
}

// nameBesideDate returns the only part of a line that is a full name, if another part has
// a date.
func nameBesideDate(line string) string {
	name, dated := "", false
	for _, part := range metaSeparators.Split(line, maxMetaParts) {
		part = norm.Squeeze(part)
		if _, found := dates.Find(part, true); found {
			dated = true
			continue
		}
		if !fullName(part) || !plainName(part) || organisationLike(part) || roleLike(part) {
			continue
		}
		if name != "" {
			return ""
		}
		name = part
	}
	if !dated {
		return ""
	}
	return name
}
