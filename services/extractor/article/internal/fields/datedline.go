package fields

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Distances from the headline, in runs.
const (
	linesAdjacent = 3  // within which a date belongs to the article without further evidence
	linesBefore   = 8  // before the headline that may contain the date
	linesNear     = 12 // after the headline that are tried first
	linesAfter    = 60 // after the headline that are tried last
)

// Maximum lengths of lines that may contain the date, in characters. The less
// other evidence, the shorter.
const (
	maxDatedLine    = 150 // near the headline
	maxSignedLine   = 100 // with the name of an author
	maxLabelledLine = 80  // with a label
	maxAdjacentLine = 70  // beside the headline
	maxLooseLine    = 60  // anywhere
	maxDateOpening  = 60  // at the start of the text
	maxDateLabel    = 30  // of a line that is only a label
	maxLabelledDate = 40  // of the line after it
	maxTitleDate    = 25  // of a part of the title
)

// oneDay collects dates that should all be of the same day.
type oneDay struct{ date *dates.Date }

// add takes a date, and reports whether it is of the same day as the first.
func (d *oneDay) add(date *dates.Date) bool {
	if d.date == nil {
		d.date = date
	}
	a, b := d.date.Time, date.Time
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// mayDate reports whether a run is a text of at most maxChars characters outside
// of elements with the hints.
func (v *View) mayDate(r *page.Run, maxChars int32, against page.Hint) bool {
	return r.Kind == page.TextRun && r.Chars <= maxChars && v.hintsAt(r)&against == 0
}

// Hints of elements whose dates are not those of the article.
const (
	datesElsewhere = page.HintComment | page.HintRelated | page.HintNav
	datesOfPage    = datesElsewhere | page.HintFooter
)

// datedLine returns the first date in a line that fits: after the headline, else
// shortly before it, else farther after it.
func (v *View) datedLine(fits func(*page.Run) bool) *dates.Date {
	title := v.headlineRun()
	near, far := min(title+linesNear, len(v.Runs)), min(title+linesAfter, len(v.Runs))
	for i := title; i < near; i++ {
		if date := v.dateIn(&v.Runs[i], fits); date != nil {
			return date
		}
	}
	for i := title - 1; i >= max(0, title-linesBefore); i-- {
		if date := v.dateIn(&v.Runs[i], fits); date != nil {
			return date
		}
	}
	for i := near; i < far; i++ {
		if date := v.dateIn(&v.Runs[i], fits); date != nil {
			return date
		}
	}
	return nil
}

// minRepeatedTitle is the minimum length in bytes of a title for which a line that
// contains it counts as a repeat of the title and not as a dated line.
const minRepeatedTitle = 10

// dateIn returns the date of publication in a run that fits, or nil.
func (v *View) dateIn(r *page.Run, fits func(*page.Run) bool) *dates.Date {
	if !v.mayDate(r, maxDatedLine, datesOfPage|page.HintSidebar) || v.Tag(r) == atom.H1 || !fits(r) {
		return nil
	}
	text := v.TextOf(r)
	if strings.Contains(text, "©") || len(v.title) > minRepeatedTitle && strings.Contains(text, v.title) {
		return nil
	}
	return v.publishedIn(r, text)
}

// publishedIn returns the date of publication in the text of a run, or nil. The
// text may also give the date of the last change.
func (v *View) publishedIn(r *page.Run, text string) *dates.Date {
	if otherFirst.begin(text) {
		if at := publishedAt(text); at > 0 {
			return v.dates.parse(text[at:])
		}
		return nil
	}
	date := v.dateOf(r, text)
	if date == nil || v.spans(text, date) {
		return nil
	}
	at := changedAt(text)
	if at < 0 {
		return date
	}
	if before := v.dates.parse(text[:at]); before != nil {
		return before
	}
	if after := publishedAt(text[at:]); after > 0 {
		return v.dates.parse(text[at+after:])
	}
	return nil
}

// minSpan is the time between two dates joined by a dash from which they are the span of
// a life or an event, and not the times of publication and of a change.
const minSpan = 48 * time.Hour

var spanDash = regexp.MustCompile(`\d\s*(?:–|—|-| to | bis | au | al )\s*(?:\pL+\.?\s+)?\d`)

// spans reports whether a text gives a span of time whose start is the date.
func (v *View) spans(text string, start *dates.Date) bool {
	for _, at := range spanDash.FindAllStringIndex(text, maxSpanDashes) {
		end := v.dates.parse(text[at[0]+1:])
		if end != nil && end.Time.Sub(start.Time) >= minSpan {
			return true
		}
	}
	return false
}

// maxSpanDashes bounds the dashes of a text that are tried.
const maxSpanDashes = 4

// dateOf returns the date in the text of a run. If a time element shows that date, it
// returns the machine-readable value of the element, in which the order of day and month
// is certain.
func (v *View) dateOf(r *page.Run, text string) *dates.Date {
	shown := v.dates.parse(text)
	next, _ := slices.BinarySearch(v.Times, r.Elem)
	for _, i := range v.Times[next:] {
		if i >= v.Elems[r.Elem].End {
			break
		}
		n := v.Elems[i].Node
		own := page.NodeText(n)
		if own == "" || !strings.Contains(text, own) {
			continue
		}
		machine := v.dates.parse(page.Attr(n, "datetime"))
		if machine == nil {
			continue
		}
		if date := v.dates.parse(own); date == nil || shown != nil && date.Time.Equal(shown.Time) {
			return machine
		}
	}
	return shown
}
