package fields

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// maxAuthors is the maximum number of authors of an article.
const maxAuthors = 12

// Authors are the authors of an article in page order.
type Authors = record.Field[[]record.Author]

// authorReaders lists the places that name authors, the most reliable first.
var authorReaders = []struct {
	read       func(*View) []record.Author
	source     record.Source
	confidence float64
}{
	{ldAuthors, record.FromJSONLD, 0.92},
	{propAuthors, record.FromMicrodata, 0.85},
	{bylineAuthors, record.FromStructure, 0.85},
	{metaAuthors, record.FromMeta, 0.89},
	{labelledAuthors, record.FromText, 0.73},
	{boxAuthors, record.FromStructure, 0.76},
	{bareAuthors, record.FromText, 0.73},
	{datedAuthors, record.FromText, 0.73},
	{siteAuthor, record.FromStructure, 0.76},
	{editorialAuthors, record.FromMeta, 0.7},
}

// ReadByline returns the authors from the most reliable place that names any. If that
// place names only the publication, an account or a first name, ReadByline prefers a
// less reliable place that names the writer.
func ReadByline(v *View) Authors {
	var vague Authors
	for _, try := range authorReaders {
		list := tidy(try.read(v), try.source == record.FromJSONLD)
		if try.source == record.FromStructure {
			list = v.withoutAccount(list)
		}
		list = list[:min(len(list), maxAuthors)]
		switch {
		case len(list) == 0:
		case !vague.Found() && v.vague(list):
			vague = record.NewField(list, try.source, try.confidence)
		case !vague.Found() || v.isClearer(list, vague.Value, try.source == record.FromStructure):
			return record.NewField(list, try.source, try.confidence)
		}
	}
	return vague
}

// ReadAuthors returns the authors that a site's rules select, or those of the byline,
// each with its kind.
func ReadAuthors(v *View, byline Authors) Authors {
	authors := byline
	var picked []record.Author
	for _, n := range v.Picked[page.FieldAuthors] {
		if len(picked) < maxAuthors {
			picked = v.addNames(picked, page.Value(n), page.Attr(n, "href"))
		}
	}
	if len(picked) > 0 {
		authors = record.NewField(picked, record.FromRule, record.RuleConfidence)
	}
	authors.Value = slices.Clone(authors.Value)
	for i := range authors.Value {
		a := &authors.Value[i]
		a.Kind = record.Person
		if v.declaredOrganisation(a.Name) || v.site.Matches(a.Name) || organisationLike(a.Name) {
			a.Kind = record.Organisation
		}
	}
	return authors
}

// declaredOrganisation reports whether the JSON-LD declares an organisation with
// a name.
func (v *View) declaredOrganisation(name string) bool {
	for _, o := range v.facts.Graph.Objects {
		if o.Is("Organization", "NewsMediaOrganization", "Corporation", "NGO", "GovernmentOrganization") &&
			strings.EqualFold(norm.Squeeze(jsonld.String(o["name"])), name) {
			return true
		}
	}
	for _, author := range jsonld.List(v.facts.Article[authorKey]) {
		o, ok := v.facts.Graph.Resolve(author).(map[string]any)
		if ok && strings.HasSuffix(jsonld.String(o["@type"]), "Organization") &&
			strings.EqualFold(norm.Squeeze(jsonld.String(o["name"])), name) {
			return true
		}
	}
	return false
}

// vague reports whether a list names only the publication, an account, or a person
// without a surname.
func (v *View) vague(list []record.Author) bool {
	return v.siteItself(list) || len(list) == 1 && (accountName(list[0]) || firstName(list[0].Name))
}

// isClearer reports whether a list is a better byline than a vague one. In place of a
// first name it must contain the full name. In place of the publication it must contain
// a person, an agency, or a first name that is marked as the author.
func (v *View) isClearer(list, vague []record.Author, marked bool) bool {
	known, name := vague[0].Name, list[0].Name
	switch {
	case name == known || v.siteItself(list[:1]) || accountName(list[0]):
		return false
	case v.siteItself(vague):
		if strings.HasPrefix(name, known) {
			return false
		}
		return personLike(name) || marked && firstName(name) ||
			organisationLike(name) && !strings.EqualFold(name, "agencies")
	case firstName(known):
		rest, ok := strings.CutPrefix(name, known+" ")
		return ok && len(list) == 1 && startsUpper(rest) && plainName(name)
	}
	return personLike(name)
}

// siteItself reports whether the only author is the publication.
func (v *View) siteItself(list []record.Author) bool {
	if len(list) != 1 {
		return false
	}
	name := list[0].Name
	if v.site.Matches(name) || strings.EqualFold(name, v.site.Name.Value) {
		return true
	}
	if v.Base == nil {
		return false
	}
	label := v.site.hostLabel()
	short, _, hyphenated := strings.Cut(label, "-")
	return strings.Contains(name, " ") && strings.EqualFold(initials(name), label) ||
		hyphenated && strings.EqualFold(name, short)
}

// accountForm matches the names that people log in with: one lower-case word with
// a dot, digit or underscore in it, or a word with a capital at its end
// ("jane.roe", "jroe2", "JaneR").
var accountForm = regexp.MustCompile(`^(?:[a-z]+[._\d][a-z._\d]*|\p{Lu}?\p{Ll}+\p{Lu})$`)

// accountName reports whether an author is an account of the site's software.
func accountName(a record.Author) bool {
	switch path.Base(strings.TrimRight(a.URL, "/")) {
	case "admin", "administrator":
		return true
	}
	return accountForm.MatchString(a.Name)
}

// withoutAccount removes the account of the site from a list that names others: the label
// of the host in lower case.
func (v *View) withoutAccount(list []record.Author) []record.Author {
	if len(list) < 2 || v.Base == nil {
		return list
	}
	return slices.DeleteFunc(list, func(a record.Author) bool { return a.Name == v.site.hostLabel() })
}

// tidy removes names that add no author to a full name in the list: a longer text
// that contains the full name (such as "Jane Roe Last updated on", the text of a
// byline around a link), its initials, and roles. Unless the names are declared, it
// also removes single words other than agencies: they are sections, tags and places.
func tidy(list []record.Author, declared bool) []record.Author {
	return slices.DeleteFunc(slices.Clone(list), func(a record.Author) bool {
		return slices.ContainsFunc(list, func(b record.Author) bool {
			return a.Name != b.Name && strings.Contains(b.Name, " ") && redundant(a.Name, b.Name, declared)
		})
	})
}

// educational reports whether a name is that of a university, where authors have studied.
func educational(name string) bool { return educationWord.MatchString(name) }

var educationWord = regexp.MustCompile(
	`(?i)(?:^|\PL)(?:universit(?:y|ies|ät|é|eit|et|à)|universi(?:dad|dade|tas)|college|hochschule|uniwersytet` +
		`|üniversitesi)`)

// redundant reports whether a name adds no author to a list that contains the full
// name.
func redundant(name, full string, declared bool) bool {
	if roleOnly(name) || initials(full) == name {
		return true
	}
	if len(full) < len(name) &&
		(strings.Contains(" "+name+" ", " "+full+" ") || strings.HasPrefix(name, full)) {
		return true
	}
	if declared || !cased(name) {
		return false
	}
	first, _, several := strings.Cut(name, " ")
	if several && startsLower(first) && !particles[first] && plainName(full) {
		return true // "a founder of …" beside a name
	}
	if educational(name) {
		return plainName(full) && !educational(full)
	}
	if organisationLike(name) {
		return false
	}
	return lowerCase(name) && !lowerCase(full) || !strings.Contains(name, " ") && plainName(full)
}
