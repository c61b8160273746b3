// Package facts reads the metadata of a page: its meta elements and its JSON-LD. It
// does not judge the metadata; package fields does.
package facts

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Facts are the statements of a page's metadata. They are read-only.
type Facts struct {
	// Meta is the first content of each name, property or itemprop of the meta
	// elements, in lower case.
	Meta map[string]string
	// Metas are the contents of each of them, up to maxContents.
	Metas map[string][]string
	// Graph is the JSON-LD of the page.
	Graph jsonld.Graph
	// Article is the JSON-LD object that describes the page's article, nil if
	// there is none.
	Article jsonld.Object
	// Parsely is the JSON in the page's meta element for Parse.ly, or nil.
	Parsely jsonld.Object
	// ArticleBody is the text of the article in structured data, or "".
	ArticleBody string
	// Language is the primary subtag of the declared language, or "".
	Language string

	title     string   // the document's title
	addresses []string // of the page, in the form that normalAddress returns
}

// maxParsely is the maximum size of JSON in a meta element that is decoded, in bytes.
const maxParsely = 16 << 10

// maxContents is the maximum number of contents that are kept for one name.
const maxContents = 50

// ArticleTypes are the schema.org types of articles, the specific ones before
// the general ones.
var ArticleTypes = []string{
	"NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "OpinionNewsArticle", "BackgroundNewsArticle",
	"ReviewNewsArticle", "AskPublicNewsArticle", "LiveBlogPosting", "BlogPosting", "Article", "TechArticle",
	"ScholarlyArticle", "Report", "SocialMediaPosting", "AdvertiserContentArticle", "SatiricalArticle", "Review",
	"VideoObject", "WebPage", "ItemPage",
}

// Read reads the metadata of a page.
func Read(p *page.Page) *Facts {
	f := &Facts{
		Meta:  make(map[string]string, len(p.Metas)),
		Metas: make(map[string][]string),
		title: p.Title,
	}
	for _, n := range p.Metas {
		f.addMeta(n)
	}
	for _, script := range p.JSONLD {
		f.Graph.Add([]byte(script))
	}
	// Some frameworks write a meta element when they are told to add a script.
	if data := f.Meta["script:ld+json"]; data != "" {
		f.Graph.Add([]byte(data))
	}
	if data := f.Meta["parsely-page"]; data != "" && len(data) <= maxParsely {
		_ = json.Unmarshal([]byte(data), &f.Parsely) // only an object has metadata
	}
	f.addresses = addressesOf(p)
	f.Article = f.findArticle()
	f.ArticleBody = cmp.Or(f.LDLines("articleBody"), f.LDLines("text"))
	f.Language = f.language(p.HTML)
	return f
}

func (f *Facts) addMeta(n *html.Node) {
	content := norm.Squeeze(page.Attr(n, "content"))
	if content == "" {
		return
	}
	for _, key := range []string{"property", "name", "itemprop", "http-equiv"} {
		name := strings.ToLower(page.Attr(n, key))
		if name == "" {
			continue
		}
		if vocabulary, term, ok := strings.Cut(name, ":"); ok && (vocabulary == "dc" || vocabulary == "dcterms") {
			name = vocabulary + "." + term
		}
		if _, ok := f.Meta[name]; !ok {
			f.Meta[name] = content
		}
		if len(f.Metas[name]) < maxContents {
			f.Metas[name] = append(f.Metas[name], content)
		}
	}
}

func (f *Facts) findArticle() jsonld.Object {
	for _, t := range ArticleTypes {
		for _, o := range f.Graph.Objects {
			if o.Is(t) && f.Describes(o) {
				return o
			}
		}
	}
	return nil
}

// maxPrimaryTag is the maximum length of a primary language subtag (BCP 47) that
// is used; longer ones are reserved or are other words.
const maxPrimaryTag = 3

