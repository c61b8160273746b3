package fields

import (
	"embed"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/*.txt
var lists embed.FS

// The words of bylines.
var (
	authorLabels = wordlist.Entries(wordlist.Read(lists, "author_labels"))
	byWords      = longestFirst(wordlist.Entries(wordlist.Read(lists, "byline_openings")))
	byFirst      = byFirstLetter(byWords)
	selfWords    = wordlist.Set(wordlist.Read(lists, "first_person_singular"))
	groupWords   = wordlist.Set(wordlist.Read(lists, "first_person_plural"))
)

// The words that distinguish names from other texts.
var (
	agencies          = wordlist.Entries(wordlist.Read(lists, "agencies"))
	organisationWords = wordlist.Entries(wordlist.Read(lists, "organisation_words"))
	particles         = wordlist.Set(wordlist.Read(lists, "name_particles"))
	roleWords         = wordlist.Entries(wordlist.Read(lists, "role_words"))
	roleNouns         = wordlist.Set(wordlist.Read(lists, "role_nouns"))
	roleModifiers     = wordlist.Set(wordlist.Read(lists, "role_modifiers"))
	rankWords         = wordlist.Set(wordlist.Read(lists, "rank_words"))
	tradeWords        = wordlist.Set(wordlist.Read(lists, "trade_words"))
	notNames          = wordlist.Set(wordlist.Read(lists, "not_names"))
	editorialNames    = wordlist.Set(wordlist.Read(lists, "editorial_names"))
	labelEnds         = wordlist.Set(wordlist.Read(lists, "label_endings"))
)

// The words of other fields.
var (
	publishedLabels = wordlist.Entries(wordlist.Read(lists, "published_labels"))
	// otherLabels start lines whose date is not that of publication.
	otherLabels = wordlist.Entries(wordlist.Read(lists, "other_labels"))
	// datePrepositions precede the date of an event in a sentence.
	datePrepositions = wordlist.Set(wordlist.Read(lists, "date_prepositions"))
	changedLabels    = wordlist.Entries(wordlist.Read(lists, "changed_labels"))
	pageNames        = wordlist.Set(wordlist.Read(lists, "page_names"))
	creditMarks      = wordlist.Entries(wordlist.Read(lists, "credit_marks"))
	// languagesOf holds the languages of each function word.
	languagesOf = bySection(wordlist.Read(lists, "function_words"))
)

// longestFirst reverses a sorted list, so that each entry precedes its prefixes
// ("par : " precedes "par ").
func longestFirst(sorted []string) []string {
	slices.Reverse(sorted)
	return sorted
}

// bySection returns the sections of each entry of a list.
func bySection(list string) map[string][]string {
	sections := make(map[string][]string)
	for section, word := range wordlist.Sections(list) {
		sections[word] = append(sections[word], section)
	}
	return sections
}
