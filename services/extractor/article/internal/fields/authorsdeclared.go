package fields

import (
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

// propAuthors reads the elements with the microdata property author.
func propAuthors(v *View) []record.Author {
	var list []record.Author
	for _, i := range v.Props {
		n := v.Elems[i].Node
		if !norm.HasWord(page.Attr(n, "itemprop"), authorKey) ||
			v.within[i]&(page.HintComment|page.HintRelated) != 0 {
			continue
		}
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

// metaAuthors reads the authors in meta elements.
func metaAuthors(v *View) []record.Author {
	for _, name := range []string{
		authorKey, "article:author", "og:article:author", "parsely-author", "sailthru.author", "dc.creator",
		"dcterms.creator", "articleauthor", "byl", "byline", "twitter:creator",
	} {
		var list []record.Author
		for _, content := range v.facts.Metas[name] {
			if !strings.HasPrefix(content, "@") && !strings.HasPrefix(content, "http") {
				list = v.addNames(list, content, "")
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return cardAuthors(v)
}

// cardAuthors reads the author that WordPress sites declare as a labelled value
// of a Twitter card.
func cardAuthors(v *View) []record.Author {
	for _, n := range []string{"1", "2"} {
		switch strings.ToLower(v.facts.Meta["twitter:label"+n]) {
		case "written by", "verfasst von", "écrit par", "escrito por", "scritto da", "geschreven door":
			return v.addNames(nil, v.facts.Meta["twitter:data"+n], "")
		}
	}
	return nil
}
