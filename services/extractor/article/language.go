package article

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// sampleText bounds what the language is told from, in bytes.
const sampleText = 1200

// readLanguage tells the language by the text, and lets the declared one stand
// where the text is too short or speaks for several.
func (r *reader) readLanguage() {
	sample := r.out.Text
	if len(sample) < 200 {
		sample = r.out.Title + "\n" + r.out.Summary + "\n" + sample
	}
	if len(sample) > sampleText {
		sample = strings.ToValidUTF8(sample[:sampleText], "")
	}
	if lang := spoken(sample, r.lang); lang != "" && len(sample) >= 200 {
		r.out.Language = lang
		r.set("language", FromText, 0.99)
		r.readDirection(sample)
		return
	}
	info := whatlanggo.Detect(sample)
	code := info.Lang.Iso6391()
	sure := len(sample) >= 200 && (info.IsReliable() || info.Confidence > 0.5)
	switch {
	case code == "" && r.lang == "":
		r.out.Language = "und"
	case code == "" || !sure && r.lang != "":
		r.out.Language = r.lang
		r.set("language", FromMeta, 0.85)
	case code == r.lang:
		r.out.Language = code
		r.set("language", FromText, 0.99)
	case sameScriptFamily[code] != "" && sameScriptFamily[code] == sameScriptFamily[r.lang]:
		// Trigrams hardly tell these apart; the page knows better.
		r.out.Language = r.lang
		r.set("language", FromMeta, 0.85)
	default:
		r.out.Language = code
		r.set("language", FromText, 0.8)
	}
	r.readDirection(sample)
}

//go:embed lists/function_words.txt
var functionWordList string

// functionWords holds, by language, its most frequent words that its neighbours do
// not share. A text that has enough of them is in the language that its page
// declares, and the costlier trigrams need not be counted (0.9 ms a page).
var functionWords = wordSets(functionWordList)

// wordSets returns a set of words for each section of a list.
func wordSets(list string) map[string]map[string]bool {
	sets := make(map[string]map[string]bool)
	for section, word := range wordlist.Sections(list) {
		if sets[section] == nil {
			sets[section] = make(map[string]bool)
		}
		sets[section][word] = true
	}
	return sets
}

// spoken is the declared language if one in seven of a text's words is a
// function word of it; where none is declared, the language that has one in
// five; else "".
func spoken(text, declared string) string {
	if declared != "" {
		if share(text, functionWords[declared]) >= 1.0/7 {
			return declared
		}
		return ""
	}
	best, most := "", 1.0/5
	for _, lang := range slices.Sorted(maps.Keys(functionWords)) {
		if s := share(text, functionWords[lang]); s > most {
			best, most = lang, s
		}
	}
	return best
}

// share is the share of a text's words that are in a set.
func share(text string, set map[string]bool) float64 {
	if set == nil {
		return 0
	}
	all, known := 0, 0
	for word := range strings.FieldsSeq(text) {
		all++
		if set[word] {
			known++
		}
	}
	return float64(known) / float64(max(all, 1))
}

// sameScriptFamily groups languages that statistics confuse.
var sameScriptFamily = map[string]string{
	"nb": "no", "no": "no", "nn": "no", "da": "no",
	"hr": "sh", "sr": "sh", "bs": "sh", "sh": "sh",
	"id": "ms", "ms": "ms", "jv": "ms",
	"cs": "cs", "sk": "cs",
	"pt": "gl", "gl": "gl", "es": "gl", "ca": "gl",
	"fa": "ar", "ar": "ar", "ur": "ar", "ku": "ar", "ckb": "ar", "ps": "ar",
	"ru": "ru", "uk": "ru", "be": "ru", "bg": "ru", "mk": "ru",
	"tr": "tr", "az": "tr", "hi": "hi", "ne": "hi", "mr": "hi",
	"nl": "nl", "af": "nl", "zh": "zh", "ja": "zh",
}

// readDirection is the direction of most letters.
func (r *reader) readDirection(sample string) {
	rtl, ltr := 0, 0
	for _, c := range sample {
		switch {
		case c < 0x590 || !unicode.IsLetter(c):
			if unicode.IsLetter(c) {
				ltr++
			}
		case unicode.In(c, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko):
			rtl++
		default:
			ltr++
		}
	}
	r.out.Direction = LeftToRight
	if rtl > ltr {
		r.out.Direction = RightToLeft
	}
	r.set("direction", FromText, 0.98)
}

// countWords counts the words of a text; each ideograph or kana is one.
func countWords(text string) int {
	n, in := 0, false
	for _, c := range text {
		switch {
		case c >= 0x2E80 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana):
			n++
			in = false
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			if !in {
				n++
			}
			in = true
		case c == '\'' || c == '’' || c == '-' || unicode.IsMark(c):
		default:
			in = false
		}
	}
	return n
}

// readAccess sees a paywall in structured data or in the page's structure.
func (r *reader) readAccess() {
	r.out.Access = AccessUnknown
	if r.story != nil {
		switch v := r.story["isAccessibleForFree"].(type) {
		case bool:
			r.setAccess(v)
		case string:
			r.setAccess(strings.EqualFold(v, "true"))
		}
	}
	if r.out.Access != AccessUnknown {
		return
	}
	switch strings.ToLower(r.firstMeta("article:content_tier", "content_tier")) {
	case "free":
		r.out.Access = AccessFree
		r.set("access", FromMeta, 0.85)
	case "locked", "metered", "premium":
		r.out.Access = AccessPaywalled
		r.set("access", FromMeta, 0.8)
	default:
		for i := range r.runs {
			if r.runs[i].verdict == dropTruncation && r.elems[r.runs[i].elem].node.DataAtom != atom.A {
				r.out.Access = AccessPaywalled
				r.set("access", FromStructure, 0.6)
				return
			}
		}
	}
}

func (r *reader) setAccess(free bool) {
	r.out.Access = AccessPaywalled
	if free {
		r.out.Access = AccessFree
	}
	r.set("access", FromJSONLD, 0.92)
}
