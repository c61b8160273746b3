package article

import (
	"net/url"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// fact is a value that some part of the page gives for a field.
type fact struct {
	value  string
	source Source
	conf   float64
}

// reader holds what is known of one page while its article is put together.
type reader struct {
	*tree
	page  Page
	raw   []byte // the page's text before it was parsed
	base  *url.URL
	meta  map[string]string // the first content of each name or property
	metas map[string][]string
	graph jsonld.Graph
	story jsonld.Object // the article's own JSON-LD object, may be nil
	lang  string        // as declared, the primary part
	now   time.Time
	out   *Article

	picked    picked   // what a site's rules select, nil without rules
	siteNames []string // what the page calls its site, folded

	monthVotes *int // what numeric dates say of the order of day and month, nil before it is asked

	titleElem int32 // the headline's element, 0 for none
	titleRun  int   // the headline's place in runs, -1 for none
	box       int32 // the element that holds the text
}

// storyTypes are schema.org's types of things that are articles, each before
// those that are more general.
var storyTypes = []string{"NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "OpinionNewsArticle", "BackgroundNewsArticle", "ReviewNewsArticle", "AskPublicNewsArticle", "LiveBlogPosting", "BlogPosting", "Article", "TechArticle", "ScholarlyArticle", "Report", "SocialMediaPosting", "AdvertiserContentArticle", "SatiricalArticle", "Review", "VideoObject", "WebPage", "ItemPage"}

func (r *reader) readFacts() {
	r.meta = make(map[string]string, len(r.tree.metas))
	r.metas = make(map[string][]string)
	for _, n := range r.tree.metas {
		content := squeeze(attr(n, "content"))
		if content == "" {
			continue
		}
		for _, key := range []string{"property", "name", "itemprop", "http-equiv"} {
			name := strings.ToLower(attr(n, key))
			if name == "" {
				continue
			}
			if _, ok := r.meta[name]; !ok {
				r.meta[name] = content
			}
			if len(r.metas[name]) < 50 {
				r.metas[name] = append(r.metas[name], content)
			}
		}
	}
	for _, script := range r.ld {
		r.graph.Add([]byte(script))
	}
	// Some frameworks make a meta element of a script that they are told to add.
	if data := r.meta["script:ld+json"]; data != "" {
		r.graph.Add([]byte(data))
	}
	for _, t := range storyTypes {
		for _, o := range r.graph.Objects {
			if o.Is(t) && r.ownStory(o) {
				r.story = o
				break
			}
		}
		if r.story != nil {
			break
		}
	}
	lang := ""
	if r.htmlTag != nil {
		lang = attr(r.htmlTag, "lang")
		if lang == "" {
			lang = attr(r.htmlTag, "xml:lang")
		}
	}
	if lang == "" {
		lang = r.meta["content-language"]
	}
	if lang == "" {
		lang = r.meta["og:locale"]
	}
	r.lang, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(lang, "_", "-")), "-")
	if len(r.lang) > 3 {
		r.lang = ""
	}
}

// ownStory says that an object speaks of this page and not of one it links to:
// it has a headline, or a name, that the page's own title shares.
func (r *reader) ownStory(o jsonld.Object) bool {
	headline := jsonld.String(o["headline"])
	if headline == "" {
		headline = jsonld.String(o["name"])
	}
	if headline == "" {
		return o["articleBody"] != nil || o["datePublished"] != nil
	}
	a := fold(html.UnescapeString(headline))
	for _, other := range []string{r.meta["og:title"], r.title, r.meta["twitter:title"]} {
		b := fold(other)
		if b != "" && (strings.Contains(b, a) || strings.Contains(a, b) || sharedPrefix(a, b) > 20) {
			return true
		}
	}
	return r.title == "" || o.Is("NewsArticle", "ReportageNewsArticle")
}

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// ldText is the text of a property of the article's JSON-LD object.
func (r *reader) ldText(key string) string {
	return squeeze(r.ldLines(key))
}

// ldLines is the same with its line breaks.
func (r *reader) ldLines(key string) string {
	if r.story == nil {
		return ""
	}
	return html.UnescapeString(jsonld.String(r.graph.Resolve(r.story[key])))
}

// firstMeta is the first of several names that the page gives.
func (r *reader) firstMeta(names ...string) string {
	for _, name := range names {
		if v := r.meta[name]; v != "" {
			return v
		}
	}
	return ""
}

// prop is the value of the first element with an itemprop that does not lie
// within another item, and the element.
func (r *reader) prop(name string) (string, int32) {
	for _, i := range r.props {
		n := r.elems[i].node
		if !hasWord(attr(n, "itemprop"), name) || r.elems[i].hints&(hintRelated|hintComment) != 0 {
			continue
		}
		if v := propValue(n); v != "" {
			return v, i
		}
	}
	return "", -1
}

func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func propValue(n *html.Node) string {
	if v := attr(n, "content"); v != "" {
		return squeeze(v)
	}
	switch n.DataAtom {
	case atom.Time:
		if v := attr(n, "datetime"); v != "" {
			return v
		}
	case atom.Meta:
		return ""
	case atom.Abbr:
		if v := attr(n, "title"); v != "" { // a value for machines, as microformats have it
			return v
		}
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && attr(d, "itemprop") == "name" {
			if v := attr(d, "content"); v != "" {
				return squeeze(v)
			}
			return nodeText(d)
		}
	}
	return nodeText(n)
}

// set records where a field's value comes from.
func (r *reader) set(field string, source Source, conf float64) {
	r.out.Provenance[field] = Provenance{Source: source, Confidence: conf}
}

// rightsNames are the metadata that say what machines may do with a page.
var rightsNames = []string{"robots", "googlebot", "tdm-reservation", "tdm-policy"}

// maxRights bounds one such value, in bytes.
const maxRights = 2 << 10

func (r *reader) readRights() {
	for _, name := range rightsNames {
		if value := r.meta[name]; value != "" && len(value) <= maxRights {
			r.out.Rights = append(r.out.Rights, RightsSignal{Name: name, Value: value})
		}
	}
}
