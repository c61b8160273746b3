package article

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The confidences of titles, authors and times are the shares that were right on
// two thirds of the sites of a corpus (docs/evaluation.md, "Calibration").

// readTitle chooses the headline: the page's own h1 where metadata bears it
// out, else what the metadata says, without the site's name.
func (r *reader) readTitle() {
	declared := []fact{
		{r.ldText("headline"), FromJSONLD, 0.78},
		{r.firstMeta("og:title"), FromOpenGraph, 0.6},
		{r.firstMeta("twitter:title", "dc.title", "parsely-title", "sailthru.title"), FromMeta, 0.5},
		{r.title, FromMeta, 0.45},
	}
	for i := range declared {
		// Many publishers escape what they have escaped before.
		declared[i].value = r.withoutSite(html.UnescapeString(declared[i].value))
	}
	if t, elem := r.headingTitle(declared); t != "" {
		r.out.Title, r.titleElem = t, elem
		conf := 0.57
		if slices.ContainsFunc(declared, func(f fact) bool { return fold(f.value) == fold(t) }) {
			conf = 0.94
		}
		r.set("title", FromStructure, conf)
		return
	}
	if v, elem := r.prop("headline"); v != "" && r.elems[elem].hints&hintRelated == 0 {
		r.out.Title, r.titleElem = v, elem
		r.set("title", FromMicrodata, 0.65)
		return
	}
	for _, f := range declared {
		if f.value != "" && !strings.EqualFold(f.value, r.out.SiteName) {
			r.out.Title = f.value
			r.set("title", f.source, f.conf)
			return
		}
	}
}

// headingTitle is the heading that is the headline: one that a declared title
// repeats, begins with or ends, else the only h1 that says as much as a headline
// does: what metadata declares is often another wording, for search engines.
func (r *reader) headingTitle(declared []fact) (string, int32) {
	folded := make([]string, len(declared))
	for i := range declared {
		folded[i] = fold(declared[i].value)
	}
	if text, elem := r.headlineShown(declared); text != "" {
		return text, elem
	}
	first, firstElem, count := "", int32(0), 0
	for i := range r.runs {
		run := &r.runs[i]
		if !r.mayBeHeadline(run) {
			continue
		}
		e := &r.elems[run.elem]
		tag := e.node.DataAtom
		text := r.withoutKicker(run)
		h := fold(text)
		if isHeading(tag) {
			for k, d := range folded[:3] {
				// A declared title that is the heading's end: a kicker leads it.
				if properEnd(h, d) {
					return declared[k].value, run.elem
				}
			}
		}
		for k, d := range folded {
			switch {
			case h == "" || d == "":
			case d == h:
				if len(strings.Fields(declared[k].value)) > len(strings.Fields(text)) {
					text = declared[k].value // elements of the heading that stand apart, without a space
				}
				return text, run.elem
			case k == 0 && d == folded[1] && len(h) > 8 && isHeading(tag) && endsApart(declared[0].value, text):
				// What parts of the page call the headline, and what is shared as
				// such, is the kicker and the heading together.
				return declared[0].value, run.elem
			case len(h) > 15 && (strings.HasPrefix(d, h) || tag == atom.H1 && endsApart(declared[k].value, text)) && len(h)*2 > len(d), len(d) > 12 && strings.HasPrefix(h, d) && len(d)*2 > len(h):
				return text, run.elem
			}
		}
		if tag == atom.H1 && runeCount(text) > 8 && e.hints&(hintsAgainst) == 0 {
			count++
			if count == 1 {
				first, firstElem = text, run.elem
			}
		}
	}
	if count != 1 || strings.EqualFold(first, r.out.SiteName) || r.isSite(first) {
		return "", 0
	}
	if long := runeCount(first) >= 25 && len(strings.Fields(first)) >= 4; long || !r.unlike(first, declared) {
		return first, firstElem
	}
	return "", 0
}

// headlineShown is the heading that says word for word what structured data
// calls the headline. It goes before any other: pages have a second heading,
// often the h1, in the wording that is meant for search engines. Where another
// declared title is its end, the rest is a kicker, and it is none.
func (r *reader) headlineShown(declared []fact) (string, int32) {
	headline := declared[0].value
	want := fold(headline)
	if len(want) < 8 || slices.ContainsFunc(declared[1:3], func(f fact) bool { return properEnd(want, fold(f.value)) }) {
		return "", 0
	}
	for i := range r.runs {
		run := &r.runs[i]
		if r.mayBeHeadline(run) && isHeading(r.elems[run.elem].node.DataAtom) && strings.EqualFold(r.withoutKicker(run), headline) {
			return headline, run.elem
		}
	}
	return "", 0
}

// properEnd says that a folded heading ends with a folded title and begins with
// something else, which is shorter than one and a half times the title.
func properEnd(heading, title string) bool {
	return len(title) > 15 && len(title) < len(heading) && len(title)*5 > len(heading)*2 && strings.HasSuffix(heading, title)
}

// mayBeHeadline says that a run is a heading, or named as a title, outside of
// navigation, comments and related stories.
func (r *reader) mayBeHeadline(run *run) bool {
	e := &r.elems[run.elem]
	return run.kind == runText && (isHeading(e.node.DataAtom) || e.hints&hintTitle != 0) && run.letters <= 400 &&
		r.hintsAround(run.elem)&(hintBreadcrumb|hintNav|hintRelated|hintComment) == 0
}

// endsApart says that a declared title ends with the heading, and that a colon,
// dash or bar parts the two.
func endsApart(declared, heading string) bool {
	before, ok := strings.CutSuffix(declared, heading)
	before = strings.TrimRight(before, " ")
	last, _ := utf8.DecodeLastRuneInString(before)
	return ok && strings.ContainsRune(":|–—-»·/•", last)
}

// hintsAround are the hints of an element and its next two ancestors.
func (r *reader) hintsAround(elem int32) hint {
	var found hint
	for depth := 0; depth < 3 && elem > 0; depth++ {
		found |= r.elems[elem].hints
		elem = r.elems[elem].parent
	}
	return found
}

// withoutKicker is the text of a heading without an element at its start that
// is named as a kicker.
func (r *reader) withoutKicker(run *run) string {
	text := squeeze(r.textOf(run))
	e := &r.elems[run.elem]
	for i := run.elem + 1; i < e.end && i < run.elem+6; i++ {
		if r.elems[i].hints&hintKicker == 0 {
			continue
		}
		kicker := nodeText(r.elems[i].node)
		if rest, ok := strings.CutPrefix(text, kicker); ok && runeCount(rest) > 10 {
			return strings.TrimLeft(rest, " :–—-|")
		}
	}
	// The sign behind a heading that links to the heading itself.
	return strings.TrimRight(text, " ¶")
}

// unlike says that titles are declared and none shares a word's worth of text
// with the heading.
func (r *reader) unlike(heading string, declared []fact) bool {
	declares := false
	words := strings.Fields(strings.ToLower(heading))
	for _, f := range declared {
		if f.value == "" {
			continue
		}
		declares = true
		shared, lower := 0, strings.ToLower(f.value)
		for _, w := range words {
			if utf8.RuneCountInString(w) > 3 && strings.Contains(lower, w) {
				shared++
			}
		}
		if shared*3 >= len(words) || shared >= 3 {
			return false
		}
	}
	return declares
}
