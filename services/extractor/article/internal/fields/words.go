package fields

import (
	_ "embed"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/agencies.txt
	agencyList string
	//go:embed lists/author_labels.txt
	authorLabelList string
	//go:embed lists/byline_openings.txt
	bylineOpeningList string
	//go:embed lists/changed_labels.txt
	changedLabelList string
	//go:embed lists/credit_marks.txt
	creditMarkList string
	//go:embed lists/first_person_plural.txt
	groupWordList string
	//go:embed lists/first_person_singular.txt
	selfWordList string
	//go:embed lists/function_words.txt
	functionWordList string
	//go:embed lists/label_endings.txt
	labelEndingList string
	//go:embed lists/name_particles.txt
	particleList string
	//go:embed lists/not_names.txt
	notNameList string
	//go:embed lists/organisation_words.txt
	organisationWordList string
	//go:embed lists/published_labels.txt
	publishedLabelList string
	//go:embed lists/rank_words.txt
	rankWordList string
	//go:embed lists/role_modifiers.txt
	roleModifierList string
	//go:embed lists/role_nouns.txt
	roleNounList string
	//go:embed lists/role_words.txt
	roleWordList string
	//go:embed lists/trade_words.txt
	tradeWordList string
)

// The words of bylines.
var (
	authorLabels = wordlist.Entries(authorLabelList)
	byWords      = longestFirst(wordlist.Entries(bylineOpeningList))
	selfWords    = wordlist.Set(selfWordList)
	groupWords   = wordlist.Set(groupWordList)
)

// The words that tell names from other texts.
var (
	agencies          = wordlist.Entries(agencyList)
	organisationWords = wordlist.Entries(organisationWordList)
	particles         = wordlist.Set(particleList)
	roleWords         = wordlist.Entries(roleWordList)
	roleNouns         = wordlist.Set(roleNounList)
	roleModifiers     = wordlist.Set(roleModifierList)
	rankWords         = wordlist.Set(rankWordList)
	tradeWords        = wordlist.Set(tradeWordList)
	notNames          = wordlist.Set(notNameList)
	labelEnds         = wordlist.Set(labelEndingList)
)

// The words of other fields.
var (
	publishedLabels = wordlist.Entries(publishedLabelList)
	changedLabels   = wordlist.Entries(changedLabelList)
	creditMarks     = wordlist.Entries(creditMarkList)
	functionWords   = wordSets(functionWordList)
)

// longestFirst reverses a sorted list, so that each entry precedes its prefixes
// ("par : " precedes "par ").
func longestFirst(sorted []string) []string {
	slices.Reverse(sorted)
	return sorted
}

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
