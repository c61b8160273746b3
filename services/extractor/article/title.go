package article

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// readTitle chooses the headline: the page's own h1 where metadata bears it
// out, else what the metadata says, without the site's name.
func (r *reader) readTitle() {
	declared := []fact{
		{r.ldText("headline"), FromJSONLD, 0.93},
		{r.firstMeta("og:title"), FromOpenGraph, 0.9},
		{r.firstMeta("twitter:title", "dc.title", "parsely-title", "sailthru.title"), FromMeta, 0.85},
		{r.title, FromMeta, 0.8},
	}
	for i := range declared {
		declared[i].value = r.withoutSite(declared[i].value)
	}
	if t, elem := r.headingTitle(declared); t != "" {
		r.out.Title, r.titleElem = t, elem
		r.set("title", FromStructure, 0.92)
		return
	}
	if v, elem := r.prop("headline"); v != "" && r.elems[elem].hints&hintRelated == 0 {
		r.out.Title, r.titleElem = v, elem
		r.set("title", FromMicrodata, 0.9)
		return
	}
	for _, f := range declared {
		if f.value != "" && !strings.EqualFold(f.value, r.out.SiteName) {
			r.out.Title = f.value
			r.set("title", f.source, f.conf-0.1)
			return
		}
	}
}

// headingTitle is the heading that is the headline: one that a declared title
// repeats or begins with, else the only h1.
func (r *reader) headingTitle(declared []fact) (string, int32) {
	type heading struct {
		text string
		elem int32
	}
	var first []heading
	for i := range r.runs {
		e := &r.elems[r.runs[i].elem]
		tag := e.node.DataAtom
		if r.runs[i].kind != runText || !isHeading(tag) && e.hints&hintTitle == 0 || r.runs[i].letters > 400 {
			continue
		}
		text := squeeze(r.textOf(&r.runs[i]))
		h := fold(text)
		for _, f := range declared {
			d := fold(f.value)
			if h != "" && (d == h || len(h) > 15 && (strings.HasPrefix(d, h) && len(h)*2 > len(d) || strings.HasPrefix(h, d) && len(d)*2 > len(h) && len(d) > 12)) {
				return text, r.runs[i].elem
			}
		}
		if tag == atom.H1 && runeCount(text) > 8 && r.elems[r.runs[i].elem].hints&hintsAgainst == 0 {
			first = append(first, heading{text, r.runs[i].elem})
		}
	}
	if len(first) == 1 && !strings.EqualFold(first[0].text, r.out.SiteName) && !r.unlike(first[0].text, declared) {
		return first[0].text, first[0].elem
	}
	return "", 0
}

// unlike says that titles are declared and none shares a word's worth of text
// with the heading.
func (r *reader) unlike(heading string, declared []fact) bool {
	any := false
	words := strings.Fields(strings.ToLower(heading))
	for _, f := range declared {
		if f.value == "" {
			continue
		}
		any = true
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
	return any
}

var titleSeparators = []string{" | ", " – ", " — ", " - ", " :: ", " » ", " « ", " · ", " • ", " / ", " ~ ", "｜", " ― ", " ‹ ", " › ", " │ ", "|"}

// withoutSite cuts the site's name, and sections beside it, off a title.
func (r *reader) withoutSite(title string) string {
	title = squeeze(title)
	for range 3 {
		cut := r.cutOnce(title)
		if cut == title {
			return title
		}
		title = cut
	}
	return title
}

func (r *reader) cutOnce(title string) string {
	at, width := -1, 0
	for _, sep := range titleSeparators {
		if i := strings.LastIndex(title, sep); i > at {
			at, width = i, len(sep)
		}
	}
	if at <= 0 {
		return title
	}
	head, tail := strings.TrimSpace(title[:at]), strings.TrimSpace(title[at+width:])
	if r.isSite(tail) && head != "" {
		return head
	}
	first, sepWidth := len(title), 0
	for _, sep := range titleSeparators {
		if i := strings.Index(title, sep); i > 0 && i < first {
			first, sepWidth = i, len(sep)
		}
	}
	if lead := strings.TrimSpace(title[:first]); r.isSite(lead) {
		if rest := strings.TrimSpace(title[first+sepWidth:]); runeCount(rest) > 10 {
			return rest
		}
	}
	if strings.Contains(title[at:at+width], "|") && runeCount(tail) < 30 && runeCount(head) > 2*runeCount(tail) {
		return head
	}
	return title
}

// isSite says that a part of a title names the site: its declared name, or the
// host's own label.
func (r *reader) isSite(part string) bool {
	p := fold(part)
	if p == "" || runeCount(part) > 60 {
		return false
	}
	for _, name := range []string{r.out.SiteName, r.meta["og:site_name"], r.meta["application-name"]} {
		s := fold(name)
		if s != "" && (p == s || len(s) > 3 && strings.HasPrefix(p, s) || len(p) > 4 && strings.HasPrefix(s, p)) {
			return true
		}
	}
	if r.base == nil {
		return false
	}
	host := fold(strings.TrimPrefix(r.base.Hostname(), "www."))
	if len(p) > 2 && strings.HasPrefix(host, p) || len(p) > 5 && strings.Contains(host, p) {
		return true
	}
	label, _, _ := strings.Cut(strings.TrimPrefix(r.base.Hostname(), "www."), ".")
	return len(label) > 3 && strings.Contains(p, fold(label)) && len(p) < len(label)+12
}
