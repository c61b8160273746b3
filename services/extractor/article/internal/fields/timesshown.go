package fields

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Distances from the headline, in runs.
const (
	linesAdjacent = 3  // within which a date is the article's, without further evidence
	linesBefore   = 8  // before the headline that may contain the date
	linesNear     = 12 // after the headline that are tried before those
	linesBehind   = 60 // after the headline that are tried last
)

// Maximum lengths of lines that may contain the date, in characters. The less
// other evidence, the shorter.
const (
	maxDatedLine    = 150 // near the headline
	maxSignedLine   = 100 // with the name of an author
	maxLabelledLine = 80  // with a label
	maxAdjacentLine = 70  // beside the headline
	maxLooseLine    = 60  // anywhere
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

// relativeDate returns the time of a line around the headline that is relative to
// the reader's present ("3 hours ago"), which is taken to be that of the fetch.
func relativeDate(v *View) *dates.Date {
	if v.Fetched.IsZero() || v.at.Elem == 0 {
		return nil
	}
	title := v.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(v.Runs)); i++ {
		r := &v.Runs[i]
		if !v.mayDate(r, maxLooseLine, datesElsewhere) {
			continue
		}
		if date, ok := dates.Relative(v.TextOf(r), v.Fetched); ok {
			return &date
		}
	}
	return nil
}

// signedDate returns the date of the first byline that contains the date beside
// an author's name.
func signedDate(v *View, authors []record.Author) *dates.Date {
	for i := range v.Runs {
		r := &v.Runs[i]
		if !v.mayDate(r, maxSignedLine, datesOfPage) {
			continue
		}
		text := v.TextOf(r)
		signed := slices.ContainsFunc(authors, func(a record.Author) bool { return strings.Contains(text, a.Name) })
		if signed && (HasByWord(text) || v.hintsAt(r)&(page.HintByline|page.HintDate) != 0) {
			if date := v.publishedIn(r, text); date != nil {
				return date
			}
		}
	}
	return nil
}

// dateNearHeadline returns the date of a line near the headline that is named as a
// date or byline, or is labelled as that of publication.
func dateNearHeadline(v *View) *dates.Date {
	if v.at.Elem == 0 {
		return nil
	}
	if date := adjacentDate(v); date != nil {
		return date
	}
	title := v.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(v.Runs)); i++ {
		if date := v.dateIn(&v.Runs[i], func(r *page.Run) bool {
			return r.Chars < maxLabelledLine &&
				(v.hintsAt(r)&(page.HintDate|page.HintByline) != 0 || publishedLabel(v.TextOf(r)))
		}); date != nil {
			return date
		}
	}
	return labelledDate(v)
}

// labelledDate returns the date of the lines that are labelled as that of
// publication, or of the lines after a line that is only such a label. If they
// give several days, some are those of other articles, and it returns nil.
func labelledDate(v *View) *dates.Date {
	var day oneDay
	for i := range v.Runs {
		r := &v.Runs[i]
		if !v.mayDate(r, maxLabelledLine, datesOfPage) {
			continue
		}
		text := v.TextOf(r)
		if !publishedLabel(text) {
			continue
		}
		date := v.publishedIn(r, text)
		if date == nil && r.Chars < maxDateLabel && i+1 < len(v.Runs) && v.Runs[i+1].Chars < maxLabelledDate {
			date = v.dateOf(&v.Runs[i+1], v.TextOf(&v.Runs[i+1]))
		}
		if date != nil && !day.add(date) {
			return nil
		}
	}
	return day.date
}

var titleParts = regexp.MustCompile(`\s[|·•–—-]\s`)

// titleDate returns the date that is a separate part of the document's title.
func titleDate(v *View) *dates.Date {
	for _, title := range []string{v.Title, v.facts.Meta["og:title"]} {
		for _, part := range titleParts.Split(title, -1)[1:] {
			if norm.Len(part) < maxTitleDate {
				if date := v.dates.parse(part); date != nil {
					return date
				}
			}
		}
	}
	return nil
}

