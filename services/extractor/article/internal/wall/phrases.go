package wall

import (
	"embed"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/*.txt
var lists embed.FS

var (
	// headings are the phrases that headings consist of.
	headings = byEntry(wordlist.Read(lists, "headings"))
	// names are the classes, ids and last segments of addresses.
	names = byEntry(wordlist.Read(lists, "names"))
	// fillers are the words that may surround such a phrase.
	fillers = wordlist.Set(wordlist.Read(lists, "fillers"))
	// sentences are parts of sentences, by their first word.
	sentences, unspaced = byFirstWord(wordlist.Read(lists, "sentences"))
	// codes are the status codes that headings show.
	codes = map[string]kind{
		"403": blocked, "404": notFound, "410": notFound, "429": blocked, "451": blocked,
		"500": errorPage, "502": errorPage, "503": errorPage, "504": errorPage, "520": errorPage, "521": errorPage,
		"522": errorPage, "523": errorPage, "524": errorPage,
	}
)

func byEntry(list string) map[string]kind {
	all := make(map[string]kind)
	for section, entry := range wordlist.Sections(list) {
		all[entry] = kind(section)
	}
	return all
}

// sentence is a part of a sentence with the kind of wall whose text has it.
type sentence struct {
	kind   kind
	phrase string
}

// byFirstWord returns the sentences by their first word, and those in scripts that do not
// separate words.
func byFirstWord(list string) (spaced map[string][]sentence, unspaced []sentence) {
	spaced = make(map[string][]sentence)
	for section, entry := range wordlist.Sections(list) {
		s := sentence{kind(section), entry}
		if first, _ := utf8.DecodeRuneInString(entry); separatesWords(first) {
			word, _, _ := strings.Cut(entry, " ")
			spaced[word] = append(spaced[word], s)
		} else {
			unspaced = append(unspaced, s)
		}
	}
	return spaced, unspaced
}

// firstUnspaced is the first character of the block Thai. The scripts before it have
// spaces between words.
const firstUnspaced = 0x0E00

// separatesWords reports whether the script of a letter has spaces between words.
func separatesWords(r rune) bool {
	return r < firstUnspaced ||
		!unicode.In(r, unicode.Thai, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// sentencesIn yields the sentences in a plain text.
func sentencesIn(text string) iter.Seq2[kind, string] {
	return func(yield func(kind, string) bool) {
		other := false
		for at := 0; at < len(text); {
			end := len(text)
			if i := strings.IndexByte(text[at:], ' '); i >= 0 {
				end = at + i
			}
			first, _ := utf8.DecodeRuneInString(text[at:])
			other = other || !separatesWords(first)
			for _, s := range sentences[text[at:end]] {
				if strings.HasPrefix(text[at:], s.phrase) && !yield(s.kind, s.phrase) {
					return
				}
			}
			at = end + 1
		}
		if !other {
			return
		}
		for _, s := range unspaced {
			if strings.Contains(text, s.phrase) && !yield(s.kind, s.phrase) {
				return
			}
		}
	}
}

// plain returns the letters and digits of a text in lower case, with single spaces for
// everything else between them. Apostrophes are dropped.
func plain(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	space := false
	for _, r := range text {
		switch {
		case r == '\'' || r == '’' || r == '\u200c':
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'),
			unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(unicode.ToLower(r))
		default:
			space = true
		}
	}
	return b.String()
}
