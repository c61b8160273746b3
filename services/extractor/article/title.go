package article

import (
	"cmp"
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
	if ld, card := fold(declared[0].value), fold(declared[2].value); ld != "" && ld != card && ld == fold(declared[1].value) && ld == fold(declared[3].value) {
		// All agree but what is shown on one social network.
		declared[2].value = ""
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
// repeats, begins with or ends, else the h1 that says as much as a headline does
// (what metadata declares is often another wording, for search engines), else a
// line named as a title that a declared one begins with or ends.
func (r *reader) headingTitle(declared []fact) (string, int32) {
	folded := make([]string, len(declared))
	for i := range declared {
		folded[i] = fold(declared[i].value)
	}
	if text, elem := r.headlineShown(declared); text != "" {
		return text, elem
	}
	var part, line heading // that a declared title has in part
	var first heading      // the first h1
	several := false       // h1s that say different things
	for i := range r.runs {
		run := &r.runs[i]
		if !r.mayBeHeadline(run) {
			continue
		}
		e := &r.elems[run.elem]
		tag, parted := r.headingAround(run.elem)
		text := r.withoutKicker(run)
		if whole := squeeze(r.textOf(run)); whole != text && unanimous(declared, fold(whole)) {
			// Nobody calls it the kicker but its element's name.
			return cmp.Or(declared[0].value, declared[1].value), run.elem
		}
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
				if strings.EqualFold(text, declared[k].value) && strings.ToUpper(text) == text {
					text = declared[k].value // which is not in capitals throughout
				}
				if part.text != "" && r.elems[part.elem].node.DataAtom == atom.H1 {
					// The headline with more behind it, and again over the comments.
					return text, part.elem
				}
				return text, run.elem
			case k == 0 && d == folded[1] && len(h) > 8 && isHeading(tag) && endsApart(declared[0].value, text):
				// What parts of the page call the headline, and what is shared as
				// such, is the kicker and the heading together.
				return declared[0].value, run.elem
			case len(d) > 12 && isHeading(tag) && len(d)*2 > len(h) && beginsApart(text, declared[k].value):
				part.offer(declared[k].value, run.elem)
			case len(h) > 15 && (strings.HasPrefix(d, h) || (tag == atom.H1 || parted) && endsApart(declared[k].value, text)) && len(h)*2 > len(d), len(d) > 12 && strings.HasPrefix(h, d) && len(d)*2 > len(h):
				if isHeading(tag) {
					part.offer(text, run.elem)
				} else {
					line.offer(text, run.elem)
				}
			}
		}
		if tag == atom.H1 && !parted && runeCount(text) > 8 && e.within&(hintFooter|hintHidden) == 0 && e.hints&(hintsAgainst&^hintAd) == 0 && !strings.EqualFold(text, r.out.SiteName) && !r.isSite(text) {
			several = several || first.text != "" && first.text != text
			first.offer(text, run.elem)
		}
	}
	switch {
	case part.text != "":
		return part.text, part.elem
	case first.text == "":
	case several && (r.elems[first.elem].hints&hintTitle == 0 || r.unlike(first.text, declared)):
	case runeCount(first.text) >= 25 && len(strings.Fields(first.text)) >= 4 || !r.unlike(first.text, declared):
		return first.text, first.elem
	}
	return line.text, line.elem
}

// heading is a candidate for the headline.
type heading struct {
	text string
	elem int32
}

// offer takes the first that it is offered.
func (h *heading) offer(text string, elem int32) {
	if h.text == "" {
		h.text, h.elem = text, elem
	}
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
		if r.mayBeHeadline(run) && isHeading(r.elems[run.elem].node.DataAtom) && r.hintsAround(run.elem)&hintNotice == 0 && strings.EqualFold(r.withoutKicker(run), headline) {
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
	tag, _ := r.headingAround(run.elem)
	return run.kind == runText && (isHeading(tag) || e.hints&hintTitle != 0) && run.letters <= 400 &&
		r.hintsAround(run.elem)&(hintBreadcrumb|hintNav|hintRelated|hintComment) == 0
}

// headingAround is the tag of the heading that an element is, or is a part of:
// some have their kicker and their headline in blocks of their own.
func (r *reader) headingAround(elem int32) (tag atom.Atom, parted bool) {
	e := &r.elems[elem]
	if !isHeading(e.node.DataAtom) && e.parent > 0 && isHeading(r.elems[e.parent].node.DataAtom) {
		return r.elems[e.parent].node.DataAtom, true
	}
	return e.node.DataAtom, false
}

// unanimous says that two declared titles or more say the same as a folded
// heading, and none says anything else.
func unanimous(declared []fact, heading string) bool {
	agree := 0
	for _, f := range declared {
		switch fold(f.value) {
		case "":
		case heading:
			agree++
		default:
			return false
		}
	}
	return agree >= 2
}

// beginsApart says that a heading begins with a declared title, and that a dash
// or bar parts it from the rest. Behind a colon stands the headline's own half.
func beginsApart(heading, declared string) bool {
	if len(declared) >= len(heading) || !strings.EqualFold(heading[:len(declared)], declared) {
		return false
	}
	rest := heading[len(declared):]
	return slices.ContainsFunc(titleSeparators, func(sep string) bool { return strings.HasPrefix(rest, sep) })
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
