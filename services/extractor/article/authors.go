package article

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxAuthors = 12

// readAuthors takes the authors from the most reliable place that names any.
func (r *reader) readAuthors() {
	for _, try := range []struct {
		read   func() []Author
		source Source
		conf   float64
	}{
		{r.ldAuthors, FromJSONLD, 0.92},
		{r.propAuthors, FromMicrodata, 0.88},
		{r.bylineAuthors, FromStructure, 0.82},
		{r.metaAuthors, FromMeta, 0.8},
		{r.textAuthors, FromText, 0.7},
	} {
		found := try.read()
		if try.source == FromJSONLD && r.siteItself(found) {
			// Publishers name themselves where they do not tell the writer.
			if written := r.bylineAuthors(); len(written) > 0 && !r.siteItself(written) {
				continue
			}
		}
		if len(found) > 0 {
			r.out.Authors = found[:min(len(found), maxAuthors)]
			r.set("authors", try.source, try.conf)
			return
		}
	}
}

// siteItself says that the only author is the publication.
func (r *reader) siteItself(list []Author) bool {
	return len(list) == 1 && (r.isSite(list[0].Name) || strings.EqualFold(list[0].Name, r.out.SiteName))
}

func (r *reader) ldAuthors() []Author {
	if r.story == nil {
		return nil
	}
	var list []Author
	for _, key := range []string{"author", "creator"} {
		for _, v := range jsonld.List(r.story[key]) {
			v = r.graph.Resolve(v)
			o, _ := v.(map[string]any)
			link := ""
			if o != nil {
				link = jsonld.String(o["url"])
				v = o["name"]
			}
			for _, name := range jsonld.List(v) {
				list = r.addNames(list, jsonld.String(name), link)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	return list
}

func (r *reader) propAuthors() []Author {
	var list []Author
	for _, i := range r.props {
		n := r.elems[i].node
		if !hasWord(attr(n, "itemprop"), "author") || r.elems[i].within&(hintComment|hintRelated) != 0 {
			continue
		}
		link := ""
		if n.DataAtom == atom.A {
			link = attr(n, "href")
		}
		list = r.addNames(list, propValue(n), link)
	}
	return list
}

func (r *reader) metaAuthors() []Author {
	var list []Author
	for _, name := range []string{"author", "article:author", "og:article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator", "byl", "byline", "twitter:creator"} {
		for _, v := range r.metas[name] {
			if strings.HasPrefix(v, "@") || strings.HasPrefix(v, "http") {
				continue
			}
			list = r.addNames(list, v, "")
		}
		if len(list) > 0 {
			return list
		}
	}
	return list
}

// bylineAuthors reads elements that are named as bylines or link to an author's
// page, the first group of them that stands near the headline.
func (r *reader) bylineAuthors() []Author {
	var list []Author
	var group int32 = -1
	for _, i := range r.bylines {
		e := &r.elems[i]
		if e.within&(hintComment|hintRelated|hintNav|hintFooter|hintSidebar) != 0 || i < r.titleElem && r.titleElem > 0 && len(list) > 0 {
			continue
		}
		if group >= 0 && !r.near(group, i) {
			break
		}
		before := len(list)
		if links := authorLinks(e.node); len(links) > 0 {
			for _, a := range links {
				list = r.addNames(list, nodeText(a), attr(a, "href"))
			}
		} else if text := nodeText(e.node); runeCount(text) < 120 {
			list = r.addNames(list, text, "")
		}
		if len(list) > before && group < 0 {
			group = i
		}
	}
	return list
}

// near says that two elements stand in one byline: within the same close
// ancestor.
func (r *reader) near(a, b int32) bool {
	for range 3 {
		if a <= 0 {
			return false
		}
		a = r.elems[a].parent
		if b < r.elems[a].end && r.elems[a].end-a < 60 {
			return true
		}
	}
	return false
}

func authorLinks(n *html.Node) []*html.Node {
	if n.DataAtom == atom.A {
		return []*html.Node{n}
	}
	var found []*html.Node
	for d := range n.Descendants() {
		if d.DataAtom == atom.A && (authorLink(attr(d, "href")) || attr(d, "rel") == "author") {
			if len(found) == maxAuthors {
				break
			}
			found = append(found, d)
		}
	}
	return found
}

// textAuthors reads a line that begins with "By" near the headline, else the
// name of an author box.
func (r *reader) textAuthors() []Author {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 90 || run.elem < r.titleElem || r.elems[run.elem].within&(hintComment|hintRelated|hintNav|hintFooter) != 0 {
			continue
		}
		text, _, _ := strings.Cut(r.textOf(run), "\n")
		lower := strings.ToLower(text)
		if hasByWord(lower) {
			if list := r.addNames(nil, text, ""); len(list) > 0 && startsUpper(list[0].Name) {
				return list
			}
		}
	}
	return nil
}

func startsUpper(s string) bool {
	for _, c := range s {
		return unicode.IsUpper(c) || unicode.Is(unicode.Lo, c)
	}
	return false
}

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

// byWords are what bylines begin with, in lower case and with what follows.
var byWords = []string{"by ", "by: ", "by\n", "von ", "par ", "por ", "di ", "door ", "av ", "af ", "author: ", "author ", "authors: ", "autor: ", "autor ", "auteur : ", "autore: ", "written by ", "written by: ", "words by ", "story by ", "posted by ", "published by ", "reported by ", "text: ", "texte : ", "yazan: ", "автор: ", "автор ", "a cura di ", "texto: ", "tekst: ", "oleh ", "reporter: "}

// addNames cleans a byline and adds the names in it, each once.
func (r *reader) addNames(list []Author, text, link string) []Author {
	text = squeeze(html.UnescapeString(text))
	for _, part := range splitNames(text) {
		name := cleanName(part)
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

func splitNames(text string) []string {
	for _, sep := range []string{" and ", " und ", " et ", " y ", " e ", " och ", " og ", " en ", " i ", " & ", " | ", "; ", " / ", "、", " ve ", " и ", " with ", " • ", " · "} {
		text = strings.ReplaceAll(text, sep, "\x00")
	}
	var parts []string
	for part := range strings.SplitSeq(text, "\x00") {
		pieces := strings.Split(part, ",")
		// "Jane Roe, Staff Writer": what follows a comma is a name only where
		// it looks like one, with two words or more.
		parts = append(parts, pieces[0])
		for _, p := range pieces[1:] {
			if n := len(strings.Fields(p)); n >= 2 && n <= 4 && !roleLike(p) {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

var roleWords = []string{"writer", "reporter", "editor", "correspondent", "redakteur", "journalist", "staff", "columnist", "contributor", "producer", "bureau", "chief", "director", "ceo", "founder", "professor", "updated", "published", "min read", "minutes", "ago", "photographer", "analyst", "university", "press", "news", "today", "manager", "head of", "senior", "specialist", "phd", "inc", "llc", "special to"}

func roleLike(s string) bool {
	s = strings.ToLower(s)
	return strings.IndexAny(s, "0123456789@") >= 0 || slices.ContainsFunc(roleWords, func(w string) bool { return strings.Contains(s, w) })
}

func cleanName(s string) string {
	s = strings.TrimSpace(s)
	if at := monthAt(s); at >= 0 {
		s = strings.TrimSpace(s[:at])
	}
	lower := strings.ToLower(s)
	for _, label := range []string{"written by", "posted by", "published by", "by", "published in", "published", "updated"} {
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
	if i := strings.IndexAny(s, "(|@<"); i > 0 {
		s = s[:i]
	}
	if i := strings.Index(s, " - "); i > 0 {
		s = s[:i]
	}
	return strings.Trim(s, " \t,.;:•·|–-\"")
}

var monthDay = regexp.MustCompile(`(?i)(?:^|\s)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b`)

// monthAt is where a date such as "Oct 28" begins that follows a name without a
// separator, or -1.
func monthAt(s string) int {
	if at := monthDay.FindStringIndex(s); at != nil {
		return at[0]
	}
	return -1
}

// plausibleName says that a text can be a name: short, with letters, no
// sentence, no date, no address.
func plausibleName(s string) bool {
	n := runeCount(s)
	if n < 2 || n > 60 || len(strings.Fields(s)) > 7 || strings.ContainsAny(s, "/@{}<>=?!:") {
		return false
	}
	if words := strings.Fields(s); len(words) > 3 && !strings.ContainsFunc(words[1], unicode.IsUpper) && !strings.ContainsFunc(words[2], unicode.IsUpper) && unicode.IsLower([]rune(words[len(words)-1])[0]) {
		return false // "How we reviewed this article"
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
	if digits > 2 || letters < 2 {
		return false
	}
	switch strings.ToLower(s) {
	case "admin", "administrator", "author", "authors", "by", "editor", "staff", "unknown", "null", "undefined", "none", "wordpress", "view all posts", "more by", "see all", "about the author", "share", "follow", "contributor", "comments", "redaktion", "posts", "user", "guest", "read more", "facebook", "twitter", "author archive", "biography", "webmaster", "email":
		return false
	}
	lower := strings.ToLower(s)
	return !strings.HasPrefix(lower, "view ") && !strings.HasPrefix(lower, "all posts") && !strings.HasPrefix(lower, "more from") && !strings.HasPrefix(lower, "more by") && !strings.HasPrefix(lower, "posts by") && !strings.HasPrefix(lower, "about ") && !strings.HasPrefix(lower, "profile picture")
}
