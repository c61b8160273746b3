package words

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

const (
	// minStemLetters is the shortest stem that is used: fewer letters are
	// shared by words that have nothing to do with one another.
	minStemLetters = 3
	// maxKnownStems bounds what a stemmer remembers, in words: about 4 MB.
	maxKnownStems = 1 << 15
)

// Stemmer finds the stems of one language's words, by the algorithms of the
// Snowball project. A nil Stemmer, of a language without one, finds none. It can
// be used by several goroutines.
type Stemmer struct {
	run    func(*snowballstem.Env) bool
	script *unicode.RangeTable
	lower  unicode.SpecialCase

	mutex sync.Mutex
	known map[string]string // stems by words as they are written
}

func stemmer(script *unicode.RangeTable, run func(*snowballstem.Env) bool) *Stemmer {
	return &Stemmer{run: run, script: script, known: make(map[string]string)}
}

// stemmers are by the primary subtag of BCP 47.
var stemmers = func() map[string]*Stemmer {
	norwegian, turkish := stemmer(unicode.Latin, norwegian.Stem), stemmer(unicode.Latin, turkish.Stem)
	turkish.lower = unicode.TurkishCase
	return map[string]*Stemmer{
		"ar": stemmer(unicode.Arabic, arabic.Stem),
		"da": stemmer(unicode.Latin, danish.Stem),
		"de": stemmer(unicode.Latin, german.Stem),
		"en": stemmer(unicode.Latin, english.Stem),
		"es": stemmer(unicode.Latin, spanish.Stem),
		"fi": stemmer(unicode.Latin, finnish.Stem),
		"fr": stemmer(unicode.Latin, french.Stem),
		"hu": stemmer(unicode.Latin, hungarian.Stem),
		"it": stemmer(unicode.Latin, italian.Stem),
		"nb": norwegian, "nn": norwegian, "no": norwegian,
		"nl": stemmer(unicode.Latin, dutch.Stem),
		"pt": stemmer(unicode.Latin, portuguese.Stem),
		"ro": stemmer(unicode.Latin, romanian.Stem),
		"ru": stemmer(unicode.Cyrillic, russian.Stem),
		"sv": stemmer(unicode.Latin, swedish.Stem),
		"tr": turkish,
	}
}()

// StemmerOf returns the stemmer of a language, given as a BCP 47 tag in any
// case; nil where there is none.
func StemmerOf(language string) *Stemmer {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	return stemmers[primary]
}

// Stem returns the stem of a word of a text, folded as words are; empty where the
// folded word is its own stem.
func (s *Stemmer) Stem(text string, w Word) string { return s.stem(text[w.Start:w.End], w.Folded) }

func (s *Stemmer) stem(word, folded string) string {
	if s == nil || len(word) <= minStemLetters || len(word) > maxBytes {
		return ""
	}
	s.mutex.Lock()
	stem, ok := s.known[word]
	s.mutex.Unlock()
	if ok {
		return stem
	}
	stem = s.find(word, folded)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.known) >= maxKnownStems {
		clear(s.known)
	}
	s.known[strings.Clone(word)] = stem // the word alone, not the text that it is of
	return stem
}

func (s *Stemmer) find(word, folded string) string {
	if !s.reads(word) || strings.ContainsFunc(word, unicode.IsDigit) {
		return ""
	}
	lower := folded
	if !isASCII(word) || s.lower != nil {
		lower = norm.NFC.String(strings.ToLowerSpecial(s.lower, word)) // with its accents
	}
	env := snowballstem.NewEnv(lower)
	s.run(env)
	stem := fold(env.Current())
	if stem == folded || utf8.RuneCountInString(stem) < minStemLetters {
		return ""
	}
	return stem
}

func isASCII(word string) bool {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// reads says whether a word is of the language's script.
func (s *Stemmer) reads(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.Is(s.script, first)
}

// fold returns the first word of a text as it is indexed.
func fold(text string) string {
	for w := range In(text) {
		return w.Folded
	}
	return ""
}

// StemmedLanguages returns the languages that have a stemmer, as primary subtags in
// the order of the letters.
func StemmedLanguages() []string { return slices.Sorted(maps.Keys(stemmers)) }

// StemsOf returns the stems that a word has in some of the languages, each once, in
// the order of the letters: the word itself, folded, where it is its own. There are
// none where no language has a stemmer that reads the word's script. Languages are BCP
// 47 tags.
func StemsOf(word string, languages []string) []string {
	folded := fold(word)
	var all []string
	for _, language := range languages {
		s := StemmerOf(language)
		if s == nil || !s.reads(word) {
			continue
		}
		if stem := cmp.Or(s.stem(word, folded), folded); !slices.Contains(all, stem) {
			all = append(all, stem)
		}
	}
	slices.Sort(all)
	return all
}

// Stems gathers the stems of the words of one article.
type Stems struct {
	stemmer *Stemmer
	limit   int
	seen    map[string]bool
	joined  strings.Builder
}

// NewStems returns an empty collection of at most limit bytes. The language is a
// BCP 47 tag.
func NewStems(language string, limit int) *Stems {
	return &Stems{stemmer: StemmerOf(language), limit: limit, seen: make(map[string]bool, 256)}
}

func (s *Stems) add(text string, w Word) {
	stem := s.stemmer.Stem(text, w)
	if stem == "" || s.seen[stem] || s.joined.Len()+len(StemSign)+len(stem)+1 > s.limit {
		return
	}
	s.seen[stem] = true
	if s.joined.Len() > 0 {
		s.joined.WriteByte(' ')
	}
	s.joined.WriteString(StemSign)
	s.joined.WriteString(stem)
}

// String returns the stems, each once and parted by spaces, with StemSign before
// each.
func (s *Stems) String() string { return s.joined.String() }

// StemSign stands before a stem in the index. No word has it.
const StemSign = "≈"