func (f *Facts) language(root *html.Node) string {
	lang := ""
	if root != nil {
		lang = page.Attr(root, "lang")
		if lang == "" {
			lang = page.Attr(root, "xml:lang")
		}
	}
	if lang == "" {
		lang = f.First("content-language", "og:locale")
	}
	lang, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(lang, "_", "-")), "-")
	if len(lang) > maxPrimaryTag {
		return ""
	}
	return lang
}

// titlePrefix is the number of bytes at the start of two folded titles that must be
// equal for the titles to count as the same.
const titlePrefix = 20

// Describes reports whether a JSON-LD object describes this page and not one that the
// page links to: the object gives the page's address, or its headline or name resembles
// the page's title.
func (f *Facts) Describes(o jsonld.Object) bool {
	if !o.Is("VideoObject") && f.addressed(o) { // a video gives the page that shows it
		return true
	}
	headline := jsonld.String(o["headline"])
	if headline == "" {
		headline = jsonld.String(o["name"])
	}
	if headline == "" {
		return o["articleBody"] != nil || o["datePublished"] != nil
	}
	a := norm.Fold(html.UnescapeString(headline))
	for _, title := range []string{f.Meta["og:title"], f.title, f.Meta["twitter:title"]} {
		b := norm.Fold(title)
		if b != "" && (strings.Contains(b, a) || strings.Contains(a, b) || commonPrefix(a, b) > titlePrefix) {
			return true
		}
	}
	return f.title == "" || o.Is("NewsArticle", "ReportageNewsArticle")
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// LD returns the text of a property of the article's JSON-LD object in one line.
func (f *Facts) LD(key string) string { return norm.Squeeze(f.LDLines(key)) }

// LDLines returns the text of a property of the article's JSON-LD object with its
// line breaks.
func (f *Facts) LDLines(key string) string {
	if f.Article == nil {
		return ""
	}
	return html.UnescapeString(jsonld.String(f.Graph.Resolve(f.Article[key])))
}

// First returns the content of the first of several names that the page gives.
func (f *Facts) First(names ...string) string {
	for _, name := range names {
		if v := f.Meta[name]; v != "" {
			return v
		}
	}
	return ""
}

// DeclaresArticle reports whether the page calls itself an article.
func (f *Facts) DeclaresArticle() bool {
	return f.Meta["og:type"] == "article" || f.Meta["article:published_time"] != "" ||
		f.Article != nil && !f.Article.Is("WebPage", "ItemPage", "VideoObject")
}

// DeclaresTexts reports whether the page calls itself a thread of posts, or a list and not
// an article.
func (f *Facts) DeclaresTexts() bool {
	return slices.ContainsFunc(f.Graph.Objects, func(o jsonld.Object) bool {
		return o.Is("DiscussionForumPosting", "QAPage") ||
			o.Is("CollectionPage", "SearchResultsPage") && !f.DeclaresArticle()
	})
}

// Kind returns the kind of an article that the page declares, by default
// KindArticle.
func (f *Facts) Kind() record.PageKind {
	if f.Article != nil {
		switch {
		case f.Article.Is("LiveBlogPosting"):
			return record.KindLiveBlog
		case f.Article.Is("VideoObject") && f.Article["articleBody"] == nil:
			return record.KindVideo
		}
	}
	switch ogType := f.Meta["og:type"]; {
	case strings.HasPrefix(ogType, "video"):
		return record.KindVideo
	case ogType == "gallery":
		return record.KindGallery
	}
	return record.KindArticle
}

// maxRights is the maximum length of one statement about rights, in bytes.
const maxRights = 2 << 10

// Rights returns the statements of the page about use by machines.
func (f *Facts) Rights() []record.RightsSignal {
	var signals []record.RightsSignal
	for _, name := range []string{"robots", "googlebot", "tdm-reservation", "tdm-policy"} {
		if value := f.Meta[name]; value != "" && len(value) <= maxRights {
			signals = append(signals, record.RightsSignal{Name: name, Value: value})
		}
	}
	return signals
}
