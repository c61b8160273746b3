package article

import (
	"bytes"
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

var (
	//go:embed lists/author_labels.txt
	authorLabelList string
	//go:embed lists/trade_words.txt
	tradeWordList string

	authorLabels = wordlist.Entries(authorLabelList)
	tradeWords   = wordlist.Set(tradeWordList)
)

// labelledAuthors reads a short line that says who wrote: it begins as bylines
// do, has "by" behind a date or a separator, or follows a line that is the label
// alone. At the text's end Chinese sites name who edited it, in brackets.
func (r *reader) labelledAuthors() []Author {
	label := false
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText {
			continue
		}
		was := label
		label = false
		if run.letters > 120 || run.elem < r.titleElem || r.elems[run.elem].within&(hintComment|hintRelated|hintNav) != 0 || r.elems[run.elem].within&hintFooter != 0 && r.elems[run.elem].within&hintBody == 0 {
			continue
		}
		text := squeeze(r.textOf(run))
		if label = slices.Contains(authorLabels, strings.ToLower(text)); label {
			continue
		}
		text = strings.Trim(text, "()（）[] ")
		text, ok := afterBy(text)
		if !ok && !(was && run.letters < 60 && startsUpper(text)) {
			continue
		}
		if list := r.addNames(nil, upToPreposition(text), ""); len(list) > 0 && startsUpper(list[0].Name) {
			for j := i + 1; !ok && j < min(len(r.runs), i+maxAuthors) && r.itemBehind(i, j); j++ {
				list = r.addNames(list, r.textOf(&r.runs[j]), "") // a list under the label
			}
			return list
		}
	}
	return nil
}

// itemBehind says that a run is an item of the same list as another, and a full
// name.
func (r *reader) itemBehind(i, j int) bool {
	a, b := &r.elems[r.runs[i].elem], &r.elems[r.runs[j].elem]
	return r.runs[j].kind == runText && a.node.DataAtom == atom.Li && b.node.DataAtom == atom.Li && a.parent == b.parent && fullName(r.textOf(&r.runs[j]))
}

var (
	byBehind = regexp.MustCompile(`(?i)(?:^|[·|•–—-]\s*|\d\s+|\b(?:posted|written|published|reported|updated)\s+)by\s+(\p{Lu}.*)$`)
	byGlued  = regexp.MustCompile(`^By(\p{Lu}\p{Ll}+ \p{Lu}.*)$`)
	// reporterBefore and reporterBehind are the bylines of Chinese and of Korean
	// papers: "記者王小明／台北報導", "서울=김민수 기자".
	reporterBefore = regexp.MustCompile(`^[\[【〔(（]?(?:\p{Han}{2,3})?[記记]者\s*(\p{Han}{2,4}(?:、\p{Han}{2,4})*)\s*(?:[／/╱]|\p{Han}*[報报][導道]|[\]】〕)）]|$)`)
	reporterBehind = regexp.MustCompile(`(?:^|[\s=|·])(\p{Hangul}{2,4})\s?(?:\p{Hangul}{2}\s?)?(?:기자|특파원|논설위원|객원기자)(?:\s|$|[=|·(])`)
	// dated and placed are what follows a name in a byline: when, and where or
	// for whom.
	dated  = regexp.MustCompile(`(?i)\s+on\s+(?:\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d).*$`)
	placed = regexp.MustCompile(`\s+(?:in|for|at|via|from)\s+\p{Lu}.*$`)
)

func isKoreanByline(line string) bool {
	return strings.Contains(line, "기자") || strings.Contains(line, "특파원") || strings.Contains(line, "논설위원")
}

// afterBy is what follows the word that says who wrote.
func afterBy(line string) (string, bool) {
	if hasByWord(line) {
		return line, true
	}
	forms := []*regexp.Regexp{byBehind, byGlued}
	switch {
	case strings.Contains(line, "记者"), strings.Contains(line, "記者"):
		forms = []*regexp.Regexp{reporterBefore}
	case isKoreanByline(line):
		forms = []*regexp.Regexp{reporterBehind}
	}
	for _, form := range forms {
		if m := form.FindStringSubmatch(line); m != nil {
			return m[1], true
		}
	}
	return line, false
}

// upToPreposition cuts off a byline what follows the name.
func upToPreposition(line string) string {
	line = dated.ReplaceAllString(line, "")
	if short := placed.ReplaceAllString(line, ""); fullName(short) {
		return short
	}
	return line
}

