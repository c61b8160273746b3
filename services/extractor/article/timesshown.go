package article

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"golang.org/x/net/html/atom"
)

// relativeLine is the time of a line around the headline that gives it from the
// reader's moment ("3 hours ago"), which is taken for that of the fetch.
func (r *reader) relativeLine() *Timestamp {
	if r.now.IsZero() || r.titleElem == 0 {
		return nil
	}
	title := r.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(r.runs)); i++ {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 60 || r.elems[run.elem].within&(hintComment|hintRelated|hintNav) != 0 {
			continue
		}
		if d, ok := dates.Relative(r.textOf(run), r.now); ok {
			return timestamp(d)
		}
	}
	return nil
}

// signedDate is the date of the first byline that holds it beside an author's
// name.
func (r *reader) signedDate() *Timestamp {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 100 || r.elems[run.elem].within&(hintComment|hintRelated|hintNav|hintFooter) != 0 {
			continue
		}
		text := r.textOf(run)
		signed := slices.ContainsFunc(r.out.Authors, func(a Author) bool { return strings.Contains(text, a.Name) })
		if signed && (hasByWord(text) || r.elems[run.elem].within&(hintByline|hintDate) != 0) {
			if ts := r.publishedIn(run, text); ts != nil {
				return ts
			}
		}
	}
	return nil
}

// shownNear is the date of a line right behind the headline, or over it, that is
// named as a date or byline or says that it is one of publication.
func (r *reader) shownNear() *Timestamp {
	if r.titleElem == 0 {
		return nil
	}
	if ts := r.adjacentDate(); ts != nil {
		return ts
	}
	title := r.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(r.runs)); i++ {
		if ts := r.dateIn(&r.runs[i], func(run *run) bool {
			return run.letters < 80 && (r.elems[run.elem].within&(hintDate|hintByline) != 0 || publishedLabel(r.textOf(run)))
		}); ts != nil {
			return ts
		}
	}
	return r.labelledDate()
}

// labelledDate is the day of the lines that say that it is that of publication, or
// of those right behind a line that says no more than that. Where they give
// several, they are other articles', and there is none.
func (r *reader) labelledDate() *Timestamp {
	var found *Timestamp
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 80 || r.elems[run.elem].within&(hintComment|hintRelated|hintNav|hintFooter) != 0 {
			continue
		}
		text := r.textOf(run)
		if !publishedLabel(text) {
			continue
		}
		ts := r.publishedIn(run, text)
		if ts == nil && run.letters < 30 && i+1 < len(r.runs) && r.runs[i+1].letters < 40 {
			ts = r.dateOf(&r.runs[i+1], r.textOf(&r.runs[i+1]))
		}
		switch {
		case ts == nil:
		case found == nil:
			found = ts
		case !sameDate(found.Time, ts.Time):
			return nil
		}
	}
	return found
}

// titleDate is the date that is a part of its own of the document's title.
func (r *reader) titleDate() *Timestamp {
	for _, title := range []string{r.title, r.meta["og:title"]} {
		for _, part := range titleParts.Split(title, -1)[1:] {
			if runeCount(part) < 25 {
				if ts := r.parse(part); ts != nil {
					return ts
				}
			}
		}
	}
	return nil
}

var titleParts = regexp.MustCompile(`\s[|·•–—-]\s`)

// linesAdjacent is how far from the headline a line that is a date needs no name
// to be the article's.
const linesAdjacent = 3

// adjacentDate is the date of a short line right beside the headline, the closest
// first.
func (r *reader) adjacentDate() *Timestamp {
	if r.titleElem == 0 {
		return nil
	}
	title := r.headlineRun()
	for distance := 1; distance <= linesAdjacent; distance++ {
		for _, i := range []int{title + distance, title - distance} {
			if i < 0 || i >= len(r.runs) {
				continue
			}
			run := &r.runs[i]
			if run.kind != runText || run.letters > 70 || isHeading(r.elems[run.elem].node.DataAtom) || r.elems[run.elem].within&(hintComment|hintRelated|hintNav) != 0 {
				continue
			}
			if text := r.textOf(run); !strings.Contains(text, "©") {
				if ts := r.publishedIn(run, text); ts != nil {
					return ts
				}
			}
		}
	}
	return nil
}

// changedLine is the date of the first short line that says when the article was
// changed.
func (r *reader) changedLine() *Timestamp {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 80 || r.elems[run.elem].within&(hintComment|hintRelated|hintFooter) != 0 {
			continue
		}
		text := r.textOf(run)
		if ts := r.dateOf(run, text); ts != nil {
			if at := changedAt(text); at == 0 {
				return ts
			} else if at > 0 {
				return r.parse(text[at:])
			}
		}
	}
	return nil
}

