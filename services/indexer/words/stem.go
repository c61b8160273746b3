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
	// minStemLetters is the minimum length of a stem. Unrelated words share
	// shorter stems.
	minStemLetters = 3
	// maxKnownStems is the maximum number of words in a stemmer's cache, which
	// is about 4 MB.
	maxKnownStems = 1 << 15
)

// Stemmer finds the stems of one language's words with the algorithms of the
// Snowball project. A nil Stemmer, for a language without an algorithm, finds
// no stems. A Stemmer is safe for concurrent use.
type Stemmer struct {
	run    func(*snowballstem.Env) bool
	script *unicode.RangeTable
	lower  unicode.SpecialCase

	mutex sync.Mutex
	known map[string]string // cached stems, by the word as written
}

func stemmer(script *unicode.RangeTable, run func(*snowballstem.Env) bool) *Stemmer {
	return &Stemmer{run: run, script: script, known: make(map[string]string)}
}

// stemmers holds the stemmers by primary BCP 47 subtag.
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
// case. It returns nil if there is none.
func StemmerOf(language string) *Stemmer {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	return stemmers[primary]
}

// Stem returns the folded stem of a word of a text. It returns "" if the folded
// word is its own stem.
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
	s.known[strings.Clone(word)] = stem // clone: do not retain the whole text
	return stem
}

func (s *Stemmer) find(word, folded string) string {
	if !s.reads(word) || strings.ContainsFunc(word, unicode.IsDigit) {
		return ""
	}
	lower := folded
	if !isASCII(word) || s.lower != nil {
		lower = norm.NFC.String(strings.ToLowerSpecial(s.lower, word)) // keeps accents
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

// reads reports whether a word is written in the language's script.
func (s *Stemmer) reads(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.Is(s.script, first)
}

// fold returns the first word of a text, folded as in the index.
func fold(text string) string {
	for w := range In(text) {
		return w.Folded
	}
	return ""
}

// StemmedLanguages returns the primary subtags of the languages that have a
// stemmer, sorted.
func StemmedLanguages() []string { return slices.Sorted(maps.Keys(stemmers)) }

// StemsOf returns the distinct stems of a word in the given languages, which
// are BCP 47 tags, sorted. In a language in which the word is its own stem, the
// result includes the folded word. The result is empty if no language has a
// stemmer for the word's script.
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

// Stems collects the stems of the words of one article.
type Stems struct {
	stemmer *Stemmer
	limit   int
	seen    map[string]bool
	joined  strings.Builder
}

// NewStems returns an empty collection of at most limit bytes. language is a
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

// String returns the distinct stems separated by spaces, each prefixed with
// StemSign.
func (s *Stems) String() string { return s.joined.String() }

// StemSign marks a stem in the index. It does not occur in any word.
const StemSign = "≈"
