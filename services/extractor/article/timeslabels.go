package article

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/published_labels.txt
	publishedLabelList string
	//go:embed lists/changed_labels.txt
	changedLabelList string

	publishedLabels = wordlist.Entries(publishedLabelList)
	changedLabels   = wordlist.Entries(changedLabelList)
)

func publishedLabel(text string) bool { return publishedFirst.begin(text) }

func changedLabel(text string) bool { return changedFirst.begin(text) }

// firstLetters are labels by their first letter, since most lines begin with none.
type firstLetters map[rune][]string

var publishedFirst, changedFirst = byFirstLetter(publishedLabels), byFirstLetter(changedLabels)

func byFirstLetter(labels []string) firstLetters {
	by := make(firstLetters)
	for _, label := range labels {
		r, _ := utf8.DecodeRuneInString(label)
		by[r] = append(by[r], label)
	}
	return by
}

// begin says that a line begins with one of the labels, marks aside.
func (f firstLetters) begin(text string) bool {
	text = strings.TrimLeft(text, " |·•(-–—[【*")
	r, _ := utf8.DecodeRuneInString(text)
	labels := f[unicode.ToLower(r)]
	if labels == nil {
		return false
	}
	lower := strings.ToLower(text)
	return slices.ContainsFunc(labels, func(label string) bool { return strings.HasPrefix(lower, label) })
}

// changedAt is where in a line with a date the words begin that give that of the
// last change, or -1.
func changedAt(text string) int {
	if changedLabel(text) {
		return 0
	}
	return labelAt(text, changedLabels)
}

// publishedAt is where in a line the words begin that give the date of publication,
// or -1.
func publishedAt(text string) int { return labelAt(text, publishedLabels) }

// labelBytes is how far behind a label in the middle of a line the date's first
// number stands at most, in bytes.
const labelBytes = 24

// labelAt is where the first label begins that stands as a word of its own in a
// line, with a number right behind it, or -1.
func labelAt(text string, labels []string) int {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return -1 // a letter whose capital takes other bytes
	}
	first := -1
	for _, label := range labels {
		at := strings.Index(lower, label)
		if at < 0 || first >= 0 && at >= first {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(lower[:at])
		behind := lower[at+len(label):]
		behind = behind[:min(len(behind), labelBytes)]
		if at > 0 && unicode.IsLetter(before) && before < 0x2E80 || strings.IndexFunc(behind, unicode.IsDigit) < 0 {
			continue
		}
		first = at
	}
	return first
}
