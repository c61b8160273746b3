package fields

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Maximum lengths of lines that may name an author, in characters.
const (
	maxBylineRun = 120 // of a byline
	maxNameLine  = 60  // of a line under a label
	maxBareName  = 80  // of a line with a name, and a role or date
	maxBoxName   = 40  // of the heading of a box about the author
)

// labelledAuthors reads the author from a short line that starts like a byline, has "by"
// after a date or a separator, or follows a line that is only a label. At the end of the
// text, Chinese sites name the editor in brackets.
func labelledAuthors(v *View) []record.Author {
	label := false
	for i := range v.Runs {
		r := &v.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		underLabel := label
		label = false
		if r.Chars > maxBylineRun || r.Elem < v.at.Elem || !v.maySign(r) {
			continue
		}
		text := norm.Squeeze(v.TextOf(r))
		if label = slices.Contains(authorLabels, strings.ToLower(text)); label {
			continue
		}
		text, ok := v.afterByIn(r)
		if !ok && (!underLabel || r.Chars >= maxNameLine || !startsUpper(text)) {
			continue
		}
		list := v.addNames(nil, upToPreposition(text), "")
		if len(list) == 0 || !startsUpper(list[0].Name) || slices.ContainsFunc(list, sentenceLike) {
			continue
		}
		if !ok {
			list = v.addItems(list, i)
		}
		return list
	}
	return nil
}

// afterByIn returns the part of a run, or of one of its lines, after a word such as "by".
func (v *View) afterByIn(r *page.Run) (string, bool) {
	const brackets = "()（）[] "
	whole := v.TextOf(r)
	text, ok := afterBy(strings.Trim(norm.Squeeze(whole), brackets))
	if ok || !strings.Contains(whole, "\n") {
		return text, ok
	}
	for line := range strings.Lines(whole) {
		if after, found := afterBy(strings.Trim(norm.Squeeze(line), brackets)); found {
			return after, true
		}
	}
	return text, false
}

// sentenceLike reports whether a name has a word in lower case that names do not have,
// as a part of a headline has ("Von Masken über Tests bis Impfung").
func sentenceLike(a record.Author) bool { return hasUpper(a.Name) && lowerWords(a.Name) > 0 }

// maySign reports whether a run may say who wrote the article.
func (v *View) maySign(r *page.Run) bool {
	within := v.hintsAt(r)
	return within&(page.HintComment|page.HintRelated|page.HintNav) == 0 &&
		(within&page.HintFooter == 0 || within&page.HintBody != 0)
}

// addItems adds the names in the items that follow run i in the same list.
func (v *View) addItems(list []record.Author, i int) []record.Author {
	for j := i + 1; j < min(len(v.Runs), i+maxAuthors) && v.nameInSameList(i, j); j++ {
		list = v.addNames(list, v.TextOf(&v.Runs[j]), "")
	}
	return list
}

// nameInSameList reports whether run j is a full name in the same list as run i.
func (v *View) nameInSameList(i, j int) bool {
	a, b := &v.Elems[v.Runs[i].Elem], &v.Elems[v.Runs[j].Elem]
	return v.Runs[j].Kind == page.TextRun && a.Node.DataAtom == atom.Li && b.Node.DataAtom == atom.Li &&
		a.Parent == b.Parent && fullName(v.TextOf(&v.Runs[j]))
}

// boxRuns is the number of runs after a name that may describe the person.
const boxRuns = 5

// boxAuthors reads the name above a few lines about the author: a full name that one of
// the next lines starts with ("Jane Roe is a reporter …"), or that is in an element
// whose names hint at such a box.
func boxAuthors(v *View) []record.Author {
	for i := range v.Runs {
		r := &v.Runs[i]
		within := v.hintsAt(r)
		if r.Kind != page.TextRun || r.Chars > maxBoxName ||
			within&(page.HintComment|page.HintRelated|page.HintNav) != 0 {
			continue
		}
		name := upToPreposition(norm.Squeeze(v.TextOf(r)))
		if !fullName(name) || !plainName(name) {
			continue
		}
		if within&page.HintAuthorBox != 0 || v.described(i, i+boxRuns, name) {
			return v.addNames(nil, name, "")
		}
	}
	return nil
}

