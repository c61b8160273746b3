package article

import (
	"strings"
	"unicode"
)

// datelineDashes part a dateline from the text.
var datelineDashes = []string{" - ", " – ", " — ", "— ", "– ", " -- ", "—", "–"}

// maxDateline bounds a dateline, in bytes.
const maxDateline = 80

// datelineOf is the place line that opens a paragraph ("ERBIL, Kurdistan Region
// of Iraq - …"), without agency and dash, or "". Its first word is in capitals,
// or what follows the place in brackets or after a comma is an agency's name
// or a region.
func datelineOf(text string) string {
	at, width := len(text), 0
	for _, dash := range datelineDashes {
		if i := strings.Index(text, dash); i > 1 && i < at {
			at, width = i, len(dash)
		}
	}
	if at > maxDateline || width == 0 || at+width+20 > len(text) {
		return ""
	}
	place := strings.TrimSpace(text[:at])
	if i := strings.IndexByte(place, '('); i > 0 {
		if !strings.HasSuffix(place, ")") {
			return ""
		}
		place = strings.TrimSpace(place[:i])
	}
	if bare := strings.TrimSuffix(place, "."); !strings.Contains(bare, ".") {
		place = bare // "OLD QUAY. – Crane No. 4"
	}
	if !capitals(place) || strings.ContainsAny(place, ".!?:;\"“”") && !strings.Contains(place, ".C.") {
		return ""
	}
	return place
}

// capitals says that a text's first part up to a comma is a place in capitals,
// and that what follows is written as names are.
func capitals(place string) bool {
	first, rest, _ := strings.Cut(place, ",")
	letters := 0
	for _, c := range first {
		if unicode.IsLower(c) || unicode.IsDigit(c) {
			return false
		}
		if unicode.IsUpper(c) {
			letters++
		}
	}
	if letters < 3 || len(strings.Fields(first)) > 4 || len(strings.Fields(rest)) > 7 {
		return false
	}
	for _, word := range strings.Fields(rest) {
		if c := []rune(word)[0]; unicode.IsLower(c) && len(word) > 4 {
			return false
		}
	}
	return true
}
