package article

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxAuthors = 12

// maxByline is how long a byline's text may be, in letters: what is longer says
// more about the author than the name.
const maxByline = 120

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
// Where that names the publication, an account or a first name alone, the writer
// is looked for in the places that follow, and nobody lost if they tell no more.
func (r *reader) readAuthors() {
	var vague []Author
	var from Provenance
	for _, try := range []struct {
		read   func() []Author
		source Source
		conf   float64
	}{
		{r.ldAuthors, FromJSONLD, 0.92},
		{r.propAuthors, FromMicrodata, 0.77},
		{r.bylineAuthors, FromStructure, 0.79},
		{r.metaAuthors, FromMeta, 0.84},
		{r.labelledAuthors, FromText, 0.76},
		{r.boxAuthors, FromStructure, 0.76},
		{r.bareAuthors, FromText, 0.76},
		{r.siteAuthor, FromStructure, 0.76},
	} {
		found := tidy(try.read(), try.source == FromJSONLD)
		found = found[:min(len(found), maxAuthors)]
		switch {
		case len(found) == 0:
		case vague == nil && r.vague(found):
			vague, from = found, Provenance{try.source, try.conf}
		case vague == nil || r.tellsMore(found, vague, try.source == FromStructure):
			r.out.Authors = found
			r.set("authors", try.source, try.conf)
			return
		}
	}
	if len(vague) > 0 {
		r.out.Authors = vague
		r.set("authors", from.Source, from.Confidence)
	}
}

// vague says that all a list names is the publication, an account, or somebody by
// the first name.
func (r *reader) vague(list []Author) bool {
	return r.siteItself(list) || len(list) == 1 && (accountName(list[0]) || firstName(list[0].Name))
}

// tellsMore says that a list names somebody where a vague one does not: a person
// in full or, for the publication, an agency or whom markup calls the author, and
// for a first name the one who has it.
func (r *reader) tellsMore(list, vague []Author, marked bool) bool {
	known, name := vague[0].Name, list[0].Name
	switch {
	case name == known || r.siteItself(list[:1]) || accountName(list[0]):
		return false
	case r.siteItself(vague):
		return !strings.HasPrefix(name, known) && (personLike(name) || marked && firstName(name) || organisationLike(name) && !strings.EqualFold(name, "agencies"))
	case firstName(known):
		rest, ok := strings.CutPrefix(name, known+" ")
		return ok && len(list) == 1 && startsUpper(rest) && plainName(name)
	}
	return personLike(name)
}

// personLike says that a name is written as people's are, in capitals or not, or
// in a script that has none.
func personLike(name string) bool {
	if !cased(name) {
		return true
	}
	return fullName(name) && (plainName(name) || strings.ToUpper(name) == name && plainName(capitalised(name)))
}

// capitalised writes a name in capitals as names are written else.
func capitalised(name string) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(strings.ToLower(name)) {
		first, width := utf8.DecodeRuneInString(w)
		b.WriteString(" " + string(unicode.ToUpper(first)) + w[width:])
	}
	return strings.TrimSpace(b.String())
}

// accountName says that an author is an account of the site's software: its
// administrator, or a name as people log in with.
func accountName(a Author) bool {
	if base := path.Base(strings.TrimRight(a.URL, "/")); base == "admin" || base == "administrator" {
		return true
	}
	return accountForm.MatchString(a.Name)
}

// accountForm is one word in small letters with a dot, digit or underscore in it,
// or one with a capital at its end ("jane.roe", "jroe2", "JaneR").
var accountForm = regexp.MustCompile(`^(?:[a-z]+[._\d][a-z._\d]*|\p{Lu}?\p{Ll}+\p{Lu})$`)

// firstName says that a name is one word as people are called by, which no
// agency is.
func firstName(name string) bool {
	return startsUpper(name) && cased(name) && strings.ToUpper(name) != name && !strings.Contains(name, " ") && !organisationLike(name)
}

// tidy drops what is no further author: a name that holds another of the list (a
// byline's text beside the link in it: "Jane Roe Last updated on", "Jane
// RoeFounder"), the initials of another, and beside full names roles. Where nothing
// declares that they are names, single words beside full names go too, save
// agencies: they are sections, tags and places.
func tidy(list []Author, declared bool) []Author {
	return slices.DeleteFunc(slices.Clone(list), func(a Author) bool {
		return slices.ContainsFunc(list, func(b Author) bool {
			if a.Name == b.Name || !strings.Contains(b.Name, " ") {
				return false
			}
			if roleAlone(a.Name) || initials(b.Name) == a.Name {
				return true
			}
			longer := len(b.Name) < len(a.Name) && (strings.Contains(" "+a.Name+" ", " "+b.Name+" ") || strings.HasPrefix(a.Name, b.Name))
			return longer || !declared && (smallLetters(a.Name) && !smallLetters(b.Name) || !strings.Contains(a.Name, " ") && plainName(b.Name)) && cased(a.Name) && !organisationLike(a.Name)
		})
	})
}

