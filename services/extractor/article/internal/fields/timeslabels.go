package fields

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func publishedLabel(text string) bool { return publishedFirst.begin(text) }

func changedLabel(text string) bool { return changedFirst.begin(text) }

// firstLetters holds labels by their first letter, so that most lines are compared with
// few labels.
type firstLetters map[rune][]string

// of returns the labels with the same first letter as a text.
func (f firstLetters) of(text string) []string {
	r, _ := utf8.DecodeRuneInString(text)
	return f[unicode.ToLower(r)]
}

var (
	publishedFirst, changedFirst = byFirstLetter(publishedLabels), byFirstLetter(changedLabels)
	otherFirst                   = byFirstLetter(otherLabels)
)

func byFirstLetter(labels []string) firstLetters {
	by := make(firstLetters)
	for _, label := range labels {
		r, _ := utf8.DecodeRuneInString(label)
		by[r] = append(by[r], label)
	}
	return by
}

// begin reports whether a line starts with one of the labels, after punctuation.
func (f firstLetters) begin(text string) bool {
	text = strings.TrimLeft(text, " |·•(-–—[【*")
	labels := f.of(text)
	if labels == nil {
		return false
	}
	lower := strings.ToLower(text)
	return slices.ContainsFunc(labels, func(label string) bool { return strings.HasPrefix(lower, label) })
}

// changedAt returns the index of the label of the last change in a line with a date, or
// -1.
func changedAt(text string) int {
	if changedLabel(text) {
		return 0
	}
	return labelAt(text, changedLabels)
}

// publishedAt returns the index of the label of the date of publication in a line, or -1.
func publishedAt(text string) int { return labelAt(text, publishedLabels) }

const (
	// labelBytes is the maximum distance from a label within a line to the first
	// digit of its date, in bytes.
	labelBytes = 24
	// firstUnspaced is the first character of the scripts without spaces between
	// words (the CJK blocks of Unicode).
	firstUnspaced = 0x2E80
)

// labelAt returns the index of the first label in a line that is a word of its own and is
// followed by a number, or -1.
func labelAt(text string, labels []string) int {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return -1 // a letter whose capital has another number of bytes
	}
	first := -1
	for _, label := range labels {
		at := strings.Index(lower, label)
		if at < 0 || first >= 0 && at >= first {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(lower[:at])
		after := lower[at+len(label):]
		after = after[:min(len(after), labelBytes)]
		withinWord := at > 0 && unicode.IsLetter(before) && before < firstUnspaced
		if withinWord || !strings.ContainsFunc(after, unicode.IsDigit) {
			continue
		}
		first = at
	}
	return first
}
