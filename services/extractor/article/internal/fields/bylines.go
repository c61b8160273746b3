package fields

import (
	"regexp"
	"strings"
)

// HasByWord reports whether a line starts as bylines do and continues with a
// name.
func HasByWord(line string) bool {
	candidates := byFirst.of(line)
	if candidates == nil {
		return false
	}
	lower := strings.ToLower(line)
	for _, by := range candidates {
		if strings.HasPrefix(lower, by) && len(line) > len(by) {
			return startsUpper(line[len(by):]) || lower == line
		}
	}
	return false
}

var (
	byBehind = regexp.MustCompile(
		`(?i)(?:^|[·|•–—-]\s*|\d\s+|\b(?:posted|written|published|reported|updated)\s+)by\s+(\p{Lu}.*)$`)
	byGlued = regexp.MustCompile(`^By(\p{Lu}\p{Ll}+ \p{Lu}.*)$`)
	// reporterBefore matches bylines of Chinese papers: "記者王小明／台北報導".
	reporterBefore = regexp.MustCompile(`^[\[【〔(（]?(?:\p{Han}{2,3})?[记記]者\s*(\p{Han}{2,4}(?:、\p{Han}{2,4})*)` +
		`\s*(?:[／/╱]|\p{Han}*[報报][導道]|[\]】〕)）]|$)`)
	// reporterBehind matches bylines of Korean papers: "서울=김민수 기자".
	reporterBehind = regexp.MustCompile(`(?:^|[\s=|·])(\p{Hangul}{2,4})\s?(?:\p{Hangul}{2}\s?)?` +
		`(?:기자|특파원|논설위원|객원기자)(?:\s|$|[=|·(])`)
	// dated and placed match the text after the name in a byline: the date, and the
	// place or publication.
	dated = regexp.MustCompile(`(?i)\s+on\s+(?:\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day` +
		`|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d).*$`)
	placed = regexp.MustCompile(`\s+(?:in|for|at|via|from)\s+\p{Lu}.*$`)
	// apposition matches the start of an apposition that describes a person
	// ("Jane Roe, a reporter, …", "Jane Roe, MD, …").
	apposition = regexp.MustCompile(`^, (?:an?|the|our|who|founder|editor|author|CEO|[A-Z]{2,5}|Ph\.?D|M\.D)\b`)
)

func koreanByline(line string) bool {
	return strings.Contains(line, "기자") || strings.Contains(line, "특파원") || strings.Contains(line, "논설위원")
}

// hasBy reports whether a line contains "by" in any case.
func hasBy(line string) bool {
	for i := 1; i < len(line); i++ {
		if line[i]|0x20 == 'y' && line[i-1]|0x20 == 'b' {
			return true
		}
	}
	return false
}

// afterBy returns the part of a line after a word such as "by". If the line starts with
// that word, it returns the whole line.
func afterBy(line string) (string, bool) {
	if HasByWord(line) {
		return line, true
	}
	var forms []*regexp.Regexp
	switch {
	case strings.Contains(line, "记者"), strings.Contains(line, "記者"):
		forms = []*regexp.Regexp{reporterBefore}
	case koreanByline(line):
		forms = []*regexp.Regexp{reporterBehind}
	case hasBy(line):
		forms = []*regexp.Regexp{byBehind, byGlued}
	}
	for _, form := range forms {
		if m := form.FindStringSubmatch(line); m != nil {
			return m[1], true
		}
	}
	return line, false
}

// hasPreposition reports whether a line has a word that dated or placed match.
func hasPreposition(line string) bool {
	for word := range strings.FieldsSeq(line) {
		switch word {
		case "in", "for", "at", "via", "from", "on", "On", "ON", "oN":
			return true
		}
	}
	return false
}

// upToPreposition removes the date, place or publication after the name in a byline.
func upToPreposition(line string) string {
	if !hasPreposition(line) {
		return line
	}
	line = dated.ReplaceAllString(line, "")
	if short := placed.ReplaceAllString(line, ""); fullName(short) {
		return short
	}
	return line
}
