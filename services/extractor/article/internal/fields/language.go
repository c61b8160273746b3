package fields

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Language is the language of a text and the direction of its script.
type Language struct {
	Tag       record.Field[string]
	Direction record.Field[record.Direction]
}

const (
	maxSample = 1200 // bytes of text from which the language is detected
	minSample = 200  // bytes below which the text is not reliable evidence

	// minConfidence is the confidence of the detector from which its result overrides
	// the declared language.
	minConfidence = 0.5
)

// undetermined is the tag of an unknown language (ISO 639-2).
const undetermined = "und"

// ReadLanguage detects the language of the text. If the text is short or fits several
// languages, it returns the declared language.
func ReadLanguage(text, title, summary, declared string) Language {
	sample := text
	if len(sample) < minSample {
		sample = title + "\n" + summary + "\n" + sample
	}
	sample = norm.Prefix(sample, maxSample)
	return Language{
		Tag:       languageOf(sample, declared),
		Direction: record.NewField(directionOf(sample), record.FromText, 0.98),
	}
}

func languageOf(sample, declared string) record.Field[string] {
	if lang := byFunctionWords(sample, declared); lang != "" && len(sample) >= minSample {
		return record.NewField(lang, record.FromText, 0.99)
	}
	info := whatlanggo.Detect(sample)
	code := info.Lang.Iso6391()
	sure := len(sample) >= minSample && (info.IsReliable() || info.Confidence > minConfidence)
	switch {
	case code == "" && declared == "":
		return fact{Value: undetermined}
	case code == "" || !sure && declared != "":
		return record.NewField(declared, record.FromMeta, 0.85)
	case code == declared:
		return record.NewField(code, record.FromText, 0.99)
	case confusable(code, declared):
		return record.NewField(declared, record.FromMeta, 0.85)
	}
	return record.NewField(code, record.FromText, 0.8)
}

const (
	// declaredShare is the share of function words from which a text is in the declared
	// language. No text of the corpus in another language has as many, except for
	// languages that the detector confuses.
	declaredShare = 0.1
	anyShare      = 0.2 // in a text if no language is declared
)

// byFunctionWords returns the declared language if enough of the words are function
// words of that language. If no language is declared, it returns the language with the
// most function words, if they are enough. Otherwise it returns "".
func byFunctionWords(text, declared string) string {
	shares := functionWordShares(text)
	if declared != "" {
		if shares[declared] >= declaredShare {
			return declared
		}
		return ""
	}
	best, most := "", anyShare
	for _, lang := range slices.Sorted(maps.Keys(shares)) {
		if shares[lang] > most {
			best, most = lang, shares[lang]
		}
	}
	return best
}

// functionWordShares returns, by language, the share of a text's words that are function
// words of the language.
func functionWordShares(text string) map[string]float64 {
	shares := make(map[string]float64)
	all := 0
	for word := range strings.FieldsSeq(text) {
		all++
		for _, lang := range languagesOf[word] {
			shares[lang]++
		}
	}
	for lang := range shares {
		shares[lang] /= float64(all)
	}
	return shares
}

// confusable reports whether the detector confuses two languages, so that the
// declared one is better evidence.
func confusable(a, b string) bool {
	group := languageGroup(a)
	return group != "" && group == languageGroup(b)
}

// languageGroup returns the group of languages that statistics confuse, named
// after one of them.
func languageGroup(lang string) string {
	switch lang {
	case "nb", "no", "nn", "da":
		return "no"
	case "hr", "sr", "bs", "sh":
		return "sh"
	case "id", "ms", "jv":
		return "ms"
	case "cs", "sk":
		return "cs"
	case "pt", "gl", "es", "ca":
		return "gl"
	case "fa", "ar", "ur", "ku", "ckb", "ps":
		return "ar"
	case "ru", "uk", "be", "bg", "mk":
		return "ru"
	case "tr", "az":
		return "tr"
	case "hi", "ne", "mr":
		return "hi"
	case "nl", "af":
		return "nl"
	case "zh", "ja":
		return "zh"
	}
	return ""
}

// firstRightToLeft is the first character of the right-to-left scripts.
const firstRightToLeft = 0x590

// directionOf returns the direction of most letters.
func directionOf(text string) record.Direction {
	rtl, ltr := 0, 0
	for _, c := range text {
		switch {
		case !unicode.IsLetter(c) && c < firstRightToLeft:
		case c >= firstRightToLeft && unicode.IsLetter(c) &&
			unicode.In(c, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko):
			rtl++
		case unicode.IsLetter(c):
			ltr++
		}
	}
	if rtl > ltr {
		return record.RightToLeft
	}
	return record.LeftToRight
}

// firstIdeograph is the first character of the CJK blocks of Unicode.
const firstIdeograph = 0x2E80

// CountWords counts the words of a text. Each ideograph or kana is a word.
func CountWords(text string) int {
	n, within := 0, false
	for _, c := range text {
		switch {
		case c >= firstIdeograph && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana):
			n++
			within = false
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			if !within {
				n++
			}
			within = true
		case c == '\'' || c == '’' || c == '-' || unicode.IsMark(c):
		default:
			within = false
		}
	}
	return n
}
