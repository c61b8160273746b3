package fields

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// organisationLike reports whether a name is that of a news agency, or contains a
// word that only names of organisations have.
func organisationLike(name string) bool {
	lower := strings.ToLower(name)
	return slices.Contains(agencies, lower) || slices.ContainsFunc(strings.Fields(lower), func(word string) bool {
		return slices.Contains(organisationWords, word)
	})
}

// personLike reports whether a name is written as names of people are, in
// capitals or not, or in a script without capitals.
func personLike(name string) bool {
	if !cased(name) {
		return true
	}
	return fullName(name) &&
		(plainName(name) || strings.ToUpper(name) == name && plainName(capitalised(name)))
}

// capitalised returns a name with a capital at the start of each word only.
func capitalised(name string) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(strings.ToLower(name)) {
		first, width := utf8.DecodeRuneInString(w)
		b.WriteString(" " + string(unicode.ToUpper(first)) + w[width:])
	}
	return strings.TrimSpace(b.String())
}

// firstName reports whether a name is one word that can be a first name.
func firstName(name string) bool {
	return startsUpper(name) && cased(name) && strings.ToUpper(name) != name && !strings.Contains(name, " ") &&
		!organisationLike(name)
}

// fullName reports whether a text consists, after "By" and the like, of two words
// or more, of which the first and the last start with a capital.
func fullName(s string) bool {
	s = strings.TrimSpace(s)
	for _, by := range byFirst.of(s) {
		if len(s) > len(by) && strings.EqualFold(s[:len(by)], by) {
			s = s[len(by):]
			break
		}
	}
	words := strings.Fields(s)
	return len(words) >= 2 && startsUpper(words[0]) && startsUpper(words[len(words)-1])
}

// plainName reports whether a text is two to four words, each written as in a
// person's name and none a word of headings, sections and buttons.
func plainName(s string) bool {
	parts := strings.Fields(s)
	if len(parts) < 2 || len(parts) > maxNameParts || strings.ContainsAny(s, "0123456789,:;!?/&+*[]") {
		return false
	}
	for _, w := range parts {
		lower := strings.ToLower(w)
		first, _ := utf8.DecodeRuneInString(w)
		if unicode.IsLower(first) && !particles[w] || tradeWords[lower] || roleNouns[lower] {
			return false
		}
	}
	return strings.ToUpper(s) != s
}

// Bounds of a name.
const (
	minName       = 2  // characters
	maxName       = 60 // characters
	maxNameWords  = 7
	maxNameDigits = 2
	maxLowerWords = 1 // of three words or more, beside particles
)

// plausibleName reports whether a text can be a name: short, with letters, and
// not a sentence, date, address or label.
func plausibleName(s string) bool {
	if signature.MatchString(s) {
		return true
	}
	n, parts := norm.Len(s), strings.Fields(s)
	if n < minName || n > maxName || len(parts) > maxNameWords || strings.ContainsAny(s, "/@{}<>=?!:") {
		return false
	}
	if len(parts) > 3 && !hasUpper(parts[1]) && !hasUpper(parts[2]) && startsLower(parts[len(parts)-1]) {
		return false // "How we reviewed this article"
	}
	if len(parts) >= 3 && lowerWords(s) > maxLowerWords {
		return false // "Instagram didn't exist"
	}
	digits, letters := 0, 0
	for _, c := range s {
		switch {
		case unicode.IsDigit(c):
			digits++
		case unicode.IsLetter(c):
			letters++
		}
	}
	first, _ := utf8.DecodeRuneInString(s)
	return digits <= maxNameDigits && letters >= minName && !unicode.IsDigit(first) && !isLabel(strings.ToLower(s))
}

// isLabel reports whether a text, in lower case, is a label around bylines and
// not a name.
func isLabel(lower string) bool {
	if notNames[lower] {
		return true
	}
	if parts := strings.Fields(lower); len(parts) > 1 && labelEnds[parts[len(parts)-1]] {
		return true
	}
	if strings.HasPrefix(lower, "creative commons") || licenceWord.MatchString(lower) {
		return true
	}
	for _, prefix := range []string{
		"learn about", "view ", "all posts", "more from", "more by", "posts by", "about ", "profile picture",
	} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return false
}

// licenceWord matches the word licence, which no name contains.
var licenceWord = regexp.MustCompile(`\b(?:licen[cs]e|lizenz|licence|licencia|licenza)\b`)

// lowerWords counts the words of a text that start with a lower-case letter and
// are not particles of names.
func lowerWords(s string) int {
	n := 0
	for w := range strings.FieldsSeq(s) {
		if startsLower(w) && !particles[w] {
			n++
		}
	}
	return n
}

// startsUpper reports whether a text starts with a capital, or with a letter of a
// script without capitals.
func startsUpper(s string) bool {
	first, size := utf8.DecodeRuneInString(s)
	return size > 0 && (unicode.IsUpper(first) || unicode.Is(unicode.Lo, first))
}

func startsLower(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(first)
}

func hasUpper(s string) bool { return strings.ContainsFunc(s, unicode.IsUpper) }

// cased reports whether a text has letters with upper and lower case.
func cased(s string) bool { return strings.ToUpper(s) != strings.ToLower(s) }

// lowerCase reports whether a text is all in lower case.
func lowerCase(s string) bool { return strings.ToLower(s) == s && cased(s) }

// initials returns the first letters of a name's words.
func initials(name string) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(w)
		b.WriteRune(first)
	}
	return b.String()
}
