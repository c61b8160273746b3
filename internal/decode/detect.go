package decode

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/unicode/norm"
)

// A charset is detected by decoding a sample of the page with each candidate, and by
// scoring the text as each language of the candidate. The score is the cost of the text
// in bits: the negative base-2 logarithm of its probability, given the frequencies of
// letters and pairs of letters in the language. Candidates can be compared directly,
// because all of them explain the same bytes.

const (
	// sampleBytes is the number of bytes, in words with bytes that are not ASCII, that
	// the detection examines.
	sampleBytes = 1500
	// searchBytes is the number of bytes that are searched for these words, from the
	// first byte that is not ASCII.
	searchBytes = 64 << 10

	// Costs of what the model does not list, in bits.
	rarePair    = 13 // two letters of the language
	rareLetter  = 17 // a letter that the language does not have
	wordEnd     = 2.5
	punctuation = 5
	symbol      = 14
	impossible  = 24 // an invalid byte, a control character
	mark        = 4  // a combining mark
	upperInWord = 8  // a capital after a small letter
	upperFirst  = 3.5
	upperAgain  = 0.5
	mixed       = 8 // a letter of another script before it, or a symbol within a word

	// A declared charset is rejected if another one is better by this many bits for
	// each byte that is not ASCII, and by this many in total.
	rejectPerByte, rejectTotal = 2, 60
)

// candidates are the charsets that can be detected, with their languages and a penalty in
// bits, which is higher for rarer charsets.
var candidates = []struct {
	label     string
	rarity    float64
	languages string
}{
	{"windows-1252", 0, "de fr es it pt nl sv da nb fi is ca eu ga"},
	{"windows-1251", 2, "ru uk bg be mk sr"},
	{"gb18030", 2, "zh"},
	{"shift_jis", 2, "ja"},
	{"euc-jp", 2, "ja"},
	{"euc-kr", 2, "ko"},
	{"big5", 2, "zh-Hant"},
	{"windows-1256", 2, "ar fa ur"},
	{"windows-1250", 3, "cs pl hu sk ro sl hr bs sq"},
	{"iso-8859-2", 3.5, "cs pl hu sk ro sl hr bs sq"},
	{"windows-1254", 3, "tr"},
	{"windows-1253", 3, "el"},
	{"iso-8859-7", 3.5, "el"},
	{"windows-1255", 3, "he"},
	{"windows-874", 3, "th"},
	{"koi8-r", 3, "ru"},
	{"koi8-u", 5, "uk"},
	{"windows-1257", 4, "lt lv et"},
	{"windows-1258", 5, "vi"},
	{"iso-8859-15", 6, "fr fi et"},
	{"iso-8859-5", 6, "ru bg mk sr"},
	{"iso-8859-6", 6, "ar"},
	{"iso-8859-8", 6, "he"},
	{"iso-8859-13", 8, "lt lv"},
	{"ibm866", 8, "ru"},
	{"macintosh", 10, "de fr es it pt"},
	{"x-mac-cyrillic", 12, "ru uk"},
}

// detect returns the most likely charset of a page that is not UTF-8. declared is the
// charset that the page declares, or "". The declared charset is kept unless its text is
// implausible.
func detect(body []byte, declared string) string {
	sample := sample(body)
	size := 0
	for _, c := range sample {
		if c >= utf8.RuneSelf {
			size++
		}
	}
	best, least := "windows-1252", 0.0
	for i, c := range candidates {
		if cost := cost(sample, c.label, c.languages) + c.rarity; i == 0 || cost < least {
			best, least = c.label, cost
		}
	}
	if declared == "" || declared == best {
		return best
	}
	own := declaredCost(sample, declared)
	if own-least > rejectTotal && own-least > float64(rejectPerByte*size) {
		return best
	}
	return declared
}

// declaredCost returns the cost of a sample, in bits, in the charset that a page
// declares. It tries the languages of all candidates, so the cost is never higher than
// that of the candidate with this charset.
func declaredCost(sample []byte, label string) float64 {
	if label == "gbk" {
		label = "gb18030" // its superset
	}
	var all strings.Builder
	for _, c := range candidates {
		if c.label == label {
			return cost(sample, label, c.languages) + c.rarity
		}
		all.WriteString(c.languages + " ")
	}
	return cost(sample, label, all.String())
}

// sample returns the words that contain bytes that are not ASCII. None of the bytes
// between words is a part of a character in a multi-byte charset.
func sample(body []byte) []byte {
	start := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
	if start < 0 {
		return nil
	}
	start = bytes.LastIndexAny(body[:start], " \t\r\n<>\"=") + 1
	var words []byte
	for word := range bytes.FieldsFuncSeq(body[start:min(len(body), start+searchBytes)], func(r rune) bool {
		return r <= ' ' || r == '<' || r == '>' || r == '"' || r == '='
	}) {
		if bytes.ContainsFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }) {
			if len(words)+len(word) > sampleBytes && len(words) > 0 {
				break
			}
			words = append(append(words, word[:min(len(word), sampleBytes)]...), ' ')
		}
	}
	return words
}

