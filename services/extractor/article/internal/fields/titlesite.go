package fields

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// hyphen is a hyphen in the place of a dash.
const hyphen = " - "

var (
	// titleSeparators separate a headline from the site's name and from sections.
	titleSeparators = []string{
		" | ", " – ", " — ", hyphen, " :: ", " » ", " « ", " · ", " • ", " / ", " ~ ", "｜", " ― ", " ‹ ", " › ", " │ ",
		"|",
	}
	// titleColons also separate a headline from the site's name, but more often join
	// two halves of a headline. A title is cut at a colon only if the name is known
	// from elsewhere.
	titleColons  = []string{": ", "：", "::"}
	anySeparator = slices.Concat(titleColons, titleSeparators)
)

// maxTitleCuts is the maximum number of parts that are cut off a title: the
// site's name, a section and an edition.
const maxTitleCuts = 3

// cutFrom removes the site's name, and sections beside it, from a title.
func (s *Site) cutFrom(p *page.Page, title string) string {
	title = withoutMarks(norm.Squeeze(title))
	for range maxTitleCuts {
		cut := withoutMarks(s.cutOnce(p, title))
		if cut == title {
			return title
		}
		title = cut
	}
	return title
}

// edgeMarks matches separators without a text on one side, and the marks of a heading in
// Markdown.
var edgeMarks = regexp.MustCompile(`^(?:#{1,6}|[|–—»·•-])\s+|\s+[|–—»«·•/~-]$`)

// withoutMarks removes what remains of a template around a title if a part of it is empty
// ("Title |").
func withoutMarks(title string) string { return edgeMarks.ReplaceAllString(title, "") }

// maxBarTail is the length in characters at which the text after a bar is too long
// for a section.
const maxBarTail = 40

func (s *Site) cutOnce(p *page.Page, title string) string {
	if head, tail, ok := cutLast(title, titleSeparators); ok {
		if s.Matches(tail) {
			return head
		}
		if lead, rest, _ := cutFirst(title, titleSeparators); s.Matches(lead) && norm.Len(rest) > minTitleRest {
			return rest
		}
		bar := strings.HasPrefix(title[len(head):], " | ") || strings.HasPrefix(title[len(head):], "|")
		if bar && norm.Len(tail) < maxBarTail && norm.Len(head) > 2*norm.Len(tail) {
			return head
		}
	}
	if head, ok := cutUnspaced(title); ok {
		return head
	}
	if _, tail, ok := cutLast(title, titleSeparators); ok && archiveLabel.MatchString(title) && shownAsHeading(p, tail) {
		return tail
	}
	lead, rest, ok := cutFirst(title, titleColons)
	if ok && s.IsNamed(lead) && len(rest) > minTitleRest && !shownAsHeading(p, title) {
		return rest
	}
	head, tail, ok := cutLast(title, titleColons)
	if ok && s.IsNamed(tail) && len(head) > minTitleRest && !shownAsHeading(p, title) {
		return head
	}
	return title
}

// archiveLabel matches the name that old blog software gives to the archive, before the
// title of an entry.
var archiveLabel = regexp.MustCompile(`(?i)\bblog[ -]?(?:archives?|archiv)\b`)

// cutLast cuts a text at the last of several separators.
func cutLast(s string, separators []string) (head, tail string, ok bool) {
	at, width := -1, 0
	for _, sep := range separators {
		if i := strings.LastIndex(s, sep); i > at {
			at, width = i, len(sep)
		}
	}
	if at <= 0 {
		return s, "", false
	}
	return strings.TrimSpace(s[:at]), strings.TrimSpace(s[at+width:]), true
}

// cutFirst cuts a text at the first of several separators.
func cutFirst(s string, separators []string) (lead, rest string, ok bool) {
	at, width := len(s), 0
	for _, sep := range separators {
		if i := strings.Index(s, sep); i > 0 && i < at {
			at, width = i, len(sep)
		}
	}
	if width == 0 {
		return s, "", false
	}
	return strings.TrimSpace(s[:at]), strings.TrimSpace(s[at+width:]), true
}
