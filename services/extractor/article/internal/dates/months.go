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

// monthTable maps the names in a list to the number of the month, with which the
// name of the list's section starts.
func monthTable(list string) map[string]time.Month {
	t := make(map[string]time.Month, 1200)
	for section, name := range wordlist.Sections(list) {
		number, _, _ := strings.Cut(section, " ")
		month, err := strconv.Atoi(number)
		if err != nil {
			panic("dates: section of months: " + err.Error())
		}
		t[sameLetters(name)] = time.Month(month)
	}
	return t
}

// letterForms makes one of the letters that keyboards and languages write
// differently: Arabic ones, Greek ones with and without accents, and those of India
// with a dot below, which may be a character of its own.
var letterForms = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ی", "ي", "ى", "ي", "ێ", "ي", "ک", "ك", "ە", "ه", "ة", "ه", "ہ", "ه", "ۆ", "و", "\u064b", "", "\u064e", "", "\u064f", "", "\u0650", "", "\u0651", "", "\u0652", "",
	"ά", "α", "έ", "ε", "ή", "η", "ί", "ι", "ϊ", "ι", "ΐ", "ι", "ό", "ο", "ύ", "υ", "ώ", "ω", "ς", "σ",
	"\u0958", "\u0915", "\u0959", "\u0916", "\u095a", "\u0917", "\u095b", "\u091c", "\u095e", "\u092b", "\u095f", "\u092f", "\u093c", "", "\u09df", "\u09af", "\u09bc", "", "\u0a5e", "\u0a2b", "\u0a3c", "")

func sameLetters(s string) string {
	if s == "" || s[0] < 0xCD || s[0] > 0xE0 || s[0] > 0xCF && s[0] < 0xD8 {
		return s // no Greek, Arabic or Indian letters
	}
	return letterForms.Replace(s)
}

// monthAt reads a month's name of one or two words at token i, with the ending or
// prefix that some languages join to it, and the name by which another calendar's
// custom calls the same month ("نيسان / أبريل").
func monthAt(names map[string]time.Month, toks []token, i int) (month, next int, ok bool) {
	m, next, ok := nameAt(names, toks, i)
	if ok && next+1 < len(toks) && (toks[next].is("/") || toks[next].is("(") || toks[next].is("-")) {
		if again, after, known := nameAt(names, toks, next+1); known && again == m {
			next = after
		}
	}
	return int(m), next, ok
}

func nameAt(names map[string]time.Month, toks []token, i int) (month time.Month, next int, ok bool) {
	if i >= len(toks) || toks[i].num >= 0 {
		return 0, i, false
	}
	text := sameLetters(toks[i].text)
	if i+1 < len(toks) && toks[i+1].num < 0 {
		two := text + " " + sameLetters(toks[i+1].text)
		if m, known := names[two]; known {
			return m, i + 2, true
		}
		if m, known := names[strings.TrimSuffix(two, "ي")]; known {
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
	// In Kurdish "i" joins the name to the year, in Burmese "la" says that it is a
	// month, as "khae" does before it in Khmer and "duean" in Lao and Thai.
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, "ខែ"), "ເດືອນ"), "เดือน")
	m, known := names[strings.TrimSuffix(strings.TrimSuffix(text, "ي"), "လ")]
	return m, i + 1, known
}

// zones are the zone abbreviations seen in news bylines, as offsets in minutes.
// Ambiguous ones (IST, BST, CST) carry their most common reading there.
var zones = map[string]int{
	"utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"bst": 60, "cet": 60, "wat": 60, "mez": 60, "west": 60,
	"cest": 120, "mesz": 120, "eet": 120, "sast": 120, "cat": 120,
	"eest": 180, "msk": 180, "eat": 180, "trt": 180, "ast": -240,
	"gst": 240, "pkt": 300, "ist": 330, "npt": 345, "irst": 210, "ict": 420, "wib": 420, "wita": 480, "wit": 540, "pht": 480, "hkt": 480, "sgt": 480, "awst": 480,
	"jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
	"est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300,
	"mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "brt": -180,
}
