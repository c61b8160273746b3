package fields

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// maxPages is the maximum number of pages of an article. A higher number in an address is
// part of its name.
const maxPages = 50

// maxPageLabel is the maximum number of elements in a link to another page.
const maxPageLabel = 4

// pageMark matches what the address of a page of an article has after that of the first
// page: "?page=2", "/2", "/page/2", "-2", ",2".
var pageMark = regexp.MustCompile(`^(?:[?&](?:page|p|pg|pagina|seite|strona|sayfa|s|paged|pag|start)=|/|/?[-,_/]` +
	`(?:page|p|seite|pagina|pag|s)?[-_/]?)(\d{1,2})$`)

// Pages are the pages that an article is spread over.
type Pages struct {
	// Count is their number, and Number that of this page. Both are 1 for an article of one
	// page.
	Count, Number int
	// Next is the address of the page after this one, or "".
	Next string
}

// ReadPages returns the pages that the article is spread over: one unless the page links
// other pages of it, by their numbers or as the next or previous page, under its own
// address with the number added. The page counts as one of them. The pages of a thread or
// list do not continue an article. firstURL is the address of the first page, or "".
// Without it, the page counts as the first unless it links the first one.
func ReadPages(v *View, firstURL string) Pages {
	one := Pages{Count: 1, Number: 1}
	own := bareAddress(v.URL)
	if own == "" {
		return one
	}
	first, current := own, 1
	links := pageLinks(v.Page)
	for _, link := range append(links, firstURL) {
		// On the second page and those after it, a link leads to the first page.
		if n := pageAfter(bareAddress(link), own); n > 1 {
			first, current = bareAddress(link), n
		}
	}
	pages := Pages{Count: current, Number: current}
	following := 0
	for _, link := range links {
		n := pageAfter(first, bareAddress(link))
		pages.Count = max(pages.Count, n)
		if n > current && (following == 0 || n < following) && sameHost(link, own) {
			following, pages.Next = n, withoutFragment(link)
		}
	}
	if pages.Count > 1 && v.manyTexts() {
		return one
	}
	return pages
}

// pageLinks returns the absolute addresses of the links of a page to its neighbours, and
// of those whose text is a number.
func pageLinks(p *page.Page) []string {
	var links []string
	for _, href := range p.Neighbours {
		links = append(links, p.Resolve(href))
	}
	for i := range p.Elems {
		e := &p.Elems[i]
		if e.Node.DataAtom != atom.A {
			continue
		}
		rel := strings.ToLower(page.Attr(e.Node, "rel"))
		if norm.HasWord(rel, "next") || norm.HasWord(rel, "prev") ||
			e.End-int32(i) <= maxPageLabel && numbered(e.Node) && pageNumber(page.NodeText(e.Node)) > 0 {
			links = append(links, p.Resolve(page.Attr(e.Node, "href")))
		}
	}
	return links
}

// numbered reports whether a link may have a number as its text, because it has no letters.
func numbered(link *html.Node) bool {
	for n := range link.Descendants() {
		if n.Type == html.TextNode && strings.ContainsFunc(n.Data, unicode.IsLetter) {
			return false
		}
	}
	return true
}

// sameHost reports whether two absolute addresses have the same scheme, host and port.
func sameHost(a, b string) bool {
	one, err := url.Parse(a)
	if err != nil {
		return false
	}
	other, err := url.Parse(b)
	return err == nil && one.Scheme == other.Scheme && one.Host == other.Host
}

// minTexts is the number of dates or linked headings in the same form from which a page
// is a thread or list.
const minTexts = 4

// manyTexts reports whether a page has several texts, as the thread of a forum and a list
// of articles do: it declares itself one, or the texts have dates or linked headings in
// the same form. A page that declares itself an article is not a list because of its form.
func (v *View) manyTexts() bool {
	if v.facts.DeclaresTexts() {
		return true
	}
	if v.facts.DeclaresArticle() {
		return false
	}
	const against = page.HintComment | page.HintRelated | page.HintNav | page.HintFooter | page.HintSidebar
	forms := make(map[string]int)
	for i := range v.Runs {
		r := &v.Runs[i]
		if r.Kind != page.TextRun || r.Chars > maxNextLine || v.hintsAt(r)&against != 0 {
			continue
		}
		n := v.Elems[r.Elem].Node
		linked := page.IsHeading(n.DataAtom) && r.LinkedChars*2 > r.Chars
		if !linked && (page.IsHeading(n.DataAtom) || !hasDigit(v.Page, r) || !MetaLine(v.TextOf(r))) {
			continue
		}
		form := n.Data + " " + page.Attr(n, "class")
		if forms[form]++; forms[form] >= minTexts {
			return true
		}
	}
	return false
}

// withoutFragment returns an address without its fragment.
func withoutFragment(address string) string {
	address, _, _ = strings.Cut(address, "#")
	return address
}

// bareAddress returns an address without fragment and without a slash at its end.
func bareAddress(address string) string { return strings.TrimRight(withoutFragment(address), "/") }

// pageAfter returns the number of the page at an address if it is that of the first page
// with the number added, or 0. The number may precede the ending of a file.
func pageAfter(first, address string) int {
	rest, ok := strings.CutPrefix(address, first)
	if !ok {
		stem, ending, found := cutEnding(first)
		if !found {
			return 0
		}
		if rest, ok = strings.CutPrefix(address, stem); !ok || !strings.HasSuffix(rest, ending) {
			return 0
		}
		rest = strings.TrimSuffix(rest, ending)
	}
	m := pageMark.FindStringSubmatch(rest)
	if m == nil {
		return 0
	}
	return pageNumber(m[1])
}

// cutEnding cuts an address before the ending of a file, such as ".html".
func cutEnding(address string) (stem, ending string, ok bool) {
	dot := strings.LastIndexByte(address, '.')
	if dot <= strings.LastIndexByte(address, '/') || len(address)-dot > len(".shtml") ||
		strings.ContainsAny(address, "?") {
		return "", "", false
	}
	return address[:dot], address[dot:], true
}

// pageNumber returns the number that a text consists of, or 0 if it is not that of a
// page.
func pageNumber(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > maxPages {
		return 0
	}
	return n
}
