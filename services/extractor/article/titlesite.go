package article

import (
	"slices"
	"strings"
)

// titleSeparators part a headline from the site's name and from sections.
var titleSeparators = []string{" | ", " – ", " — ", " - ", " :: ", " » ", " « ", " · ", " • ", " / ", " ~ ", "｜", " ― ", " ‹ ", " › ", " │ ", "|"}

// titleColons part a headline from the site's name as well, but more often two
// halves of the headline: only a name known from elsewhere is cut there.
var titleColons = []string{": ", "：", "::"}

var anySeparator = slices.Concat(titleColons, titleSeparators)

// withoutSite cuts the site's name, and sections beside it, off a title.
func (r *reader) withoutSite(title string) string {
	title = squeeze(title)
	for range 3 {
		cut := r.cutOnce(title)
		if cut == title {
			return title
		}
		title = cut
	}
	return title
}

func (r *reader) cutOnce(title string) string {
	if head, tail, ok := cutLast(title, titleSeparators); ok {
		if r.isSite(tail) {
			return head
		}
		if lead, rest, _ := cutFirst(title, titleSeparators); r.isSite(lead) && runeCount(rest) > 10 {
			return rest
		}
		if strings.HasPrefix(title[len(head):], " | ") || strings.HasPrefix(title[len(head):], "|") {
			if runeCount(tail) < 40 && runeCount(head) > 2*runeCount(tail) {
				return head
			}
		}
	}
	if lead, rest, ok := cutFirst(title, titleColons); ok && r.namesSite(lead) && len(rest) > 10 && !r.isHeading(title) {
		return rest
	}
	if head, tail, ok := cutLast(title, titleColons); ok && r.namesSite(tail) && len(head) > 10 && !r.isHeading(title) {
		return head
	}
	return title
}

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

// isHeading says that the page shows a text as a heading.
func (r *reader) isHeading(text string) bool {
	want := fold(text)
	return slices.ContainsFunc(r.runs, func(run run) bool {
		return run.kind == runText && isHeading(r.elems[run.elem].node.DataAtom) && fold(r.textOf(&run)) == want
	})
}

// namesSite says that a part of a title is one of the site's names, whole.
func (r *reader) namesSite(part string) bool {
	p := fold(part)
	return p != "" && slices.Contains(r.siteNames, p)
}

// isSite says that a part of a title names the site: one of its names, longer
// or shorter, or the host's own label.
func (r *reader) isSite(part string) bool {
	p := fold(part)
	if p == "" || runeCount(part) > 60 {
		return false
	}
	for _, s := range r.siteNames {
		if p == s || len(s) > 3 && strings.HasPrefix(p, s) || len(p) > 4 && strings.HasPrefix(s, p) {
			return true
		}
	}
	if r.base == nil {
		return false
	}
	host := fold(strings.TrimPrefix(r.base.Hostname(), "www."))
	if len(p) > 2 && strings.HasPrefix(host, p) || len(p) > 5 && strings.Contains(host, p) {
		return true
	}
	label, _, _ := strings.Cut(strings.TrimPrefix(r.base.Hostname(), "www."), ".")
	return len(label) > 3 && strings.Contains(p, fold(label)) && len(p) < len(label)+12
}
