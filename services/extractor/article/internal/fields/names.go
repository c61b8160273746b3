package fields

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// addNames cleans a byline and adds the names in it to a list, without repeats.
func (v *View) addNames(list []record.Author, text, link string) []record.Author {
	text = norm.Squeeze(html.UnescapeString(text))
	if at := otherRoleAfter.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	for _, part := range splitNames(text) {
		name := cleanName(part)
		if lower := strings.ToLower(name); lower == "updated" || strings.HasPrefix(lower, "updated by ") {
			continue // the editor of a change is not the author
		}
		if !plausibleName(name) || v.Base != nil && strings.EqualFold(name, v.Base.Hostname()) {
			continue
		}
		if slices.ContainsFunc(list, func(a record.Author) bool { return strings.EqualFold(a.Name, name) }) {
			continue
		}
		a := record.Author{Name: name}
		if u, err := url.Parse(v.Resolve(link)); link != "" && err == nil && u.Host != "" {
			a.URL = u.String()
		}
		list = append(list, a)
	}
	return list
}

// otherRoleAfter matches the end of a byline that names people in other roles, such
// as photographers and translators, or the client of the author ("on behalf of …").
var otherRoleAfter = regexp.MustCompile(`(?i)\s+(?:[|,;·•–—-]\s*)?` +
	`(?:(?:medically |clinically |expert |fact[ -])?(?:reviewed|edited|checked|verified|photographs?|photography` +
	`|photos?|illustrations?|illustrated|translated)(?: and edited)? by` +
	`|on behalf of|im auftrag von|au nom de|en nombre de|übersetzt von|übersetzung:|traduit par|traducido por` +
	`|tradotto da)\s.*$`)

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
			if n >= 2 && n <= maxNameParts && !roleLike(p) ||
				slices.Contains(agencies, strings.ToLower(strings.TrimSpace(p))) {
				parts = append(parts, p)
			}
		}
	}
	return parts
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
		if fullName(left) && fullName(right) {
			text = text[:at] + cut + text[from:]
			from = at + 1
		}
	}
}

// trailingLabels follow a name in the text of a byline, longer ones first.
var trailingLabels = []string{
	"written by", "posted by", "published by", "by", "published in", "published on", "published", "last updated on",
	"last updated", "updated on", "updated", "on", "at",
}

// cleanName returns the name in a part of a byline, without labels, dates, roles
// and footnotes.
func cleanName(s string) string {
	s = strings.TrimLeftFunc(strings.TrimSpace(s), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '('
	})
	if at := monthAt(s); at >= 0 {
		s = strings.TrimSpace(s[:at])
	}
	s, only := cutTrailingLabel(s)
	if only {
		return ""
	}
	s = cutAside(cutByWords(s))
	if koreanByline(s) {
		if m := reporterBehind.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
	}
	if strings.Contains(s, " ") {
		s = footnotes.ReplaceAllString(s, "$1")
	}
	return withoutRole(strings.Trim(s, " \t,.;:•·|–-\"●”“„»«"))
}

// cutTrailingLabel removes a label from the end of a name, and reports whether
// the text is only a label.
func cutTrailingLabel(s string) (rest string, only bool) {
	lower := strings.ToLower(s)
	for _, label := range trailingLabels {
		if lower == label {
			return "", true
		}
		if strings.HasSuffix(lower, " "+label) {
			return s[:len(s)-len(label)-1], false
		}
	}
	return s, false
}

// cutByWords removes "By" and the like from the start of a name, repeatedly.
func cutByWords(s string) string {
	for again := true; again; {
		again = false
		lower := strings.ToLower(s)
		for _, by := range byWords {
			if strings.HasPrefix(lower, by) {
				s, again = strings.TrimSpace(s[len(by):]), true
				break
			}
		}
	}
	return s
}

// cutAside removes brackets, addresses and what follows a dash. Brackets within a
// name stay.
func cutAside(s string) string {
	if i := strings.IndexAny(s, "(|@<"); i > 0 {
		within := s[i] == '(' && strings.Contains(s[i:], ") ") && !strings.ContainsAny(s[i:], "|@<")
		if !within {
			s = s[:i]
		}
	}
	for _, dash := range []string{hyphen, " – ", " — ", ". –", ". —"} {
		if i := strings.Index(s, dash); i > 0 {
			s = s[:i]
		}
	}
	return s
}

var (
	// monthDay matches a date after a name ("Jane Roe Oct 28").
	monthDay = regexp.MustCompile(
		`(?i)(?:^|\s)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b`)
	// dayMonth matches a date after a name that starts with the day ("Jane Roe 4
	// August").
	dayMonth = regexp.MustCompile(`(?i)\s\d{1,2}\.?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b`)
	// gluedMonth matches a date directly after a name, as from elements without a
	// space between them ("Luke KimDecember 17").
	gluedMonth = regexp.MustCompile(`\p{Ll}(?:January|February|March|April|May|June|July|August|September|October` +
		`|November|December)\s+\d{1,2}\b`)
	// footnotes matches the marks after a name that refer to notes.
	footnotes = regexp.MustCompile(`(\p{L})(?:\d{1,2}|[*†‡§]+)$`)
	// signature matches the form in which German papers sign edited reports: the
	// source and the editor ("dpa/mia").
	signature = regexp.MustCompile(`^\p{Ll}{2,5}(?:/\p{Ll}{2,5}){1,2}$`)
)

// monthAt returns where a date starts that follows a name without a separator,
// or -1.
func monthAt(s string) int {
	if at := monthDay.FindStringIndex(s); at != nil {
		return at[0]
	}
	if at := dayMonth.FindStringIndex(s); at != nil {
		return at[0]
	}
	if at := gluedMonth.FindStringIndex(s); at != nil {
		_, width := utf8.DecodeRuneInString(s[at[0]:])
		return at[0] + width
	}
	return -1
}
