package article

import (
	"slices"
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxAuthors = 12

// nameKinds says of each author whether it is an organisation: structured data
// calls it one, it is the site, or its name has a word that only those have.
func (r *reader) nameKinds() {
	for i := range r.out.Authors {
		a := &r.out.Authors[i]
		a.Kind = Person
		if r.declaredOrganisation(a.Name) || r.isSite(a.Name) || organisationLike(a.Name) {
			a.Kind = Organisation
		}
	}
}

func (r *reader) declaredOrganisation(name string) bool {
	for _, o := range r.graph.Objects {
		if o.Is("Organization", "NewsMediaOrganization", "Corporation", "NGO", "GovernmentOrganization") && strings.EqualFold(squeeze(jsonld.String(o["name"])), name) {
			return true
		}
	}
	if r.story == nil {
		return false
	}
	for _, v := range jsonld.List(r.story["author"]) {
		if o, ok := r.graph.Resolve(v).(map[string]any); ok && strings.HasSuffix(jsonld.String(o["@type"]), "Organization") && strings.EqualFold(squeeze(jsonld.String(o["name"])), name) {
			return true
		}
	}
	return false
}

// organisationWords are words of the names of desks and agencies that people's
// names do not have.
var organisationWords = []string{"agencies", "agency", "agence", "agencia", "agenzia", "ajansı", "associated", "board", "bureau", "correspondents", "desk", "editorial", "editors", "institute", "magazine", "media", "network", "news", "newsroom", "office", "press", "presse", "redaction", "rédaction", "redacción", "redacció", "redakcja", "redaktion", "redaksi", "redazione", "redactie", "redação", "reporters", "service", "staff", "team", "writers", "редакция", "агентство", "编辑部", "通讯社", "新华社", "編集部", "기자단"}

// agencies are news agencies whose names say nothing else.
var agencies = []string{"aa", "adnkronos", "afp", "agi", "aki", "ani", "ansa", "ap", "apa", "aap", "belga", "bloomberg", "bns", "cnw", "cp", "ctk", "čtk", "dha", "dpa", "efe", "elta", "epd", "ians", "iha", "interfax", "irna", "isna", "kna", "kuna", "kyodo", "leta", "lusa", "mena", "mti", "nna", "npa", "ntb", "pa", "pap", "petra", "pti", "qna", "reuters", "ria", "ritzau", "rtr", "saba", "sana", "sda", "sid", "spa", "stt", "tanjug", "tass", "tass.com", "thx", "tt", "ukrinform", "uni", "upi", "wam", "xinhua", "yonhap", "тасс", "интерфакс", "риа новости", "укринформ", "رويترز", "أ ف ب", "أ.ف.ب", "د ب أ", "واس", "سانا", "واع", "وام", "ロイター", "共同", "時事"}

func organisationLike(name string) bool {
	lower := strings.ToLower(name)
	return slices.Contains(agencies, lower) || slices.ContainsFunc(strings.Fields(lower), func(word string) bool {
		return slices.Contains(organisationWords, word)
	})
}

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
		found := withoutLonger(try.read())
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

// withoutLonger drops a name that holds another of the list whole: a byline's
// text beside the link in it ("Jane Roe Last updated on", "Jane Roe").
func withoutLonger(list []Author) []Author {
	return slices.DeleteFunc(slices.Clone(list), func(a Author) bool {
		return slices.ContainsFunc(list, func(b Author) bool {
			return len(b.Name) < len(a.Name) && strings.Contains(b.Name, " ") && strings.Contains(" "+a.Name+" ", " "+b.Name+" ")
		})
	})
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
