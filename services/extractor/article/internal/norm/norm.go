// Package norm brings text into the forms in which the extractor stores and
// compares it.
package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Squeeze replaces each stretch of white space and control characters with one
// space, trims both ends, and removes invisible characters such as the
// zero-width space.
func Squeeze(s string) string {
	if squeezed(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
		case r == '\u200b' || r == '\ufeff' || r == '\u00ad' || r == '\u2060' || r == '\u200e' || r == '\u200f':
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// squeezed reports whether s is ASCII that Squeeze returns unchanged. Most texts are, and
// need not be copied.
func squeezed(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c >= unicode.MaxASCII || c < ' ' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space
}

// Fold returns the letters and digits of s in lower case, which is the form in
// which texts are compared.
func Fold(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			} else if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
				continue
			}
			b = append(b, byte(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return string(b)
}

// Len returns the number of characters in s.
func Len(s string) int { return utf8.RuneCountInString(s) }

// Prefix returns at most the first n bytes of s, without a character that would be
// incomplete.
func Prefix(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// HasWord reports whether word is one of the words of s.
func HasWord(s, word string) bool {
	for w := range strings.FieldsSeq(s) {
		if w == word {
			return true
		}
	}
	return false
}

// WordEnds reports whether no word continues across s[at].
func WordEnds(s string, at int) bool {
	if at >= len(s) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	next, _ := utf8.DecodeRuneInString(s[at:])
	return !unicode.IsLetter(before) || !unicode.IsLetter(next)
}