// boxAuthors reads the name over a few lines about the author: a full name that
// a line behind it begins with ("Jane Roe is a reporter …"), or that stands in
// an element named for that.
func (r *reader) boxAuthors() []Author {
	for i := range r.runs {
		run := &r.runs[i]
		within := r.elems[run.elem].within
		if run.kind != runText || run.letters > 40 || within&(hintComment|hintRelated|hintNav) != 0 {
			continue
		}
		name := upToPreposition(squeeze(r.textOf(run)))
		if !fullName(name) || !plainName(name) {
			continue
		}
		if within&hintAuthorBox != 0 || r.describedBehind(i, i+5, name) {
			return r.addNames(nil, name, "")
		}
	}
	return nil
}

// describes begins an apposition that says who somebody is ("Jane Roe, a
// reporter, …", "Jane Roe, MD, …").
var describes = regexp.MustCompile(`^, (?:an?|the|our|who|founder|editor|author|CEO|[A-Z]{2,5}|Ph\.?D|M\.D)\b`)

// describedBehind says that a line between two says who a name is.
func (r *reader) describedBehind(i, end int, name string) bool {
	for j := i + 1; j < min(len(r.runs), end); j++ {
		if !bytes.HasPrefix(r.text[r.runs[j].from:r.runs[j].to], []byte(name)) {
			continue
		}
		if rest, ok := strings.CutPrefix(squeeze(r.textOf(&r.runs[j])), name); ok && (strings.HasPrefix(rest, " is ") || strings.HasPrefix(rest, " has ") || describes.MatchString(rest) || strings.HasPrefix(rest, " ist ") || strings.HasPrefix(rest, " est ") || strings.HasPrefix(rest, " es ")) {
			return true
		}
	}
	return false
}

// bareAuthors reads a line behind the headline that is a full name and nothing
// else: next to a date or a reading time, in bold right over the text, or said
// elsewhere on the page to be somebody's.
func (r *reader) bareAuthors() []Author {
	if r.titleElem == 0 {
		return nil
	}
	title := r.headlineRun()
	for i := title + 1; i < min(len(r.runs), title+linesNear); i++ {
		run := &r.runs[i]
		if i >= title+6 && run.kind == runText && prose(run) {
			break
		}
		within := r.elems[run.elem].within
		if run.kind != runText || run.letters > 80 || isHeading(r.elems[run.elem].node.DataAtom) || within&(hintNav|hintRelated|hintBreadcrumb|hintKicker|hintCaption|hintCredit) != 0 || within&hintTags != 0 && within&hintByline == 0 {
			continue
		}
		first, rest, _ := strings.Cut(r.textOf(run), "\n")
		name, more, parted := strings.Cut(first, " | ")
		name = upToPreposition(squeeze(name))
		if slices.ContainsFunc(strings.Split(name, "/"), func(n string) bool { return !fullName(n) || !plainName(n) && !(r.boldOverText(i) && personLike(n)) }) || strings.EqualFold(name, r.out.Section) {
			continue
		}
		if parted && (metaLine(more) || roleLike(more)) || metaLine(rest) || r.metaBeside(i) || r.boldOverText(i) || r.describedBehind(i, len(r.runs), name) {
			return r.addNames(nil, name, "")
		}
	}
	return nil
}

// boldOverText says that a line is in bold throughout and the next is prose.
func (r *reader) boldOverText(i int) bool {
	if i+1 >= len(r.runs) || r.runs[i+1].kind != runText || !prose(&r.runs[i+1]) {
		return false
	}
	n := r.elems[r.runs[i].elem].node
	if n.DataAtom != atom.P {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Strong && c.DataAtom != atom.B && strings.TrimSpace(c.Data) != "" {
			return false
		}
	}
	return true
}

// metaBeside says that one of the lines around a run is a date or reading time.
func (r *reader) metaBeside(i int) bool {
	for j := max(0, i-2); j <= min(len(r.runs)-1, i+2); j++ {
		if run := &r.runs[j]; j != i && run.kind == runText && run.letters < 60 && metaLine(r.textOf(run)) {
			return true
		}
	}
	return false
}

// plainName says that a text is two to four words, each written as in a person's
// name, none of which is a word of the trade.
func plainName(s string) bool {
	parts := strings.Fields(s)
	if len(parts) < 2 || len(parts) > 4 || strings.ContainsAny(s, "0123456789,:;!?/&+*[]") {
		return false
	}
	for _, w := range parts {
		lower := strings.ToLower(w)
		first, _ := utf8.DecodeRuneInString(w)
		if unicode.IsLower(first) && !particles[w] || tradeWords[lower] || roleNouns[lower] {
			return false
		}
	}
	return strings.ToUpper(s) != s
}

func startsUpper(s string) bool {
	for _, c := range s {
		return unicode.IsUpper(c) || unicode.Is(unicode.Lo, c)
	}
	return false
}
