package fields

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// relativeDate returns the time of a line around the headline that is relative to the
// time of reading ("3 hours ago"). The page is taken to be read when it was fetched.
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

// dateNearHeadline returns the date of a line near the headline that is adjacent to it,
// is named as a date or byline, or has a label of the date of publication.
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

// labelledDate returns the date of the lines with a label of the date of publication, or
// of the lines after a line that is only such a label. If they give several days, some
// belong to other articles, and it returns nil.
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

var (
	titleParts = regexp.MustCompile(`\s[|·•–—-]\s`)
	bareDate   = regexp.MustCompile(`^(?:\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})$`)
)

// titleDate returns the date that is a separate part of the document's title. A headline
// may start with the words of a date, so that the first part must be in numbers.
func titleDate(v *View) *dates.Date {
	for _, title := range []string{v.Title, v.facts.Meta["og:title"]} {
		parts := titleParts.Split(title, -1)
		for i, part := range parts {
			if len(parts) > 1 && norm.Len(part) < maxTitleDate && (i > 0 || bareDate.MatchString(part)) {
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
			if !v.mayDate(r, maxAdjacentLine, datesElsewhere) || page.IsHeading(v.Tag(r)) || v.sentence(r) {
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

// changedDate returns the date of the first short line with a label of the last change.
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
	var beforeElem int32
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
		if i <= v.at.Elem {
			before, beforeElem = date, i
			continue
		}
		if before != nil && v.at.Elem-beforeElem < elemsBeforeHeadline && i-v.at.Elem > elemsAfterHeadline {
			return before // the next one is another article's
		}
		return date
	}
	if date := v.datedLine(func(r *page.Run) bool {
		return v.hintsAt(r)&(page.HintDate|page.HintByline) != 0
	}); date != nil {
		return date
	}
	return before
}

// textDate returns the date of a short line near the headline.
func textDate(v *View) *dates.Date {
	return v.datedLine(func(r *page.Run) bool { return !v.sentence(r) })
}

// minDatedSentence is the number of words from which a line with a full stop at its end is
// a sentence and not a date, place and name.
const minDatedSentence = 9

// sentence reports whether a line is a sentence. Its date is when something happened or
// will happen.
func (v *View) sentence(r *page.Run) bool {
	text := strings.TrimSpace(v.TextOf(r))
	return len(strings.Fields(text)) >= minDatedSentence && (strings.HasSuffix(text, ".") || r.Prose())
}

// onlyDate returns the date of the short lines anywhere on the page. If they give several
// days, some belong to other articles, and it returns nil.
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
		if strings.Contains(text, "©") || v.sentence(r) {
			continue
		}
		if date := v.publishedIn(r, text); date != nil && !day.add(date) {
			return nil
		}
	}
	return day.date
}
