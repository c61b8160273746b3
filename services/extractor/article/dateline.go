package article

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// datelineDashes part a dateline from the text.
var datelineDashes = []string{" - ", " – ", " — ", "— ", "– ", " -- ", "—", "–"}

// maxDateline bounds a dateline, in bytes.
const maxDateline = 80

// Datelines in brackets, as the agencies of Korea and Japan write them ("(서울=
// 연합뉴스)", "[東京 20日 ロイター]"), and those of Chinese agencies ("新华社北京4月
// 20日电").
var (
	bracketed = regexp.MustCompile(`^[(\[（［【]([\p{Han}\p{Hangul}\p{Katakana}ー・]{2,12})(?:\s*\d{1,2}日\s*|[ 　])?[=＝ 　]?\s*[\p{L} ]{2,20}[)\]）］】]`)
	wired     = regexp.MustCompile(`^(?:\p{Han}{2,3}[社网網])(\p{Han}{2,8}?)(?:\d{1,2}月)?\d{1,2}日[电電讯]`)
)

// datelineOf is the place line that opens a paragraph ("ERBIL, Kurdistan Region
// of Iraq - …"), without agency, day and dash, or "". Its first word is in
// capitals, or what follows the place in brackets is a news agency.
func datelineOf(text string) string {
	for _, form := range []*regexp.Regexp{bracketed, wired} {
		if m := form.FindStringSubmatch(text[:min(len(text), maxDateline)]); m != nil {
			return m[1]
		}
	}
	at, width := len(text), 0
	for _, dash := range datelineDashes {
		if i := strings.Index(text, dash); i > 1 && i < at {
			at, width = i, len(dash)
		}
	}
	if at > maxDateline || width == 0 || at+width+20 > len(text) {
		return ""
	}
	place, agency := strings.TrimSpace(text[:at]), ""
	if i := strings.IndexByte(place, '('); i > 0 {
		if !strings.HasSuffix(place, ")") {
			return ""
		}
		place, agency = strings.TrimSpace(place[:i]), strings.Trim(place[i:], "() ")
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
	if capitals(place) || isAgency(agency) && placeName(place) {
		return place
	}
	return ""
}

// isAgency says that what stands in brackets behind a place is a news agency.
func isAgency(name string) bool {
	name, _, _ = strings.Cut(name, "/")
	return name != "" && len(name) < 30 && organisationLike(name)
}

// placeName says that a text is written as the names of places are: at most four
// words, none of which begins with a small letter if it is long.
func placeName(place string) bool {
	words := strings.Fields(place)
	if len(words) == 0 || len(words) > 4 || strings.ContainsAny(place, "0123456789") {
		return false
	}
	return startsUpper(words[0]) && !slices.ContainsFunc(words, func(w string) bool {
		first, _ := utf8.DecodeRuneInString(w)
		return unicode.IsLower(first) && len(w) > 4
	})
}

// capitals says that a text's first part up to a comma is a place in capitals,
// and that what follows is written as names are.
func capitals(place string) bool {
	first, rest, _ := strings.Cut(place, ",")
	letters := 0
	for _, c := range first {
		if unicode.IsLower(c) || unicode.IsDigit(c) {
			return false
		}
		if unicode.IsUpper(c) {
			letters++
		}
	}
	if letters < 3 || len(strings.Fields(first)) > 4 || len(strings.Fields(rest)) > 7 {
		return false
	}
	for _, word := range strings.Fields(rest) {
		if c := []rune(word)[0]; unicode.IsLower(c) && len(word) > 4 {
			return false
		}
	}
	return true
}
