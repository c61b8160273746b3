package fields

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// agreement is a way in which a heading and a declared title can agree.
type agreement struct {
	holds func(h *heading, ts titles, kind int) bool
	// text is the wording of the headline if the agreement holds.
	text func(h *heading, t *declaredTitle) string
	// same reports whether the heading has the same text as the title.
	same bool
}

// exactAgreements lists the agreements that settle the headline, best first.
var exactAgreements = []agreement{
	{holds: declaredIsEnd, text: declaredWording},  // a kicker leads the heading
	{holds: kickerDeclared, text: declaredWording}, // a kicker leads the declared title
	{holds: sameText, text: fullerWording, same: true},
}

// partAgreements lists the agreements that leave room for a better heading,
// best first.
var partAgreements = []agreement{
	{holds: declaredLeads, text: declaredWording},
	{holds: declaredIsElement, text: declaredWording},
	{holds: oneBeginsOther, text: headingWording},
}

func declaredWording(_ *heading, t *declaredTitle) string { return t.Value }

func headingWording(h *heading, _ *declaredTitle) string { return h.text }

// Bounds of texts that agree in part, in bytes of the folded form. Shorter texts
// agree by chance.
const (
	minHeading  = 8  // of a heading that a declared title repeats
	minDeclared = 12 // of a declared title that the heading starts with
	minCommon   = 15 // of a heading that a declared title starts or ends with
)

// declaredIsEnd reports whether a declared title, other than the document's, is
// the end of the heading.
func declaredIsEnd(h *heading, ts titles, kind int) bool {
	return kind != titleDocument && page.IsHeading(h.tag) && properEnd(h.folded, ts[kind].folded) &&
		!oneWordBefore(h.text, ts[kind].Value)
}

// oneWordBefore reports whether a text consists of one word and an ending. A single word,
// such as an article, is a part of the headline unless punctuation separates it.
func oneWordBefore(text, ending string) bool {
	at := len(text) - len(ending)
	if at <= 0 || !strings.EqualFold(text[at:], ending) {
		return false
	}
	word, spaced := strings.CutSuffix(text[:at], " ")
	return spaced && word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// kickerDeclared reports whether the JSON-LD and the shared title agree that the
// headline is the kicker and the heading together.
func kickerDeclared(h *heading, ts titles, kind int) bool {
	return kind == titleLD && ts[titleLD].folded == ts[titleOpenGraph].folded && len(h.folded) > minHeading &&
		page.IsHeading(h.tag) && endsApart(ts[titleLD].Value, h.text)
}

func sameText(h *heading, ts titles, kind int) bool {
	return h.folded != "" && h.folded == ts[kind].folded
}

// declaredLeads reports whether a heading starts with a declared title that is
// separated from the rest.
func declaredLeads(h *heading, ts titles, kind int) bool {
	t := &ts[kind]
	return len(t.folded) > minDeclared && page.IsHeading(h.tag) && len(t.folded)*2 > len(h.folded) &&
		beginsApart(h.text, t.Value)
}

// declaredIsElement reports whether the declared titles agree, and the heading consists of
// two elements or more, of which one is that title: the others are a kicker or a
// standfirst.
func declaredIsElement(h *heading, ts titles, kind int) bool {
	t := &ts[kind]
	return len(t.folded) > minDeclared && h.folded != t.folded && ts.unanimous(t.folded) &&
		slices.Contains(h.pieces(), t.folded)
}

// oneBeginsOther reports whether the heading begins a declared title, ends it after a
// separator, or begins with it, and the two have similar lengths.
func oneBeginsOther(h *heading, ts titles, kind int) bool {
	t := &ts[kind]
	if len(t.folded) > minDeclared && strings.HasPrefix(h.folded, t.folded) && len(t.folded)*2 > len(h.folded) {
		return true
	}
	return len(h.folded) > minCommon && len(h.folded)*2 > len(t.folded) && t.folded != "" &&
		(strings.HasPrefix(t.folded, h.folded) || (h.tag == atom.H1 || h.part) && endsApart(t.Value, h.text))
}

// fullerWording returns the declared wording of a heading that lacks spaces,
// because its parts are separate elements, or is all in capitals.
func fullerWording(h *heading, t *declaredTitle) string {
	text := h.text
	if len(strings.Fields(t.Value)) > len(strings.Fields(text)) {
		text = t.Value
	}
	if strings.EqualFold(text, t.Value) && strings.ToUpper(text) == text {
		text = t.Value
	}
	return text
}

// properEnd reports whether a folded heading ends with a folded title, and starts
// with something else that is less than one and a half times as long.
func properEnd(heading, title string) bool {
	return len(title) > minCommon && len(title) < len(heading) && len(title)*5 > len(heading)*2 &&
		strings.HasSuffix(heading, title)
}

// beginsApart reports whether a heading starts with a declared title and a dash
// or bar separates the rest. A colon does not count: it joins the two halves of a
// headline.
func beginsApart(heading, declared string) bool {
	if len(declared) >= len(heading) || !strings.EqualFold(heading[:len(declared)], declared) {
		return false
	}
	rest := heading[len(declared):]
	return slices.ContainsFunc(titleSeparators, func(sep string) bool { return strings.HasPrefix(rest, sep) })
}

// endsApart reports whether a declared title ends with the heading, and a colon,
// dash or bar separates the two.
func endsApart(declared, heading string) bool {
	before, ok := strings.CutSuffix(declared, heading)
	before = strings.TrimRight(before, " ")
	last, _ := utf8.DecodeLastRuneInString(before)
	return ok && strings.ContainsRune(":|–—-»·/•", last)
}
