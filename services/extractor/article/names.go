package article

import (
	_ "embed"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// hasByWord says that a line begins as bylines do and goes on with a name.
func hasByWord(line string) bool {
	lower := strings.ToLower(line)
	for _, by := range byWords {
		if strings.HasPrefix(lower, by) && len(line) > len(by) {
			return startsUpper(line[len(by):]) || lower == line
		}
	}
	return false
}

var (
	//go:embed lists/byline_openings.txt
	bylineOpeningList string
	//go:embed lists/role_words.txt
	roleWordList string
	//go:embed lists/role_nouns.txt
	roleNounList string
	//go:embed lists/role_modifiers.txt
	roleModifierList string
	//go:embed lists/rank_words.txt
	rankWordList string
	//go:embed lists/name_particles.txt
	particleList string
	//go:embed lists/label_endings.txt
	labelEndingList string
	//go:embed lists/not_names.txt
	notNameList string

	byWords       = longestFirst(wordlist.Entries(bylineOpeningList))
	roleWords     = wordlist.Entries(roleWordList)
	roleNouns     = wordlist.Set(roleNounList)
	roleModifiers = wordlist.Set(roleModifierList)
	rankWords     = wordlist.Set(rankWordList)
	particles     = wordlist.Set(particleList)
	labelEnds     = wordlist.Set(labelEndingList)
	notNames      = wordlist.Set(notNameList)
)

// longestFirst reverses a sorted list, so that each entry precedes its prefixes
// ("par : " precedes "par ").
func longestFirst(sorted []string) []string {
	slices.Reverse(sorted)
	return sorted
}

// addNames cleans a byline and adds the names in it, each once.
func (r *reader) addNames(list []Author, text, link string) []Author {
	text = squeeze(html.UnescapeString(text))
	if at := otherHandBehind.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	for _, part := range splitNames(text) {
		name := cleanName(part)
		if lower := strings.ToLower(name); lower == "updated" || strings.HasPrefix(lower, "updated by ") {
			continue // who changed it is not who wrote it
		}
		if !plausibleName(name) || r.base != nil && strings.EqualFold(name, r.base.Hostname()) {
			continue
		}
		if slices.ContainsFunc(list, func(a Author) bool { return strings.EqualFold(a.Name, name) }) {
			continue
		}
		a := Author{Name: name}
		if u, err := url.Parse(resolve(r.base, link)); link != "" && err == nil && u.Host != "" {
			a.URL = u.String()
		}
		list = append(list, a)
	}
	return list
}

// otherHandBehind is where a byline goes on with who did not write, or for whom.
var otherHandBehind = regexp.MustCompile(`(?i)\s+(?:[|,;·•–—-]\s*)?(?:(?:medically |clinically |expert |fact[ -])?(?:reviewed|edited|checked|verified|photographs?|photography|photos?|illustrations?|illustrated|translated)(?: and edited)? by|on behalf of|im auftrag von|au nom de|en nombre de|übersetzt von|übersetzung:|traduit par|traducido por|tradotto da)\s.*$`)

func splitNames(text string) []string {
	for _, sep := range []string{" and ", " und ", " et ", " och ", " og ", " & ", " | ", ";", " / ", "、", "，", "،", " ve ", " и ", " és ", " și ", " şi ", " та ", " και ", " và ", " و ", " with ", " • ", " · "} {
		text = strings.ReplaceAll(text, sep, "\x00")
	}
	if parts := strings.Split(text, "/"); len(parts) > 1 && !slices.ContainsFunc(parts, func(p string) bool { return !fullName(p) }) {
		text = strings.Join(parts, "\x00")
	}
	for _, sep := range namesWithin {
		text = splitFullNames(text, sep)
	}
	var parts []string
	for part := range strings.SplitSeq(text, "\x00") {
		pieces := strings.Split(part, ",")
		// "Jane Roe, Staff Writer": what follows a comma is a name only where
		// it looks like one, with two words or more.
		parts = append(parts, pieces[0])
		for _, p := range pieces[1:] {
			p = footnotes.ReplaceAllString(p, "$1")
			if n := len(strings.Fields(p)); n >= 2 && n <= 4 && !roleLike(p) || slices.Contains(agencies, strings.ToLower(strings.TrimSpace(p))) {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// namesWithin are conjunctions that stand within surnames as well ("Ramón y
// Cajal", "Gaudí i Cornet", "Vaz e Silva").
var namesWithin = []string{" y ", " e ", " i ", " en ", " a ", " ja ", " ir ", " un ", " dan ", " eta ", " і ", " con ", " avec ", " mit ", " com "}

// splitFullNames parts a text at those conjunctions that have a full name, of
// two words or more, on both sides.
func splitFullNames(text, sep string) string {
	const ends = ",\x00"
	for from := 0; ; {
		at := strings.Index(text[from:], sep)
		if at < 0 {
			return text
		}
		at += from
		from = at + len(sep)
		left := text[strings.LastIndexAny(text[:at], ends)+1 : at]
		right := text[from:]
		if end := strings.IndexAny(right, ends); end >= 0 {
			right = right[:end]
		}
		right, _, _ = strings.Cut(right, sep)
		if fullName(left) && fullName(right) {
			text = text[:at] + "\x00" + text[from:]
			from = at + 1
		}
	}
}

// fullName says that a text begins, after "By" and the like, with two words
// that are written as names are.
func fullName(s string) bool {
	s = strings.TrimSpace(s)
	for _, by := range byWords {
		if len(s) > len(by) && strings.EqualFold(s[:len(by)], by) {
			s = s[len(by):]
			break
		}
	}
	words := strings.Fields(s)
	return len(words) >= 2 && startsUpper(words[0]) && startsUpper(words[len(words)-1])
}

func roleLike(s string) bool {
	s = strings.ToLower(s)
	return strings.IndexAny(s, "0123456789@") >= 0 || slices.ContainsFunc(roleWords, func(w string) bool { return strings.Contains(s, w) })
}

func cleanName(s string) string {
	s = strings.TrimLeftFunc(strings.TrimSpace(s), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '(' })
	if at := monthAt(s); at >= 0 {
		s = strings.TrimSpace(s[:at])
	}
	lower := strings.ToLower(s)
	for _, label := range []string{"written by", "posted by", "published by", "by", "published in", "published on", "published", "last updated on", "last updated", "updated on", "updated", "on", "at"} {
		if lower == label {
			return ""
		}
		if strings.HasSuffix(lower, " "+label) {
			s = s[:len(s)-len(label)-1]
			break
		}
	}
	for again := true; again; {
		again = false
		lower := strings.ToLower(s)
		for _, by := range byWords {
			if strings.HasPrefix(lower, by) {
				s, again = strings.TrimSpace(s[len(by):]), true
				break
			}
		}
	}
	if i := strings.IndexAny(s, "(|@<"); i > 0 && (s[i] != '(' || !strings.Contains(s[i:], ") ") || strings.ContainsAny(s[i:], "|@<")) {
		s = s[:i]
	}
	for _, dash := range []string{" - ", " – ", " — ", ". –", ". —"} {
		if i := strings.Index(s, dash); i > 0 {
			s = s[:i]
		}
	}
	if isKoreanByline(s) {
		if m := reporterBehind.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
	}
	if strings.Contains(s, " ") {
		s = footnotes.ReplaceAllString(s, "$1")
	}
	return withoutRole(strings.Trim(s, " \t,.;:•·|–-\"●”“„»«"))
}

// nameWords is how many words of a text stand before the role that ends it: all
// where none does.
func nameWords(parts []string) int {
	n := len(parts)
	if n == 0 || !roleNouns[strings.ToLower(parts[n-1])] {
		return n
	}
	n--
	for n > 0 && roleModifiers[strings.ToLower(parts[n-1])] {
		n--
	}
	for i := 2; i < n; i++ {
		if rankWords[strings.ToLower(parts[i])] {
			n = i // "Jane Roe Senior Autos"
		}
	}
	if n > 0 && roleModifiers[strings.ToLower(parts[0])] {
		return 0
	}
	return n
}

// withoutRole cuts a role off the end of a name ("Jane Roe Senior Tech
// Reporter"). A role alone stays.
func withoutRole(s string) string {
	parts := strings.Fields(s)
	if n := nameWords(parts); n >= 2 && n < len(parts) {
		return strings.TrimRight(strings.Join(parts[:n], " "), " ,")
	}
	return s
}

// roleAlone says that a text names a role and nobody who has it.
func roleAlone(s string) bool {
	parts := strings.Fields(s)
	if len(parts) > 2 && roleNouns[strings.ToLower(parts[0])] && (parts[1] == "at" || parts[1] == "of") {
		return true
	}
	n := nameWords(parts)
	return n < 2 && n < len(parts)
}

var monthDay = regexp.MustCompile(`(?i)(?:^|\s)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b`)

// footnotes are the marks behind a name that point to notes.
var footnotes = regexp.MustCompile(`(\p{L})(?:\d{1,2}|[*†‡§]+)$`)

// dayMonth is a date behind a name that begins with the day ("Jane Roe 4 August").
var dayMonth = regexp.MustCompile(`(?i)\s\d{1,2}\.?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b`)

// gluedMonth is a date right behind a name, as elements without a space between
// them give ("Luke KimDecember 17").
var gluedMonth = regexp.MustCompile(`\p{Ll}(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{1,2}\b`)

// monthAt is where a date such as "Oct 28" begins that follows a name without a
// separator, or -1.
func monthAt(s string) int {
	if at := monthDay.FindStringIndex(s); at != nil {
		return at[0]
	}
	if at := dayMonth.FindStringIndex(s); at != nil {
		return at[0]
	}
	if at := gluedMonth.FindStringIndex(s); at != nil {
		_, width := utf8.DecodeRuneInString(s[at[0]:])
		return at[0] + width
	}
	return -1
}

// smallWords counts the words of a text that begin with a small letter and are
// none that names have.
func smallWords(s string) int {
	n := 0
	for w := range strings.FieldsSeq(s) {
		if first, _ := utf8.DecodeRuneInString(w); unicode.IsLower(first) && !particles[w] {
			n++
		}
	}
	return n
}

// signature is how German papers sign what they have edited: the source, and who did
// it ("dpa/mia").
var signature = regexp.MustCompile(`^\p{Ll}{2,5}(?:/\p{Ll}{2,5}){1,2}$`)

// plausibleName says that a text can be a name: short, with letters, no
// sentence, no date, no address.
func plausibleName(s string) bool {
	n := runeCount(s)
	if signature.MatchString(s) {
		return true
	}
	if n < 2 || n > 60 || len(strings.Fields(s)) > 7 || strings.ContainsAny(s, "/@{}<>=?!:") {
		return false
	}
	if words := strings.Fields(s); len(words) > 3 && !strings.ContainsFunc(words[1], unicode.IsUpper) && !strings.ContainsFunc(words[2], unicode.IsUpper) && unicode.IsLower([]rune(words[len(words)-1])[0]) {
		return false // "How we reviewed this article"
	}
	if parts := strings.Fields(s); len(parts) >= 3 && smallWords(s) >= 2 {
		return false // "Instagram didn't exist"
	}
	digits, letters := 0, 0
	for _, c := range s {
		switch {
		case unicode.IsDigit(c):
			digits++
		case unicode.IsLetter(c):
			letters++
		}
	}
	if first, _ := utf8.DecodeRuneInString(s); digits > 2 || letters < 2 || unicode.IsDigit(first) {
		return false
	}
	lower := strings.ToLower(s)
	if notNames[lower] {
		return false
	}
	if parts := strings.Fields(lower); len(parts) > 1 && labelEnds[parts[len(parts)-1]] {
		return false
	}
	return !strings.HasPrefix(lower, "learn about") && !strings.HasPrefix(lower, "view ") && !strings.HasPrefix(lower, "all posts") && !strings.HasPrefix(lower, "more from") && !strings.HasPrefix(lower, "more by") && !strings.HasPrefix(lower, "posts by") && !strings.HasPrefix(lower, "about ") && !strings.HasPrefix(lower, "profile picture")
}
