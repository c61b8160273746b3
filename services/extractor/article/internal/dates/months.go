package dates

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/months.txt
	monthList string
	//go:embed lists/solar_months.txt
	solarMonthList string

	months      = monthTable(monthList)
	solarMonths = monthTable(solarMonthList)
)

// monthTable maps the names in a list, with their letters folded, to months. The title
// of a section starts with the number of its month.
func monthTable(list string) map[string]time.Month {
	t := make(map[string]time.Month, 1200)
	for section, name := range wordlist.Sections(list) {
		number, _, _ := strings.Cut(section, " ")
		month, err := strconv.Atoi(number)
		if err != nil {
			panic("dates: section of months: " + err.Error())
		}
		t[foldLetters(name)] = time.Month(month)
	}
	return t
}

// letterForms maps letters that are written differently by language or keyboard to one
// form.
var letterForms = strings.NewReplacer(
	// Arabic letters and vowel points.
	"أ", "ا", "إ", "ا", "آ", "ا", "ی", "ي", "ى", "ي", "ێ", "ي", "ک", "ك", "ە", "ه", "ة", "ه", "ہ", "ه", "ۆ", "و",
	"\u064b", "", "\u064e", "", "\u064f", "", "\u0650", "", "\u0651", "", "\u0652", "",
	// Greek letters with accents, and the final sigma.
	"ά", "α", "έ", "ε", "ή", "η", "ί", "ι", "ϊ", "ι", "ΐ", "ι", "ό", "ο", "ύ", "υ", "ώ", "ω", "ς", "σ",
	// Indian letters with a dot below (nukta), which can be a character of its own:
	// Devanagari, Bengali and Gurmukhi.
	"\u0958", "\u0915", "\u0959", "\u0916", "\u095a", "\u0917", "\u095b", "\u091c", "\u095e", "\u092b", "\u095f", "\u092f",
	"\u093c", "",
	"\u09df", "\u09af", "\u09bc", "",
	"\u0a5e", "\u0a2b", "\u0a3c", "",
)

// foldLetters returns s with each letter in the form of letterForms.
func foldLetters(s string) string {
	// Most words have no Greek, Arabic or Indian letters; their first byte shows it.
	if s == "" || s[0] < 0xCD || s[0] > 0xE0 || s[0] > 0xCF && s[0] < 0xD8 {
		return s
	}
	return letterForms.Replace(s)
}

// monthAt reads the name of a month at token i. Arabic dates can give two names of the
// same month ("نيسان / أبريل"), which are read as one.
func monthAt(names map[string]time.Month, toks []token, i int) (month, next int, ok bool) {
	m, next, ok := nameAt(names, toks, i)
	if ok && next+1 < len(toks) && (toks[next].is("/") || toks[next].is("(") || toks[next].is("-")) {
		if second, after, known := nameAt(names, toks, next+1); known && second == m {
			next = after
		}
	}
	return int(m), next, ok
}

// nameAt reads the name of a month at token i: one or two words, an abbreviation of two
// letters with a full stop between them, or a word with the prefix or ending that some
// languages attach.
func nameAt(names map[string]time.Month, toks []token, i int) (month time.Month, next int, ok bool) {
	if i >= len(toks) || toks[i].num >= 0 {
		return 0, i, false
	}
	text := foldLetters(toks[i].text)
	if i+1 < len(toks) && toks[i+1].num < 0 {
		two := text + " " + foldLetters(toks[i+1].text)
		if m, known := names[two]; known {
			return m, i + 2, true
		}
		if m, known := names[strings.TrimSuffix(two, kurdishI)]; known {
			return m, i + 2, true
		}
		if toks[i+1].is(".") && i+2 < len(toks) {
			if m, known := names[text+"."+toks[i+2].text]; known {
				return m, i + 3, true
			}
		}
	}
	if m, known := names[text]; known {
		return m, i + 1, true
	}
	if text == "" || text[0] < 0x80 {
		return 0, i, false
	}
	for _, word := range monthPrefixes {
		text = strings.TrimPrefix(text, word)
	}
	m, known := names[strings.TrimSuffix(strings.TrimSuffix(text, kurdishI), burmeseMonth)]
	return m, i + 1, known
}

const (
	// kurdishI is the ending "i" of a month that is followed by the year.
	kurdishI = "ي"
	// burmeseMonth is the word "la" (month), attached to the name.
	burmeseMonth = "လ"
)

// monthPrefixes are the words for "month" that are attached before the name: Khmer
// "khae", Lao "deuan" and Thai "duean".
var monthPrefixes = []string{"ខែ", "ເດືອນ", "เดือน"}
