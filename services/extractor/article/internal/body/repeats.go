package body

import (
	"strings"
	"unicode"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// Bounds of a pull quote, in characters.
const (
	minPullQuote = 30
	maxPullQuote = 400
)

// dropPullQuotes drops the runs that are set apart from the text, in a quote, an
// aside or a figure, and repeat a part of it word for word.
func (s *selection) dropPullQuotes() {
	var text []string // folded, by run; filled at the first candidate
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if !s.keptText(i) || r.Chars < minPullQuote || r.Chars > maxPullQuote || !s.setApart(r.Elem) {
			continue
		}
		if text == nil {
			text = s.foldedText()
		}
		quote := norm.Fold(s.TextOf(r))
		for _, other := range text {
			if len(other) > len(quote) && strings.Contains(other, quote) {
				s.verdicts[i] = DroppedRepeat
				break
			}
		}
	}
}

// foldedText returns the folded texts of the kept runs that are not set apart.
func (s *selection) foldedText() []string {
	text := make([]string, 0, s.to-s.from)
	for i := s.from; i < s.to; i++ {
		if s.keptText(i) && !s.setApart(s.Runs[i].Elem) {
			text = append(text, norm.Fold(s.TextOf(&s.Runs[i])))
		}
	}
	return text
}

func (s *selection) setApart(elem int32) bool {
	return s.Inside(elem, atom.Blockquote) || s.Inside(elem, atom.Aside) || s.Inside(elem, atom.Figure)
}

// minPassage is the number of characters of a passage that is dropped if it repeats an
// earlier one. Lists and instructions repeat short passages on purpose.
const minPassage = 300

// dropCopies drops the passages that repeat an earlier passage word for word, line by
// line: a page may contain its text again for printing, for small screens, or for a
// script. A line that repeats the one before it is a refrain.
func (s *selection) dropCopies() {
	var lines []int // the kept runs
	originals := make(map[string]int, s.to-s.from)
	copied := 0       // the number of last lines that repeat an earlier passage
	chars := int32(0) // of these lines
	next := -1        // the line that would continue the passage
	for i := s.from; i < s.to; i++ {
		if !s.keptText(i) {
			continue
		}
		text := s.TextOf(&s.Runs[i])
		original, seen := originals[text]
		if !seen {
			originals[text] = len(lines)
		}
		if !seen || original != next && copied > 0 || original == len(lines)-1 {
			s.dropPassage(lines[len(lines)-copied:], chars)
			copied, chars = 0, 0
		}
		if seen && original < len(lines)-1 {
			copied++
			chars += s.Runs[i].Chars
			next = original + 1
		}
		lines = append(lines, i)
	}
	s.dropPassage(lines[len(lines)-copied:], chars)
}

func (s *selection) dropPassage(runs []int, chars int32) {
	if chars < minPassage {
		return
	}
	for _, i := range runs {
		s.verdicts[i] = DroppedRepeat
	}
}

const (
	minMerged     = 400 // characters of a run that may contain the text again
	minMergedPart = 60  // characters of a run that is looked for in it
	minMergedRuns = 3
)

// dropMergedCopy drops the longest run if it contains the other runs of the text again, such
// as the whole text in one block for a script.
func (s *selection) dropMergedCopy() {
	longest, all := -1, int32(0)
	for i := s.from; i < s.to; i++ {
		if !s.keptText(i) {
			continue
		}
		all += s.Runs[i].Chars
		if longest < 0 || s.Runs[i].Chars > s.Runs[longest].Chars {
			longest = i
		}
	}
	if longest < 0 || s.Runs[longest].Chars < minMerged || s.Runs[longest].Chars < all/3 {
		return
	}
	merged := s.TextOf(&s.Runs[longest])
	runs, chars := 0, int32(0)
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if i != longest && s.keptText(i) && r.Chars >= minMergedPart && strings.Contains(merged, s.TextOf(r)) {
			runs++
			chars += r.Chars
		}
	}
	if runs >= minMergedRuns && chars >= s.Runs[longest].Chars/10*8 {
		s.verdicts[longest] = DroppedRepeat
	}
}

// Bounds of the label before a link, in letters.
const (
	minLabel = 5
	maxLabel = 40
)

// dropLabelledLinks drops lines that are a link after a label in capitals or
// before a bar ("READ MORE | …"), if at least two lines have the same label. Sites
// link to other articles that way in any language.
func (s *selection) dropLabelledLinks() {
	labels := map[string]int{}
	for i := s.from; i < s.to; i++ {
		if label := s.linkLabel(i); label != "" {
			labels[label]++
		}
	}
	if len(labels) == 0 {
		return
	}
	for i := s.from; i < s.to; i++ {
		if labels[s.linkLabel(i)] > 1 {
			s.verdicts[i] = DroppedLinks
		}
	}
}

// linkLabel returns the label of a kept run that is otherwise one link, or "".
func (s *selection) linkLabel(i int) string {
	r := &s.Runs[i]
	if !s.keptText(i) || r.LinksTo-r.Links != 1 {
		return ""
	}
	link := s.Links[r.Links]
	if link.To < r.To-1 || link.From < r.From {
		return ""
	}
	label := string(s.Text[r.From:link.From])
	if label == "" {
		label = string(s.Text[link.From:link.To])
		label = label[:strings.IndexAny(label, "|:：")+1]
	}
	letters, lower := 0, false
	for _, c := range label {
		if unicode.IsLetter(c) {
			letters++
			lower = lower || !unicode.IsUpper(c)
		}
	}
	if letters < minLabel || letters > maxLabel || lower && !strings.ContainsRune(label, '|') {
		return ""
	}
	return label
}

// Bounds of a consent notice, in bytes.
const (
	minConsentNotice = 20
	maxConsentNotice = 900
)

// dropConsentNotices drops the notices that replace an embedded post until the reader
// consents to being tracked.
func (s *selection) dropConsentNotices() {
	lower := make([]byte, 0, maxConsentNotice)
	for i := s.from; i < s.to; i++ {
		r := &s.Runs[i]
		if size := r.To - r.From; !s.keptText(i) || size < minConsentNotice || size > maxConsentNotice {
			continue
		}
		lower = appendLower(lower[:0], s.Text[r.From:r.To])
		if hasConsentNotice(lower) {
			s.verdicts[i] = DroppedPhrase
		}
	}
}
