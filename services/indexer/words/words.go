// Package words says what the searchable words of a text are, alike in the index
// and in a query, in every script.
package words

import (
	"bytes"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxBytes is where a longer word is cut, in the index and in a query
// alike. PostgreSQL allows 2,046 bytes in a word.
const maxBytes = 128

// tatweel stretches an Arabic word, or bears a vowel point that stands alone.
const tatweel = 'ـ'

// Word is one searchable word of a text.
type Word struct {
	// Folded is the word as it is indexed: letters, digits and marks alone,
	// without case and accents.
	Folded string
	// Start and End are where it stands in the text, in bytes.
	Start, End int
}

// unspaced are the scripts that put no spaces between words, or, as Korean
// does, join particles to them. Each of their characters is a word of its
// own, and a run of them in a query is a phrase: whatever stands in the text
// is found without a dictionary.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// In yields a text's words in order: runs of letters, digits and marks,
// without case, accents, vowel points, differences of form and the Arabic article.
func In(text string) iter.Seq[Word] {
	return func(yield func(Word) bool) {
		var folded []byte
		start := 0
		flush := func(end int) bool {
			if len(folded) == 0 {
				return true
			}
			w := Word{string(cut(withoutArticle(folded))), start, end}
			folded = folded[:0]
			return yield(w)
		}
		for i := 0; i < len(text); {
			b := text[i]
			if b < utf8.RuneSelf {
				if c := foldASCII(b); c == 0 {
					if !flush(i) {
						return
					}
				} else {
					if len(folded) == 0 {
						start = i
					}
					folded = append(folded, c)
				}
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(text[i:])
			kind := classify(r, size)
			if kind == separator || kind == character {
				if !flush(i) {
					return
				}
			}
			if kind == letter || kind == character || (kind == mark && len(folded) > 0) {
				if len(folded) == 0 {
					start = i
				}
				folded = appendFolded(folded, r, text[i:i+size])
			}
			i += size
			// A character's marks belong to it; anything else begins a word.
			if kind == character || (kind == mark && isUnspacedWord(folded)) {
				if next, n := utf8.DecodeRuneInString(text[i:]); classify(next, n) != mark {
					if !flush(i) {
						return
					}
				}
			}
		}
		flush(len(text))
	}
}

type runeKind int

const (
	separator runeKind = iota
	letter
	character // of an unspaced script
	mark
	ignored
)

func classify(r rune, size int) runeKind {
	switch {
	case r < utf8.RuneSelf:
		if size > 0 && foldASCII(byte(r)) != 0 {
			return letter
		}
		return separator
	case r == utf8.RuneError:
		return separator
	case r == '\u00ad' || r == '\u200d' || r == tatweel: // soft hyphen, joiner
		return ignored
	case r < 0x0e00: // before the first unspaced script: spares the look-up
	case unicode.In(r, unspaced...):
		if unicode.IsMark(r) {
			return mark
		}
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return character
		}
		return separator
	}
	switch {
	case unicode.IsMark(r):
		return mark
	case unicode.IsLetter(r), unicode.IsNumber(r):
		if r >= 0x0e00 && bytes.ContainsFunc(norm.NFKD.PropertiesString(string(r)).Decomposition(), isUnspaced) {
			return character // a numeral in a circle or in brackets, or raised
		}
		return letter
	}
	return separator
}

func isUnspacedWord(folded []byte) bool {
	first, _ := utf8.DecodeRune(folded)
	return isUnspaced(first)
}

func isUnspaced(r rune) bool { return r >= 0x0e00 && unicode.In(r, unspaced...) }

// foldASCII returns a letter in lower case or a digit, and 0 for other signs.
func foldASCII(b byte) byte {
	switch {
	case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
		return b
	case 'A' <= b && b <= 'Z':
		return b + ('a' - 'A')
	}
	return 0
}

// appendFolded appends what is indexed for one letter or mark: its
// compatibility decomposition (NFKD) in lower case without accents. Kana keep
// their voicing marks, which are no accents, and Lao its two digraphs, which are one
// character each.
func appendFolded(folded []byte, r rune, encoded string) []byte {
	if 0x3040 <= r && r <= 0x30ff || r == 'ໜ' || r == 'ໝ' {
		return append(folded, encoded...)
	}
	decomposed := norm.NFKD.PropertiesString(encoded).Decomposition()
	if decomposed == nil {
		return appendFoldedRune(folded, r)
	}
	for len(decomposed) > 0 {
		part, size := utf8.DecodeRune(decomposed)
		folded = appendFoldedRune(folded, part)
		decomposed = decomposed[size:]
	}
	return folded
}

func appendFoldedRune(folded []byte, r rune) []byte {
	if unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited, unicode.Arabic, unicode.Hebrew) {
		return folded
	}
	r = unicode.ToLower(r)
	switch r {
	case tatweel: // of a vowel point's presentation form
		return folded
	case 'ß':
		return append(folded, "ss"...)
	case 'æ':
		return append(folded, "ae"...)
	case 'œ':
		return append(folded, "oe"...)
	case 'ø':
		r = 'o'
	case 'ł':
		r = 'l'
	case 'đ':
		r = 'd'
	case 'ı': // Turkish: its capital is the I that becomes i elsewhere
		r = 'i'
	case 'ς':
		r = 'σ'
	case 'ي', 'ى': // Arabic keyboards for Persian and Kurdish, and the reverse
		r = 'ی'
	case 'ك':
		r = 'ک'
	case 'ة':
		r = 'ه'
	}
	if !unicode.In(r, unicode.L, unicode.N, unicode.M) {
		return folded
	}
	if r < utf8.RuneSelf {
		return append(folded, byte(r))
	}
	return utf8.AppendRune(folded, r)
}

// arabicArticles are the Arabic article and what is written together with it: and,
// then, with, like, and for the.
var arabicArticles = []string{"ال", "وال", "فال", "بال", "کال", "لل"}

// minAfterArticle is how many bytes have to follow an article, three letters:
// with fewer, its letters are most often the word's own.
const minAfterArticle = 6

// withoutArticle leaves out the Arabic article, which is written together with
// its word: whoever asks for a train means the train as well.
func withoutArticle(folded []byte) []byte {
	if len(folded) < len(arabicArticles[0])+minAfterArticle || folded[0] < 0xd8 || folded[0] > 0xda { // the first bytes of Arabic letters
		return folded
	}
	for _, article := range arabicArticles {
		if rest, found := bytes.CutPrefix(folded, []byte(article)); found && len(rest) >= minAfterArticle {
			return rest
		}
	}
	return folded
}

// cut shortens a word to maxBytes without splitting a character.
func cut(folded []byte) []byte {
	if len(folded) <= maxBytes {
		return folded
	}
	end := maxBytes
	for end > 0 && !utf8.RuneStart(folded[end]) {
		end--
	}
	return folded[:end]
}

// breakWord stands between the parts of a field, such as two authors' names:
// no query holds it, so no phrase reaches across it.
const breakWord = "·"

// Join returns the words of several texts parted by spaces, the texts by
// breakWord, in at most limit bytes.
func Join(limit int, texts ...string) string { return (*Stems)(nil).Join(limit, texts...) }

// Join returns what the function Join does, and gathers the stems of those words.
func (s *Stems) Join(limit int, texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		atStart := true
		for w := range In(text) {
			if b.Len()+len(w.Folded)+len(breakWord)+2 > limit {
				return b.String()
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
				if atStart {
					b.WriteString(breakWord + " ")
				}
			}
			atStart = false
			b.WriteString(w.Folded)
			if s != nil {
				s.add(text, w)
			}
		}
	}
	return b.String()
}