func smallLetters(s string) bool { return strings.ToLower(s) == s && cased(s) }

// cased says that a text's script has capitals.
func cased(s string) bool { return strings.ToUpper(s) != strings.ToLower(s) }

func initials(name string) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(name) {
		for _, c := range w {
			b.WriteRune(c)
			break
		}
	}
	return b.String()
}

// siteItself says that the only author is the publication.
func (r *reader) siteItself(list []Author) bool {
	if len(list) != 1 {
		return false
	}
	name := list[0].Name
	if r.isSite(name) || strings.EqualFold(name, r.out.SiteName) {
		return true
	}
	if r.base == nil {
		return false
	}
	label, _, _ := strings.Cut(strings.TrimPrefix(r.base.Hostname(), "www."), ".")
	return strings.Contains(name, " ") && strings.EqualFold(initials(name), label)
}

// maxSelfRuns bounds the lines in which writers are looked for who say "I".
const maxSelfRuns = 150

// siteAuthor is the person that a site is named for, where its text says "I".
func (r *reader) siteAuthor() []Author {
	name := r.out.SiteName
	for _, of := range []string{"'s ", "’s "} {
		name, _, _ = strings.Cut(name, of)
	}
	if !plainName(name) || organisationLike(name) || len(strings.Fields(name)) > 3 || strings.HasPrefix(name, "The ") {
		return nil
	}
	own, ours := 0, 0
	for i := range r.runs[:min(len(r.runs), maxSelfRuns)] {
		run := &r.runs[i]
		if run.kind != runText || !prose(run) || r.elems[run.elem].within&hintsAgainst != 0 {
			continue
		}
		for word := range bytes.FieldsSeq(r.text[run.from:run.to]) {
			word, _, _ = bytes.Cut(bytes.Trim(word, ".,;:!?()\""), []byte("'"))
			word, _, _ = bytes.Cut(word, []byte("’"))
			if selfWords[string(word)] {
				own++
			} else if groupWords[string(word)] {
				ours++
			}
		}
	}
	if own < 4 || own < 2*ours {
		return nil
	}
	return r.addNames(nil, name, "")
}

// selfWords are what writers call themselves, groupWords what companies do.
var (
	selfWords  = words("I my My ich mein meine je mon moi yo eu meu ik mijn jag jeg io mio я мой мне ben ja")
	groupWords = words("we We our Our us wir unser unsere nous notre nos nosotros nuestro nuestra nós nosso wij onze vi vår noi nostro мы наш biz bizim")
)

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
				if link = jsonld.String(o["url"]); link == "" && !strings.Contains(jsonld.String(o["@id"]), "#") {
					link = jsonld.String(o["@id"])
				}
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
		if text := propValue(n); runeCount(text) < maxByline {
			list = r.addNames(list, text, link)
		}
	}
	return list
}

