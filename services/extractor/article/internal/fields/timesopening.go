package fields

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// openingDate returns the date that opens one of the first paragraphs after the headline:
// "31.10.2023 – The board …", "Berlin (12 May 2021). The board …".
func openingDate(v *View) *dates.Date {
	if v.at.Elem == 0 {
		return nil
	}
	title := v.headlineRun()
	for i := title + 1; i < min(title+linesNear, len(v.Runs)); i++ {
		r := &v.Runs[i]
		if r.Kind != page.TextRun || v.hintsAt(r)&(datesOfPage|page.HintSidebar) != 0 {
			continue
		}
		opening := v.opening(r)
		if opening == "" || otherFirst.begin(opening) || changedLabel(opening) {
			continue
		}
		if date := v.dates.parse(opening); date != nil {
			return date
		}
	}
	return nil
}

// openingEnds separate an opening with a date from the text.
var openingEnds = []string{" – ", " — ", hyphen, " | ", " / ", ") ", "). ", "): ", ": ", ". ", "\n"}

// maxDateOpeningWords is the maximum number of words before the date in an opening: a place,
// or the name of the kind of text.
const maxDateOpeningWords = 3

// opening returns the start of a paragraph if it consists of a date with up to three words
// before it. Otherwise it returns "".
func (v *View) opening(r *page.Run) string {
	text := v.TextOf(r)
	if marked := firstElement(v.Elems[r.Elem].Node); marked != "" && isOpening(marked) &&
		strings.HasPrefix(text, marked) {
		return marked
	}
	head := text[:min(len(text), maxDateOpening)]
	for at := range head {
		rest := head[at:]
		ends := slices.ContainsFunc(openingEnds, func(end string) bool { return strings.HasPrefix(rest, end) })
		if ends && isOpening(head[:at]) {
			return head[:at]
		}
	}
	return ""
}

// firstElement returns the text of the element that a paragraph starts with, or "" if it
// starts with a text.
func firstElement(paragraph *html.Node) string {
	for n := range paragraph.ChildNodes() {
		switch {
		case n.Type == html.ElementNode:
			return page.NodeText(n)
		case strings.TrimSpace(n.Data) != "" && n.Type == html.TextNode:
			return ""
		}
	}
	return ""
}

// isOpening reports whether a text is a date with a year at its end and up to three words
// before it.
func isOpening(text string) bool {
	text = strings.TrimRight(text, " .,:()|–—-")
	if len(text) > maxDateOpening || len(text) < len("1.1.2000") {
		return false
	}
	first := strings.IndexFunc(text, unicode.IsDigit)
	if first < 0 || !endsInYear(text) {
		return false
	}
	words := strings.Fields(text[:first])
	return len(words) <= maxDateOpeningWords && !slices.ContainsFunc(words, func(w string) bool {
		return longLower(w) || datePrepositions[strings.ToLower(strings.Trim(w, ".,"))]
	})
}

// endsInYear reports whether the last four characters of a text, or those before the
// Chinese and Japanese word for a day, are digits.
func endsInYear(text string) bool {
	text = strings.TrimSuffix(text, "日")
	digits := utf8.RuneCountInString(text[len(strings.TrimRightFunc(text, unicode.IsDigit)):])
	return digits == yearDigits || strings.Contains(text, "年") && digits > 0
}

const yearDigits = 4
