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
	text = undated(text)
	if m := reporterBefore.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	if v.facts.Language == "ca" {
		text = strings.TrimPrefix(text, "Per ")
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
	`|on behalf of|photos?:|fotos?:|bilder:|illustration(?:en)? von|fotos? von` +
	`|im auftrag von|au nom de|en nombre de|übersetzt von|übersetzung:|traduit par|traducido por` +
	`|tradotto da)\s.*$`)

// undated removes the date and its label from the end of a byline.
func undated(text string) string {
	if publishedLabel(text) || changedLabel(text) {
		return text // a date with a name after it
	}
	end := len(text)
	for _, at := range []int{publishedAt(text), changedAt(text)} {
		if at > 0 {
			end = min(end, at)
		}
	}
	if end == len(text) {
		if monthAt(text) >= 0 {
			return text // cleanName cuts these dates
		}
		end = dayAt(text)
	}
	if cut := strings.TrimRight(text[:end], " -–—|·•,(:"); strings.Contains(cut, " ") {
		return cut
	}
	return text
}

// dayAt returns the index of the first number after a space, hyphen or bar in a byline,
// or the length of the byline.
func dayAt(text string) int {
	before := ' '
	for i, r := range text {
		if i > 0 && unicode.IsDigit(r) && (before == ' ' || before == '-' || before == '|') {
			return i
		}
		before = r
	}
	return len(text)
}

// trailingLabels follow a name in the text of a byline, longer ones first.
var trailingLabels = []string{
	"written by", "posted by", "published by", "by", "published in", "published on", "published", "last updated on",
	"last updated", "updated on", "updated", "on", "at", "am", "um",
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
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
	if m := byGlued.FindStringSubmatch(s); m != nil {
		s = m[1]
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
	name := strings.Trim(s, " \t,.;:•·|–-\"●”“„»«→")
	if abbreviated.MatchString(name) && strings.Contains(s, name+".") {
		name += "."
	}
	return withoutRole(name)
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
		candidates := byFirst.of(s)
		if candidates == nil {
			return s
		}
		lower := strings.ToLower(s)
		for _, by := range candidates {
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
	if i := strings.IndexAny(s, "（【［"); i > 0 {
		s = s[:i]
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
	// abbreviated matches a name that ends in an initial ("Jane R").
	abbreviated = regexp.MustCompile(`\p{Ll}\s\p{Lu}$`)
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
