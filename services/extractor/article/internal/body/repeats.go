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
