package fields

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// ReadDateline returns the dateline that opens the text of an article.
func ReadDateline(body []record.Block) record.Field[string] {
	for i := range body {
		if body[i].Text == "" {
			continue
		}
		if dateline := DatelineOf(body[i].Text); dateline != "" {
			return record.NewField(dateline, record.FromText, 0.9)
		}
		break
	}
	return fact{}
}

// datelineDashes separate a dateline from the text.
var datelineDashes = []string{hyphen, " – ", " — ", "— ", "– ", " -- ", "—", "–"}

const (
	maxDateline     = 80 // bytes of a dateline
	minDatelineText = 20 // bytes of the text after it
)

// Datelines in brackets, as written by the agencies of Korea and Japan ("(서울=
// 연합뉴스)", "[東京 20日 ロイター]"), and those of Chinese agencies ("新华社北京4月
// 20日电").
var (
	bracketedDateline = regexp.MustCompile(`^[(\[（［【]([\p{Han}\p{Hangul}\p{Katakana}ー・]{2,12})` +
		`(?:\s*\d{1,2}日\s*|[ 　])?[=＝ 　]?\s*[\p{L} ]{2,20}[)\]）］】]`)
	wireDateline = regexp.MustCompile(`^(?:\p{Han}{2,3}[社网網])(\p{Han}{2,8}?)(?:\d{1,2}月)?\d{1,2}日[电電讯]`)
)

// DatelineOf returns the place that opens a paragraph ("ERBIL, Kurdistan Region of
// Iraq - …"), without agency, day and dash, or "". The place must start with a
// word in capitals, or be followed by a news agency in brackets.
func DatelineOf(text string) string {
	start := text[:min(len(text), maxDateline)]
	for _, form := range []*regexp.Regexp{bracketedDateline, wireDateline} {
		if m := form.FindStringSubmatch(start); m != nil {
			return m[1]
		}
	}
	at, width := len(text), 0
	for _, dash := range datelineDashes {
		if i := strings.Index(text, dash); i > 1 && i < at {
			at, width = i, len(dash)
		}
	}
	if at > maxDateline || width == 0 || at+width+minDatelineText > len(text) {
		return ""
	}
	place, agency, ok := cutAgency(strings.TrimSpace(text[:at]))
	if !ok {
		return ""
	}
	if i := strings.LastIndexByte(place, ','); i > 0 && strings.ContainsAny(place[i:], "0123456789") {
		place = strings.TrimSpace(place[:i]) // "LONDON, 5 May"
	}
	if bare := strings.TrimSuffix(place, "."); !strings.Contains(bare, ".") {
		place = bare // "OLD QUAY. – Crane No. 4"
	}
	if strings.ContainsAny(place, ".!?:;\"“”") && !strings.Contains(place, ".C.") {
		return ""
	}
	if placeInCapitals(place) || isAgency(agency) && placeName(place) {
		return place
	}
	return ""
}

// cutAgency splits a place from the agency in brackets after it.
func cutAgency(text string) (place, agency string, ok bool) {
	i := strings.IndexByte(text, '(')
	if i <= 0 {
		return text, "", true
	}
	if !strings.HasSuffix(text, ")") {
		return "", "", false
	}
	return strings.TrimSpace(text[:i]), strings.Trim(text[i:], "() "), true
}

// maxAgency is the length in bytes at which a text is too long for the name of an
// agency.
const maxAgency = 30

// isAgency reports whether a text after a place is the name of a news agency.
func isAgency(name string) bool {
	name, _, _ = strings.Cut(name, "/")
	return name != "" && len(name) < maxAgency && organisationLike(name)
}

const (
	maxPlaceWords  = 4
	maxRegionWords = 7 // of the region after the place
	minPlace       = 3 // capitals of a place
	maxParticle    = 4 // bytes of a word within a name that may be in lower case
)

// placeName reports whether a text is written as names of places are: at most
// four words, without long words in lower case.
func placeName(place string) bool {
	words := strings.Fields(place)
	if len(words) == 0 || len(words) > maxPlaceWords || strings.ContainsAny(place, "0123456789") {
		return false
	}
	return startsUpper(words[0]) && !slices.ContainsFunc(words, longLower)
}

// longLower reports whether a word is in lower case and too long for a particle.
func longLower(word string) bool { return startsLower(word) && len(word) > maxParticle }

// placeInCapitals reports whether the part of a text before a comma is a place in
// capitals, and the rest is written as names are.
func placeInCapitals(text string) bool {
	place, region, _ := strings.Cut(text, ",")
	capitals := 0
	for _, c := range place {
		if unicode.IsLower(c) || unicode.IsDigit(c) {
			return false
		}
		if unicode.IsUpper(c) {
			capitals++
		}
	}
	words := strings.Fields(region)
	return capitals >= minPlace && len(strings.Fields(place)) <= maxPlaceWords && len(words) <= maxRegionWords &&
		!slices.ContainsFunc(words, longLower)
}
