package fields

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// maxByline is the maximum length of a byline, in characters. A longer text is
// about the author.
const maxByline = 120

// authorKey is what JSON-LD, microdata, meta elements and links call the author.
const authorKey = "author"

// ldAuthors reads the authors of the article's JSON-LD object.
func ldAuthors(v *View) []record.Author {
	for _, key := range []string{authorKey, "creator"} {
		var list []record.Author
		for _, author := range jsonld.List(v.facts.Article[key]) {
			name := v.facts.Graph.Resolve(author)
			link := ""
			if o, ok := name.(map[string]any); ok && o != nil {
				name, link = o["name"], ldLink(o)
			}
			for _, n := range jsonld.List(name) {
				list = v.addNames(list, jsonld.String(n), link)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// ldLink returns the address of a JSON-LD object: its url, or its id unless that
// is only a fragment.
func ldLink(o map[string]any) string {
	if link := jsonld.String(o["url"]); link != "" {
		return link
	}
	if id := jsonld.String(o["@id"]); !strings.Contains(id, "#") {
		return id
	}
	return ""
}

// propAuthors reads the elements with the microdata property author that belong to the
// same item. Later items are comments, answers, reviews and cited works.
func propAuthors(v *View) []record.Author {
	var list []record.Author
	var item int32
	for _, i := range v.Props {
		n := v.Elems[i].Node
		props := page.Props(n)
		if !norm.HasWord(props, authorKey) && !norm.HasWord(props, "dc:creator") ||
			v.within[i]&(page.HintComment|page.HintRelated) != 0 {
			continue
		}
		of := v.itemOf(i)
		if len(list) > 0 && of != item {
			continue
		}
		item = of
		link := ""
		if n.DataAtom == atom.A {
			link = page.Attr(n, "href")
		}
		if text := page.Value(n); norm.Len(text) < maxByline {
			list = v.addNames(list, text, link)
		}
	}
	return list
}

// itemOf returns the microdata item that contains a property, or 0 if no item does.
func (v *View) itemOf(prop int32) int32 {
	for i := v.Elems[prop].Parent; i > 0; i = v.Elems[i].Parent {
		if page.HasAttr(v.Elems[i].Node, "itemscope") {
			return i
		}
	}
	return 0
}

// metaAuthors reads the authors in meta elements.
func metaAuthors(v *View) []record.Author {
	for _, name := range []string{
		authorKey, "article:author", "og:article:author", "parsely-author", "sailthru.author", "dc.creator",
		"dcterms.creator", "articleauthor", "byl", "byline", "cxenseparse:author", "twitter:creator", "citation_author",
	} {
		var list []record.Author
		for _, content := range v.facts.Metas[name] {
			if name == "citation_author" {
				content = givenNameFirst(content)
			}
			if !strings.HasPrefix(content, "@") && !strings.HasPrefix(content, "http") {
				list = v.addNames(list, content, "")
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	if list := cardAuthors(v); len(list) > 0 {
		return list
	}
	for _, key := range []string{"authors", authorKey} {
		var list []record.Author
		for _, author := range jsonld.List(v.facts.Parsely[key]) {
			list = v.addNames(list, jsonld.String(author), "")
		}
		if len(list) > 0 {
			return list
		}
	}
	return ownMetaAuthors(v)
}

// givenNameFirst returns a name without the comma after the family name, which comes first
// in references to scholarly articles.
func givenNameFirst(name string) string {
	family, given, ok := strings.Cut(name, ",")
	if !ok || strings.Contains(given, ",") {
		return name
	}
	return strings.TrimSpace(given) + " " + strings.TrimSpace(family)
}

// ownMetaAuthors reads the meta elements for the search of Cxense, which may have the prefix
// of a customer ("cXenseParse:abc-author").
func ownMetaAuthors(v *View) []record.Author {
	var list []record.Author
	for _, name := range slices.Sorted(maps.Keys(v.facts.Metas)) {
		if strings.HasPrefix(name, "cxenseparse:") && strings.HasSuffix(name, "-"+authorKey) {
			for _, content := range v.facts.Metas[name] {
				list = v.addNames(list, content, "")
			}
			return list
		}
	}
	return nil
}

// cardAuthors reads the author that WordPress sites declare as a labelled value
// of a Twitter card.
func cardAuthors(v *View) []record.Author {
	for _, n := range []string{"1", "2"} {
		switch strings.ToLower(v.facts.Meta["twitter:label"+n]) {
		case "written by", "verfasst von", "geschrieben von", "écrit par", "escrito por", "scritto da", "geschreven door",
			"napisane przez", "skriven av", "skrevet av", "автор", "написано", "投稿者", "執筆者", "作者":
			return v.addNames(nil, v.facts.Meta["twitter:data"+n], "")
		}
	}
	return nil
}

// editorialAuthors reads a declared author that is the editorial staff as a whole.
func editorialAuthors(v *View) []record.Author {
	var names []string
	for _, author := range jsonld.List(v.facts.Article[authorKey]) {
		name := v.facts.Graph.Resolve(author)
		if o, ok := name.(map[string]any); ok {
			name = o["name"]
		}
		names = append(names, jsonld.String(name))
	}
	names = append(names, v.facts.Meta[authorKey], v.facts.Meta["twitter:data1"])
	for _, name := range names {
		if name = norm.Squeeze(name); editorialNames[strings.ToLower(name)] {
			return []record.Author{{Name: name}}
		}
	}
	return nil
}
