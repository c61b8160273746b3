package article

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// consentNotices lists what the notice in the place of an embedded post or video
// says until the reader agrees to be tracked, in lower case and sorted.
var consentNotices = []string{
	"accept cookies to view", "accepter les cookies pour", "activate the content", "aktiviere bitte die einstellungen",
	"aktivieren sie bitte die", "an dieser stelle befindet sich ein externer", "an dieser stelle finden sie", "an external provider",
	"bloqué car vous n'avez pas accepté", "bu içeriği görüntülemek için çerez", "by loading the video, you agree",
	"can be transmitted to third-party", "clicca per accettare i cookie", "consent to external content", "contenido externo no disponible",
	"contenu externe non disponible", "contenuto esterno non disponibile", "conteúdo externo indisponível",
	"dane osobowe mogą zostać przekazane", "dieser externe inhalt", "einen externen inhalt von", "empfohlener externer inhalt",
	"empfohlener redaktioneller inhalt", "externa inhalt", "external content is not available", "externe content", "externe inhalte werden",
	"externer inhalt nicht verfügbar", "for å se dette innholdet må du", "för att se innehållet behöver du", "hosted by a third party",
	"ich bin damit einverstanden, dass mir externe", "inhalte von drittanbietern", "inhoud van derden", "klik op akkoord om",
	"mit ihrer zustimmung werden", "personenbezogene daten an drittplattformen", "provided by an external", "przetwarzanie danych przez",
	"recommended external content", "se connecter pour accepter les cookies", "this content is hosted by", "this content is provided by",
	"to view this content, please accept", "to view this content, you need to", "tätä sisältöä ei voida näyttää",
	"um diesen inhalt anzuzeigen", "um diesen inhalt sehen zu können", "vous devez accepter les cookies", "we need your consent to load",
	"we need your permission before anything is loaded", "zustimmung zu externen inhalten", "чтобы просмотреть этот контент, примите",
	"このコンテンツを表示するにはクッキー",
}

// consentByWord is the notices by their first word.
var consentByWord = func() map[string][]string {
	byWord := make(map[string][]string, len(consentNotices))
	for _, notice := range consentNotices {
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
