package article

import (
	"bytes"
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

//go:embed lists/consent_notices.txt
var consentNoticeList string

// consentByWord holds the consent notices by their first word.
var consentByWord = func() map[string][]string {
	byWord := make(map[string][]string, 64)
	for _, notice := range wordlist.Sections(consentNoticeList) {
		word := notice[:wordLength([]byte(notice))]
		byWord[word] = append(byWord[word], notice)
	}
	return byWord
}()

// wordLength is how many bytes of letters a text begins with.
func wordLength(text []byte) int {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if (c|0x20) < 'a' || (c|0x20) > 'z' {
				return i
			}
			i++
			continue
		}
		c, size := utf8.DecodeRune(text[i:])
		if !unicode.IsLetter(c) {
			return i
		}
		i += size
	}
	return len(text)
}

// holdsConsentNotice says that a text in lower case holds one of the notices,
// from the start of a word on.
func holdsConsentNotice(text []byte) bool {
	for len(text) > 0 {
		size := wordLength(text)
		for _, notice := range consentByWord[string(text[:size])] {
			if bytes.HasPrefix(text, []byte(notice)) {
				return true
			}
		}
		if size == 0 {
			_, size = utf8.DecodeRune(text)
		}
		text = text[size:]
	}
	return false
}

// appendLower appends a text in lower case.
func appendLower(lower, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower = append(lower, c)
			i++
			continue
		}
		c, size := utf8.DecodeRune(text[i:])
		lower = utf8.AppendRune(lower, unicode.ToLower(c))
		i += size
	}
	return lower
}

// Bounds of a consent notice, in bytes.
const (
	minConsentNotice = 20
	maxConsentNotice = 900
)

// dropConsentNotices drops the notices that stand where an embedded post would.
func (t *tree) dropConsentNotices(from, to int) {
	lower := make([]byte, 0, maxConsentNotice)
	for i := from; i < to; i++ {
		r := &t.runs[i]
		if size := int(r.to - r.from); r.kind != runText || r.verdict != kept || size < minConsentNotice || size > maxConsentNotice {
			continue
		}
		lower = appendLower(lower[:0], t.text[r.from:r.to])
		if holdsConsentNotice(lower) {
			r.verdict = dropPhrase
		}
	}
}

// Bounds of the label before a link, in letters.
const (
	minLabel = 5
	maxLabel = 40
)

// dropLabelledLinks drops lines that are a link behind a label in capitals or
// before a bar ("READ MORE | …"), where the same label stands twice or more: so
// sites lead on to other articles, in whatever language.
func (t *tree) dropLabelledLinks(from, to int) {
	labels := map[string]int{}
	for i := from; i < to; i++ {
		if label := t.linkLabel(&t.runs[i]); label != "" {
			labels[label]++
		}
	}
	if len(labels) == 0 {
		return
	}
	for i := from; i < to; i++ {
		if r := &t.runs[i]; labels[t.linkLabel(r)] > 1 {
			r.verdict = dropLinks
		}
	}
}

// linkLabel is the label of a run that is kept and that is one link but for it,
// or "".
func (t *tree) linkLabel(r *run) string {
	if r.kind != runText || r.verdict != kept || r.linksTo-r.links != 1 {
		return ""
	}
	link := t.links[r.links]
	if link.to < r.to-1 || link.from < r.from {
		return ""
	}
	label := string(t.text[r.from:link.from])
	if label == "" {
		label = string(t.text[link.from:link.to])
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
