package fields

import (
	"regexp"
	"slices"
	"strings"
)

// nameSeparators always separate names.
var nameSeparators = []string{
	" and ", " und ", " et ", " och ", " og ", " & ", " | ", ";", " / ", "、", "，", "،", " ve ", " и ", " és ", " și ",
	" şi ", " та ", " και ", " và ", " و ", " with ", " • ", " · ",
}

// nameConjunctions join names, but are also part of surnames ("Ramón y Cajal",
// "Gaudí i Cornet", "Vaz e Silva").
var nameConjunctions = []string{
	" y ", " e ", " i ", " en ", " a ", " ja ", " ir ", " un ", " dan ", " eta ", " і ", " con ", " avec ", " mit ",
	" com ",
}

// cut is the separator that splitNames puts between two names.
const cut = "\x00"

// maxNameParts is the maximum number of words after a comma that can be another
// name.
const maxNameParts = 4

// splitNames splits a byline into names.
func splitNames(text string) []string {
	for _, sep := range nameSeparators {
		text = strings.ReplaceAll(text, sep, cut)
	}
	if parts := strings.Split(text, "/"); len(parts) > 1 && !slices.ContainsFunc(parts, notFullName) {
		text = strings.Join(parts, cut)
	}
	if m := agencyAfter.FindStringSubmatch(text); m != nil && fullName(m[1]) {
		text = m[1]
		if slices.Contains(agencies, strings.ToLower(m[2])) {
			text += cut + m[2]
		}
	}
	for _, sep := range nameConjunctions {
		text = splitFullNames(text, sep)
	}
	var parts []string
	for part := range strings.SplitSeq(text, cut) {
		pieces := strings.Split(part, ",")
		// "Jane Roe, Staff Writer": the text after a comma is a name only if it
		// looks like one, with two words or more.
		parts = append(parts, pieces[0])
		for _, p := range pieces[1:] {
			p = footnotes.ReplaceAllString(p, "$1")
			n := len(strings.Fields(p))
			if n >= 2 && n <= maxNameParts && !roleLike(p) && !placeAfter(p) ||
				slices.Contains(agencies, strings.ToLower(strings.TrimSpace(p))) {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// agencyAfter matches the abbreviation of an agency or publication after a name ("Jane
// Roe/AFP", "Jane Roe/XY-Z").
var agencyAfter = regexp.MustCompile(`^(.+\pL)/(dpa|apa|sda|\p{Lu}[\p{Lu}\d-]{1,7})$`)

// placeAfter reports whether a text starts with a word in lower case that names do not
// start with, such as the preposition of a place.
func placeAfter(s string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return startsLower(first) && !particles[first] && hasUpper(s)
}

func notFullName(s string) bool { return !fullName(s) }

// splitFullNames splits a text at a conjunction if there is a full name, of two
// words or more, on both sides.
func splitFullNames(text, sep string) string {
	const ends = "," + cut
	for from := 0; ; {
		at := strings.Index(text[from:], sep)
		if at < 0 {
			return text
		}
		at += from
		from = at + len(sep)
		left := text[strings.LastIndexAny(text[:at], ends)+1 : at]
		right := text[from:]
		if end := strings.IndexAny(right, ends); end >= 0 {
			right = right[:end]
		}
		right, _, _ = strings.Cut(right, sep)
		if fullName(left) && (fullName(right) || slices.Contains(agencies, strings.ToLower(strings.TrimSpace(right)))) {
			text = text[:at] + cut + text[from:]
			from = at + 1
		}
	}
}
