package article

import (
	"bytes"
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
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

var (
	//go:embed lists/organisation_words.txt
	organisationWordList string
	//go:embed lists/agencies.txt
	agencyList string
	//go:embed lists/first_person_singular.txt
	selfWordList string
	//go:embed lists/first_person_plural.txt
	groupWordList string

	organisationWords = wordlist.Entries(organisationWordList)
	agencies          = wordlist.Entries(agencyList)
	selfWords         = wordlist.Set(selfWordList)
	groupWords        = wordlist.Set(groupWordList)
)

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
