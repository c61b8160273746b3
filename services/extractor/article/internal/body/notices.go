package body

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// letter reports whether a byte is an ASCII letter.
func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// wordLength returns the number of bytes of the letters that a text starts with.
func wordLength(text []byte) int {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if !letter(c) {
				return i
			}
			i++
			continue
		}
		c, size := utf8.DecodeRune(text[i:])
		if !unicode.IsLetter(c) {
			return i
		}
		i += size
	}
	return len(text)
}

// hasConsentNotice reports whether a text in lower case contains one of the
// notices, from the start of a word.
func hasConsentNotice(text []byte) bool {
	for len(text) > 0 {
		size := wordLength(text)
		for _, notice := range noticesByWord[string(text[:size])] {
			if bytes.HasPrefix(text, []byte(notice)) {
				return true
			}
		}
		if size == 0 {
			_, size = utf8.DecodeRune(text)
		}
		text = text[size:]
	}
	return false
}

// appendLower appends a text in lower case.
func appendLower(lower, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower = append(lower, c)
			i++
			continue
		}
		c, size := utf8.DecodeRune(text[i:])
		lower = utf8.AppendRune(lower, unicode.ToLower(c))
		i += size
	}
	return lower
}
