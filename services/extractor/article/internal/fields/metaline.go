package fields

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// MetaLine reports whether a short line is a byline, a date or a reading time.
func MetaLine(text string) bool {
	if _, found := dates.Find(text, true); found || mayStateReadingTime(text) && readingTime.MatchString(text) {
		return true
	}
	return norm.Len(text) < maxMetaLine && HasByWord(text)
}

var readingTime = regexp.MustCompile(`(?i)(?:^|[^\d])(\d{1,3})(?:\s|-|\xa0)*` +
	`(?:min|mins|minute|minutes|minuten|minuti|minutos|dk|мин|分)\.?(?:\s|-)*` +
	`(?:read|lesezeit|lesedauer|de lecture|de lectura|di lettura|de leitura|okuma|чтения|leestijd|läsning|で読)` +
	`|(?i:reading time|lesezeit|lesedauer|temps de lecture|tiempo de lectura|tempo di lettura|tempo de leitura` +
	`|leestijd)\D{0,12}(\d{1,3})`)

// readingStems are parts of words in lower case, one of which is in each text that
// readingTime matches.
var readingStems = []string{
	"min", "dk", "мин", "分", "reading", "lese", "lectur", "lettura", "leitura", "leestijd",
}

// mayStateReadingTime reports whether a text has a part of such a word. Most lines have
// none, and are not matched.
func mayStateReadingTime(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc(readingStems, func(stem string) bool { return strings.Contains(lower, stem) })
}

// maxReadingLine is the maximum length of a line with the reading time, in
// characters.
const maxReadingLine = 160

// StatedReadingTime returns the reading time in minutes that a short line states.
func StatedReadingTime(v *View) record.Field[int] {
	const against = page.HintRelated | page.HintSidebar | page.HintFooter | page.HintComment
	for i := range v.Runs {
		r := &v.Runs[i]
		if !v.mayDate(r, maxReadingLine, against) || !hasDigit(v.Page, r) {
			continue
		}
		text := v.TextOf(r)
		if !mayStateReadingTime(text) {
			continue
		}
		m := readingTime.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		// Only one of the two groups matches.
		if n, _ := strconv.Atoi(m[1] + m[2]); n > 0 {
			return record.NewField(n, record.FromStructure, 0.9)
		}
	}
	return record.Field[int]{}
}

// wordsPerMinute is the reading speed that reading times are computed with
// (Brysbaert, "How many words do we read per minute?", 2019: 238 for English
// non-fiction).
const wordsPerMinute = 230

// ReadingTime returns the reading time that the page states, or the time to read a
// number of words, in minutes.
func ReadingTime(stated record.Field[int], words int) record.Field[int] {
	if stated.Value > 0 {
		return stated
	}
	minutes := max(1, (words+wordsPerMinute-1)/wordsPerMinute)
	return record.NewField(minutes, record.FromText, 0.7)
}