// cost returns the cost of a sample, in bits, in a charset: the lowest cost among the
// languages.
func cost(sample []byte, label, languages string) float64 {
	enc, _ := charset.Lookup(label)
	if enc == nil {
		return impossible * float64(len(sample))
	}
	text, err := enc.NewDecoder().Bytes(sample)
	if err != nil {
		return impossible * float64(len(sample))
	}
	if label == "windows-1258" { // it has letters without their marks
		text = norm.NFC.Bytes(text)
	}
	least := -1.0
	for name := range strings.FieldsSeq(languages) {
		if cost := letterModel()[name].cost(text); least < 0 || cost < least {
			least = cost
		}
	}
	return least
}

// language has the costs, in bits, of the letters of a language.
type language struct {
	letters map[rune]float32
	pairs   map[[2]rune]float32 // the second letter after the first, unless both are ASCII
}

// cost returns the cost of a text, in bits, in the language. It counts the characters
// that are not ASCII, and the character after each of them.
func (l *language) cost(text []byte) float64 {
	total, before, last := 0.0, ' ', ' '
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		if r >= utf8.RuneSelf || last >= utf8.RuneSelf {
			total += l.next(last, r)
		}
		if last >= utf8.RuneSelf && unicode.IsLetter(r) && breaksWord(last) &&
			(unicode.IsLetter(before) || unicode.IsNumber(last)) {
			total += mixed
		}
		before, last = last, r
	}
	return total
}

// next returns the bits that a character costs after another one.
func (l *language) next(last, r rune) float64 {
	switch {
	case unicode.IsLetter(r):
		return l.letter(last, r)
	case r < utf8.RuneSelf:
		if unicode.IsLetter(last) {
			return wordEnd
		}
		return 0
	case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Co, unicode.Cn):
		return impossible
	case r == '¤': // in most pages, its byte means the euro sign
		return impossible
	case unicode.IsMark(r) && (unicode.IsLetter(last) || unicode.IsMark(last)):
		return mark
	case r == '’' && !unicode.IsLetter(last) && !unicode.IsDigit(last), r == '€' && unicode.IsLetter(last):
		return symbol
	case strings.ContainsRune("„“”’‘–—…«»·•€\u00a0", r), r > 0x3000 && r <= 0x3011, r > 0xff00 && r <= 0xff20:
		return punctuation
	default:
		return symbol
	}
}

// breaksWord reports whether a character never appears inside a word.
func breaksWord(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune("’·–—…\u00a0", r)
}

func (l *language) letter(last, r rune) float64 {
	small, total := unicode.ToLower(r), 0.0
	inWord := unicode.IsLetter(last)
	switch upper := small != r; {
	case upper && inWord && unicode.IsLower(last):
		total += upperInWord
	case upper && inWord:
		total += upperAgain
	case upper:
		total += upperFirst
	}
	own, known := l.letters[small]
	if !known {
		return total + rareLetter
	}
	if inWord && len(l.pairs) == 0 && last < utf8.RuneSelf {
		total += mixed
	}
	if !inWord || len(l.pairs) == 0 {
		return total + float64(own)
	}
	pair, known := l.pairs[[2]rune{unicode.ToLower(last), small}]
	if !known {
		return total + rarePair
	}
	return total + float64(pair)
}

// charsetModel is the output of cmd/traincharsets. A line has a language, a letter, and
// the letters that can follow it. After each of these comes its cost in half bits, as a
// character counted from '0'. The line without a first letter has the costs of single
// letters.
//
//go:embed charset.model
var charsetModel string

// letterModel returns the languages of charset.model by name.
var letterModel = sync.OnceValue(func() map[string]*language {
	all := map[string]*language{}
	for line := range strings.Lines(charsetModel) {
		name, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		first, letters, _ := strings.Cut(rest, "\t")
		if all[name] == nil {
			all[name] = &language{letters: map[rune]float32{}, pairs: map[[2]rune]float32{}}
		}
		previous, _ := utf8.DecodeRuneInString(first)
		last := rune(0)
		for _, r := range letters {
			switch {
			case last == 0:
				last = r
				continue
			case first == "":
				all[name].letters[last] = float32(r-'0') / 2
			default:
				all[name].pairs[[2]rune{previous, last}] = float32(r-'0') / 2
			}
			last = 0
		}
	}
	return all
})