// described reports whether a run after i and before end says who a person is.
func (v *View) described(i, end int, name string) bool {
	for j := i + 1; j < min(len(v.Runs), end); j++ {
		r := &v.Runs[j]
		if !bytes.HasPrefix(v.Text[r.From:r.To], []byte(name)) {
			continue
		}
		rest, ok := strings.CutPrefix(norm.Squeeze(v.TextOf(r)), name)
		if !ok {
			continue
		}
		for _, verb := range []string{" is ", " has ", " ist ", " est ", " es "} {
			if strings.HasPrefix(rest, verb) {
				return true
			}
		}
		if apposition.MatchString(rest) {
			return true
		}
	}
	return false
}

// proseAfterHeadline is the distance from the headline, in runs, after which
// prose ends the search for a name: closer prose is a standfirst.
const proseAfterHeadline = 6

// bareAuthors reads a line after the headline that is only a full name: next to a
// date or a reading time, in bold right over the text, or described elsewhere on
// the page.
func bareAuthors(v *View) []record.Author {
	if v.at.Elem == 0 {
		return nil
	}
	title := v.headlineRun()
	for i := title + 1; i < min(len(v.Runs), title+linesNear); i++ {
		r := &v.Runs[i]
		if i >= title+proseAfterHeadline && r.Kind == page.TextRun && r.Prose() {
			break
		}
		if !v.mayBeBareName(r) {
			continue
		}
		first, rest, _ := strings.Cut(v.TextOf(r), "\n")
		name, more, hasMore := strings.Cut(first, " | ")
		name = upToPreposition(norm.Squeeze(name))
		if slices.ContainsFunc(strings.Split(name, "/"), func(n string) bool { return !v.isBareName(n, i) }) {
			continue
		}
		if hasMore && (MetaLine(more) || roleLike(more)) || MetaLine(rest) || v.besideMeta(i) || v.boldOverText(i) ||
			v.described(i, len(v.Runs), name) {
			return v.addNames(nil, name, "")
		}
	}
	return nil
}

func (v *View) mayBeBareName(r *page.Run) bool {
	if r.Kind != page.TextRun || r.Chars > maxBareName || page.IsHeading(v.Tag(r)) {
		return false
	}
	within := v.hintsAt(r)
	const against = page.HintNav | page.HintRelated | page.HintBreadcrumb | page.HintKicker | page.HintCaption |
		page.HintCredit
	return within&against == 0 && (within&page.HintTags == 0 || within&page.HintByline != 0)
}

// isBareName reports whether a text in run i is a person's full name. In bold
// over the text it may also be in capitals.
func (v *View) isBareName(name string, i int) bool {
	return fullName(name) && (plainName(name) || v.boldOverText(i) && personLike(name))
}

// boldOverText reports whether a line is all in bold and the next is prose.
func (v *View) boldOverText(i int) bool {
	if i+1 >= len(v.Runs) || v.Runs[i+1].Kind != page.TextRun || !v.Runs[i+1].Prose() {
		return false
	}
	n := v.Elems[v.Runs[i].Elem].Node
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

const (
	besideRuns  = 2  // runs before and after a name that may be a date
	maxMetaLine = 60 // characters of a line with a date or reading time
)

// besideMeta reports whether one of the runs around run i is a date or a reading
// time.
func (v *View) besideMeta(i int) bool {
	for j := max(0, i-besideRuns); j <= min(len(v.Runs)-1, i+besideRuns); j++ {
		r := &v.Runs[j]
		if j != i && r.Kind == page.TextRun && r.Chars < maxMetaLine && MetaLine(v.TextOf(r)) {
			return true
		}
	}
	return false
}
