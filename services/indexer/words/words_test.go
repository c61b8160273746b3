package words_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/indexer/words"
)

func folded(text string) string {
	var all []string
	for w := range words.In(text) {
		all = append(all, w.Folded)
	}
	return strings.Join(all, "|")
}

func TestIn(t *testing.T) {
	for text, want := range map[string]string{
		"Don't stop":            "don|t|stop",
		"Café, CAFÉ cafe\u0301": "cafe|cafe|cafe",
		"Straße Łódź Ægir":      "strasse|lodz|aegir",
		"İstanbul ISPARTA ısı":  "istanbul|isparta|isi",
		"北京市 2026":              "北|京|市|2026",
		"می\u200cخواهد كتاب":    "می|خواهد|کتاب",
		"ﬁne ½ №5":              "fine|12|5",
		"\ufcf3 م\ufcf2ر":       "مر", // vowel points that tatweel bears
		"a㊉b ໜາ":                "a|十|b|ໜ|າ",
		"":                      "",
		"…!?":                   "",
		// The Arabic article, by itself and after particles. It is not removed
		// if it is part of the word, nor in other scripts.
		"القطار وَالقطار بالقطار كالقطار فالقطار للقطار قطار": "قطار|قطار|قطار|قطار|قطار|قطار|قطار",
		// At least three letters must follow it.
		"الله والد بالغ لله الآن": "الله|والد|بالغ|لله|الان",
		"البيت والبيت البن والاب": "بیت|بیت|البن|والاب",
		"az AZ 09 a@b[c`d{e/f:g":  "az|az|09|a|b|c|d|e|f|g",
		"ヿ":                       "ヿ",
		"Alabama allgemein":       "alabama|allgemein",
	} {
		if got := folded(text); got != want {
			t.Errorf("%q has the words %q, want %q", text, got, want)
		}
	}
	// A letter of three bytes: 128 bytes end within a letter.
	long := strings.Repeat("ა", 200)
	if got := folded(long); got != strings.Repeat("ა", 42) {
		t.Errorf("a long word is truncated to %q, want the 42 letters that fit 128 bytes", got)
	}
	for length, want := range map[int]int{128: 128, 129: 128} {
		if got := folded(strings.Repeat("a", length)); len(got) != want {
			t.Errorf("a word of %d bytes is cut to %d, want %d", length, len(got), want)
		}
	}
	if got := words.Join(20, "One two", "", "three, four five six"); got != "one two · three" {
		t.Errorf("joined %q", got)
	}
	// Each word needs room for itself, a separator of texts and two spaces.
	for limit, want := range map[int]string{10: "one two", 9: "one", 7: "one", 6: ""} {
		if got := words.Join(limit, "One two"); got != want {
			t.Errorf("joined %q in %d bytes, want %q", got, limit, want)
		}
	}
}

func TestStems(t *testing.T) {
	for _, one := range []struct{ language, word, want string }{
		{"en", "Elections", "elect"},
		{"en-US", "election", "elect"},
		{"en", "elect", ""}, // the word is its own stem
		{"en", "ties", "tie"},
		{"en", "is", ""},
		{"en", "B2Bs", ""}, // a name
		{"de", "Länder", "land"},
		{"fr", "françaises", "francais"},
		{"fr", "Journaux", "journal"},
		{"ru", "ВЫБОРЫ", "выбор"},
		{"ru", "Elections", ""}, // wrong script
		{"tr", "SEÇİMLER", "secim"},
		{"nb", "fergene", "ferg"},
		{"fa", "کتابخانه\u200cها", ""}, // no stemmer
		{"", "elections", ""},
	} {
		for w := range words.In(one.word) {
			if got := words.StemmerOf(one.language).Stem(one.word, w); got != one.want {
				t.Errorf("%s: %q has the stem %q, want %q", one.language, one.word, got, one.want)
			}
			break
		}
	}
	for _, one := range []struct {
		word      string
		languages []string
		want      string
	}{
		{"Elections", []string{"en", "fr-CA", "ru"}, "elect"},
		{"Wahlen", []string{"en", "de"}, "wahl wahlen"},
		{"Notes", []string{"en", "fr"}, "not note"},
		{"Elect", []string{"en"}, "elect"},
		{"город", []string{"en", "fa"}, ""}, // wrong script, and no stemmer
		{"東京", words.StemmedLanguages(), ""},
		{"elections", nil, ""},
	} {
		if got := strings.Join(words.StemsOf(one.word, one.languages), " "); got != one.want {
			t.Errorf("the stems of %q in %q are %q, want %q", one.word, one.languages, got, one.want)
		}
	}
	stems := words.NewStems("en", 20)
	if got := stems.Join(100, "The ferries", "a ferry sailed"); got != "the ferries · a ferry sailed" {
		t.Errorf("joined %q", got)
	}
	if got := stems.String(); got != "≈ferri ≈sail" {
		t.Errorf("the stems are %q", got)
	}
	for limit, want := range map[int]string{7: "", 8: "≈sail", 9: "≈ferri", 15: "≈ferri", 16: "≈ferri ≈sail"} {
		stems := words.NewStems("en", limit)
		stems.Join(100, "The ferries", "a ferry sailed")
		if got := stems.String(); got != want {
			t.Errorf("the stems are %q in %d bytes, want %q", got, limit, want)
		}
	}
}

// BenchmarkStem measures the time to stem a word that is in the cache.
func BenchmarkStem(b *testing.B) {
	const text = "the elections were held on Sunday and ferries sailed between the islands as they always had"
	all := slices.Collect(words.In(text))
	stemmer := words.StemmerOf("en")
	for b.Loop() {
		for _, w := range all {
			stemmer.Stem(text, w)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/word")
}

// FuzzIn verifies that words are in order and within the text, and that neither
// words nor stems are empty or invalid.
func FuzzIn(f *testing.F) {
	for _, seed := range []string{"Don't", "北京 東京", "القطار والالقطار", "می\u200cخواهد", "\xff\xfea\u0301", "ﷺ ½ ²",
		"กรุงเทพ", "e\u200d\u00ad", "\ufcf3 م\ufcf2ر"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for w := range words.In(text) {
			if w.Start < end || w.End <= w.Start || w.End > len(text) {
				t.Fatalf("%q: word %+v starts before %d or ends outside the text", text, w, end)
			}
			end = w.End
			if w.Folded == "" || !utf8.ValidString(w.Folded) {
				t.Fatalf("%q: word %+v is empty or invalid", text, w)
			}
			for _, stem := range words.StemsOf(text[w.Start:w.End], words.StemmedLanguages()) {
				if !utf8.ValidString(stem) || folded(stem) == "" || strings.Contains(folded(stem), "|") {
					t.Fatalf("%q: word %+v has the stem %q", text, w, stem)
				}
			}
		}
	})
}