func (r *reader) metaAuthors() []Author {
	var list []Author
	for _, name := range []string{"author", "article:author", "og:article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator", "articleauthor", "byl", "byline", "twitter:creator"} {
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
	// WordPress's sites declare it as what a card of Twitter shows.
	for _, n := range []string{"1", "2"} {
		if label := strings.ToLower(r.meta["twitter:label"+n]); label == "written by" || label == "verfasst von" || label == "écrit par" || label == "escrito por" || label == "scritto da" || label == "geschreven door" {
			return r.addNames(list, r.meta["twitter:data"+n], "")
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
		if e.within&(hintComment|hintRelated|hintNav) != 0 || e.within&hintFooter != 0 && !r.inArticle(i) || e.within&hintSidebar != 0 && !r.closeToHeadline(i) || i < r.titleElem && r.titleElem > 0 && len(list) > 0 {
			continue
		}
		if group >= 0 && !r.near(group, i) {
			break
		}
		before := len(list)
		if n := r.besideIcon(i); n != nil {
			if text := nodeText(n); fullName(text) && plainName(text) {
				list = r.addNames(list, text, "")
			}
		} else if links := authorLinks(e.node); len(links) > 0 {
			for _, a := range links {
				if !otherHand(a) {
					list = r.addNames(list, nodeText(a), attr(a, "href"))
				}
			}
		} else if text := nodeText(e.node); runeCount(text) < maxByline && !otherHandLabel.MatchString(text) {
			list = r.addNames(list, upToPreposition(text), "")
		}
		if len(list) > before && group < 0 {
			group = i
		}
	}
	return list
}

// closeToHeadline says that an element stands right behind the headline, or is an
// aside right before it: such are the article's own.
func (r *reader) closeToHeadline(elem int32) bool {
	if r.titleElem == 0 {
		return false
	}
	return elem > r.titleElem && elem < r.titleElem+60 || elem < r.titleElem && elem > r.titleElem-20 && r.elems[elem].hints&hintSidebar != 0
}

// inArticle says that an element lies in an article element: so does its footer.
func (r *reader) inArticle(elem int32) bool {
	for ; elem > 0; elem = r.elems[elem].parent {
		if r.elems[elem].node.DataAtom == atom.Article {
			return true
		}
	}
	return false
}

// besideIcon is the element around one that is the drawing of a person, close
// behind the headline, or nil.
func (r *reader) besideIcon(elem int32) *html.Node {
	e := &r.elems[elem]
	if e.node.DataAtom != atom.I && e.node.DataAtom != atom.Span || e.node.FirstChild != nil || !r.closeToHeadline(elem) {
		return nil
	}
	return e.node.Parent
}

// otherHandLabel is what bylines say of people who did not write.
var otherHandLabel = regexp.MustCompile(`(?i)(?:(?:reviewed|researched|edited|checked|verified|photographs?|photography|photos?|illustrations?|illustrated|translated|produced) by|(?:geprüft|bearbeitet|übersetzt|fotos?) von|(?:relu|vérifié|traduit) par|(?:revisado|verificado|traducido) por|(?:verificato|tradotto) da|übersetzung(?: und [\p{L}]+)?):?\s*$|(?:^|[|·•]\s*)(?:medically |expert |fact[ -])?(?:reviewed|edited|checked|translated|illustrated) by\b`)

// otherHand says that what stands before a link, in its element or the one
// around that, says that its person did something else than write.
func otherHand(link *html.Node) bool {
	for around, depth := link, 0; around != nil && depth < 4; around, depth = around.Parent, depth+1 {
		for n := around.PrevSibling; n != nil; n = n.PrevSibling {
			text := n.Data
			if n.Type == html.ElementNode {
				text = nodeText(n)
			}
			if n.Type != html.CommentNode && strings.TrimSpace(text) != "" {
				return otherHandLabel.MatchString(squeeze(text))
			}
		}
	}
	return false
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

// authorLabels are lines that stand over or before an author's name.
var authorLabels = []string{"by", "by:", "written by", "written by:", "author", "author:", "authors", "authors:", "words by", "story by", "posted by", "autor", "autor:", "autorin", "autorin:", "autor/in", "autorin/autor", "von", "von:", "text", "text:", "auteur", "auteur :", "par", "por", "autore", "autore:", "yazar", "yazar:", "автор", "автор:", "tekst", "tekst:", "作者", "记者", "記者", "article by", "text by", "words", "author(s)", "auteur(s)", "auteurs", "autores", "autori", "forfatter", "skribent", "kirjoittaja", "szerző", "szerző:", "συντάκτης", "نویسنده", "بقلم", "مقال بقلم", "מאת", "penulis", "tác giả", "필자", "글", "文"}

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

// tradeWords are words of headings, sections and buttons, which names lack.
var tradeWords = words("central comment comments community facebook instagram lessons rate shops show sidebar skip jump club forum wiki pubmed about advertisement africa america article articles asia best blog book books breaking business buying case city company contact culture customer data digital education email english entertainment europe event events fashion featured finance follow food free get global guide guides health help home how industry insights international latest learn learning life lifestyle list listen local login magazine management market marketing markets media money more music my new news newsletter north opinion our part podcast policy politics post posts press print privacy product products project read reading related report research resources review reviews science search security series services share shop sign small social software south sports start stories story studies study subscribe success tech technology terms the tips today top topics travel trends tv united updated us video videos view watch week what why work world your")

func startsUpper(s string) bool {
	for _, c := range s {
		return unicode.IsUpper(c) || unicode.Is(unicode.Lo, c)
	}
	return false
}