// visibleDate is the first time element or dated byline that belongs to the
// article: behind the headline if one has its place, and in no list of others.
func (r *reader) visibleDate() *Timestamp {
	if ts := r.adjacentDate(); ts != nil {
		return ts
	}
	var before *Timestamp
	for _, i := range r.times {
		e := &r.elems[i]
		if e.within&(hintComment|hintRelated|hintSidebar|hintFooter|hintNav) != 0 {
			continue
		}
		value := attr(e.node, "datetime")
		ts := r.parse(value)
		if ts == nil {
			ts = r.parse(nodeText(e.node))
		}
		if ts == nil || changedLabel(nodeText(e.node)) {
			continue
		}
		if i > r.titleElem {
			return ts
		}
		before = ts
	}
	if ts := r.datedLine(func(run *run) bool {
		return r.elems[run.elem].within&(hintDate|hintByline) != 0
	}); ts != nil {
		return ts
	}
	return before
}

// textDate is a date in a short line near the headline.
func (r *reader) textDate() *Timestamp {
	return r.datedLine(func(*run) bool { return true })
}

// onlyDate is the only day that short lines of the page give, wherever they
// stand. Where they give several days, they are other articles'.
func (r *reader) onlyDate() *Timestamp {
	var found *Timestamp
	for i := range r.runs {
		run := &r.runs[i]
		within := r.elems[run.elem].within
		if run.kind != runText || run.letters > 60 || within&(hintComment|hintRelated) != 0 || within&hintNav != 0 && within&hintBody == 0 {
			continue
		}
		text := r.textOf(run)
		if strings.Contains(text, "©") {
			continue
		}
		ts := r.publishedIn(run, text)
		switch {
		case ts == nil:
		case found == nil:
			found = ts
		case !sameDate(found.Time, ts.Time):
			return nil
		}
	}
	return found
}

func sameDate(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

const (
	linesBefore = 8  // short lines over the headline that may hold the date
	linesNear   = 12 // lines behind it that are looked at before those
	linesBehind = 60 // lines behind it that are looked at last
)

// headlineRun is the place of the headline's run, or of the first behind it.
func (r *reader) headlineRun() int {
	title := 0
	for title < len(r.runs) && r.runs[title].elem < r.titleElem {
		title++
	}
	return title
}

// datedLine is the first date in a short line that fits, behind the headline or
// else right over it.
func (r *reader) datedLine(fits func(*run) bool) *Timestamp {
	title := r.headlineRun()
	near, far := min(title+linesNear, len(r.runs)), min(title+linesBehind, len(r.runs))
	for i := title; i < near; i++ {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	for i := title - 1; i >= max(0, title-linesBefore); i-- {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	for i := near; i < far; i++ {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	return nil
}

func (r *reader) dateIn(run *run, fits func(*run) bool) *Timestamp {
	within := r.elems[run.elem].within
	if run.kind != runText || run.letters > 150 || within&(hintComment|hintRelated|hintSidebar|hintFooter|hintNav) != 0 || r.elems[run.elem].node.DataAtom == atom.H1 || !fits(run) {
		return nil
	}
	text := r.textOf(run)
	if strings.Contains(text, "©") || len(r.out.Title) > 10 && strings.Contains(text, r.out.Title) {
		return nil
	}
	return r.publishedIn(run, text)
}

// publishedIn is the date that a run's text gives as that of publication, be it
// beside that of the last change, or nil.
func (r *reader) publishedIn(run *run, text string) *Timestamp {
	ts := r.dateOf(run, text)
	if ts == nil {
		return nil
	}
	at := changedAt(text)
	if at < 0 {
		return ts
	}
	if before := r.parse(text[:at]); before != nil {
		return before
	}
	if after := publishedAt(text[at:]); after > 0 {
		return r.parse(text[at+after:])
	}
	return nil
}

// dateOf is the date of a run with that text. Where a time element shows it, what
// that element says for machines counts: it leaves no doubt about the order of day
// and month.
func (r *reader) dateOf(run *run, text string) *Timestamp {
	shown := r.parse(text)
	first, _ := slices.BinarySearch(r.times, run.elem)
	for _, i := range r.times[first:] {
		if i >= r.elems[run.elem].end {
			break
		}
		own := nodeText(r.elems[i].node)
		if own == "" || !strings.Contains(text, own) {
			continue
		}
		if machine := r.parse(attr(r.elems[i].node, "datetime")); machine != nil {
			if ts := r.parse(own); ts == nil || shown != nil && ts.Time.Equal(shown.Time) {
				return machine
			}
		}
	}
	return shown
}