// adjacentDate returns the date of a short line beside the headline, the closest
// first.
func adjacentDate(v *View) *dates.Date {
	if v.at.Elem == 0 {
		return nil
	}
	title := v.headlineRun()
	for distance := 1; distance <= linesAdjacent; distance++ {
		for _, i := range [2]int{title + distance, title - distance} {
			if i < 0 || i >= len(v.Runs) {
				continue
			}
			r := &v.Runs[i]
			if !v.mayDate(r, maxAdjacentLine, datesElsewhere) || page.IsHeading(v.Tag(r)) {
				continue
			}
			if text := v.TextOf(r); !strings.Contains(text, "©") {
				if date := v.publishedIn(r, text); date != nil {
					return date
				}
			}
		}
	}
	return nil
}

// changedDate returns the date of the first short line that is labelled as that of
// the last change.
func changedDate(v *View) *dates.Date {
	const against = page.HintComment | page.HintRelated | page.HintFooter
	for i := range v.Runs {
		r := &v.Runs[i]
		if !v.mayDate(r, maxLabelledLine, against) {
			continue
		}
		text := v.TextOf(r)
		date := v.dateOf(r, text)
		if date == nil {
			continue
		}
		switch at := changedAt(text); {
		case at == 0:
			return date
		case at > 0:
			return v.dates.parse(text[at:])
		}
	}
	return nil
}

// visibleDate returns the date of the first time element or dated byline of the
// article, preferably after the headline.
func visibleDate(v *View) *dates.Date {
	if date := adjacentDate(v); date != nil {
		return date
	}
	var before *dates.Date
	for _, i := range v.Times {
		if v.within[i]&(datesOfPage|page.HintSidebar) != 0 {
			continue
		}
		n := v.Elems[i].Node
		date := v.dates.parse(page.Attr(n, "datetime"))
		if date == nil {
			date = v.dates.parse(page.NodeText(n))
		}
		if date == nil || changedLabel(page.NodeText(n)) {
			continue
		}
		if i > v.at.Elem {
			return date
		}
		before = date
	}
	if date := v.datedLine(func(r *page.Run) bool {
		return v.hintsAt(r)&(page.HintDate|page.HintByline) != 0
	}); date != nil {
		return date
	}
	return before
}

// textDate returns the date of a short line near the headline.
func textDate(v *View) *dates.Date { return v.datedLine(func(*page.Run) bool { return true }) }

// onlyDate returns the date that short lines give anywhere on the page, if they
// all give the same day. Several days are those of other articles.
func onlyDate(v *View) *dates.Date {
	var day oneDay
	for i := range v.Runs {
		r := &v.Runs[i]
		within := v.hintsAt(r)
		if !v.mayDate(r, maxLooseLine, page.HintComment|page.HintRelated) ||
			within&page.HintNav != 0 && within&page.HintBody == 0 {
			continue
		}
		text := v.TextOf(r)
		if strings.Contains(text, "©") {
			continue
		}
		if date := v.publishedIn(r, text); date != nil && !day.add(date) {
			return nil
		}
	}
	return day.date
}

// datedLine returns the first date in a line that fits: after the headline, else
// shortly before it, else farther after it.
func (v *View) datedLine(fits func(*page.Run) bool) *dates.Date {
	title := v.headlineRun()
	near, far := min(title+linesNear, len(v.Runs)), min(title+linesBehind, len(v.Runs))
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

// minRepeatedTitle is the length in bytes from which a line that contains the
// title is taken for a repeat of it and not for a dated line.
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
	date := v.dateOf(r, text)
	if date == nil {
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

// dateOf returns the date in the text of a run. If a time element shows that date,
// its value for machines is returned: that leaves no doubt about the order of day
// and month.
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

func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
