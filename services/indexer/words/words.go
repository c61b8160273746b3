// Package words splits text in any script into searchable words, in the same
// way for the index and for queries.
package words

import (
	"bytes"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxBytes is the maximum length of a word. Longer words are truncated, in the
// index and in queries. PostgreSQL allows 2,046 bytes.
const maxBytes = 128

// firstUnspaced is the first character of the scripts in unspaced.
const firstUnspaced = 0x0e00

// tatweel elongates an Arabic word or carries an isolated vowel point.
const tatweel = 'ـ'

// Word is one searchable word of a text.
type Word struct {
	// Folded is the word as indexed: only letters, digits and marks, without
	// case and accents.
	Folded string
	// Start and End delimit the word in the text, in bytes.
	Start, End int
}

// unspaced lists the scripts that do not separate words by spaces or, like
// Korean, attach particles to words. Each of their characters is indexed as a
// word, and a sequence of them in a query is a phrase, so any substring can be
// found without a dictionary.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// In yields the words of a text in order: runs of letters, digits and marks,
// without case, accents, vowel points, compatibility differences and the Arabic
// article.
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
			// A character's marks belong to it; anything else starts a new
			// word.
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
	case r < firstUnspaced: // skips the slower table look-up
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
		if r >= firstUnspaced && bytes.ContainsFunc(norm.NFKD.PropertiesString(string(r)).Decomposition(), isUnspaced) {
			return character // circled, bracketed or superscript numerals
		}
		return letter
	}
	return separator
}

func isUnspacedWord(folded []byte) bool {
	first, _ := utf8.DecodeRune(folded)
	return isUnspaced(first)
}

func isUnspaced(r rune) bool { return r >= firstUnspaced && unicode.In(r, unspaced...) }

// foldASCII returns a letter in lower case, a digit unchanged, and 0 for any
// other byte.
func foldASCII(b byte) byte {
	switch {
	case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
		return b
	case 'A' <= b && b <= 'Z':
		return b + ('a' - 'A')
	}
	return 0
}

// appendFolded appends the indexed form of one letter or mark: its
// compatibility decomposition (NFKD) in lower case without accents. Kana keep
// their voicing marks, which are not accents, and the two Lao digraphs stay
// single characters.
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
	case tatweel: // from the presentation form of a vowel point
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
	case 'ı': // Turkish: its capital I is lower-cased to i in other languages
		r = 'i'
	case 'ς':
		r = 'σ'
	case 'ي', 'ى': // Persian and Kurdish are typed on Arabic keyboards, and vice versa
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

// arabicArticles lists the Arabic article and its combinations with the
// particles and, then, with, like and for, which are written as one word with
// it.
var arabicArticles = []string{"ال", "وال", "فال", "بال", "کال", "لل"}

// minAfterArticle is the minimum length in bytes, three letters, of what
// follows an article. In shorter words the letters are usually part of the word
// itself.
const minAfterArticle = 6

// withoutArticle removes the Arabic article, which is written together with its
// noun, so that a query for "train" also finds "the train".
func withoutArticle(folded []byte) []byte {
	// the first bytes of Arabic letters
	if len(folded) < len(arabicArticles[0])+minAfterArticle || folded[0] < 0xd8 || folded[0] > 0xda {
		return folded
	}
	for _, article := range arabicArticles {
		if rest, found := bytes.CutPrefix(folded, []byte(article)); found && len(rest) >= minAfterArticle {
			return rest
		}
	}
	return folded
}

// AfterArticle returns what follows the Arabic article in a folded word, however short,
// and reports whether the word starts with the article.
func AfterArticle(folded string) (rest string, found bool) {
	for _, article := range arabicArticles {
		if rest, found := strings.CutPrefix(folded, article); found {
			return rest, true
		}
	}
	return folded, false
}

// cut truncates a word to maxBytes without splitting a character.
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

// breakWord separates the parts of a field, such as the names of two authors.
// It never occurs in a query, so a phrase cannot match across parts.
const breakWord = "·"

// Join returns the words of several texts in at most limit bytes. Words are
// separated by spaces, texts also by breakWord.
func Join(limit int, texts ...string) string { return (*Stems)(nil).Join(limit, texts...) }

// Join is like the function Join, and also collects the stems of the words.
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
