// Package page parses a web page under bounds and lays it out flat: its
// elements and the runs of text between block boundaries, in document order.
// Every later stage of the extraction scans these slices.
//
// A Page is read-only once it has been parsed. The stages that judge elements
// and runs keep their own slices, indexed like Page.Elems and Page.Runs.
package page

import (
	"net/url"
	"time"

	"golang.org/x/net/html"
)

// Page is a parsed page.
type Page struct {
	Elems []Element // Elems[0] is the document
	Runs  []Run
	Text  []byte // the text of all runs
	Links []Link // the links within Text

	Metas       []*html.Node // meta elements
	JSONLD      []string     // the contents of JSON-LD scripts
	Islands     []string     // data for scripts to render, and contents of noscript elements
	Canonical   string       // the declared canonical address, as written
	Neighbours  []string     // the addresses of the next and previous page in link elements, as written
	Title       string       // the document's title
	HTML        *html.Node   // the html element, or nil
	Props       []int32      // elements with an itemprop attribute
	Times       []int32      // time elements
	Titled      []int32      // abbr and span elements with a title attribute
	Bylines     []int32      // elements whose hints or links point to an author
	Breadcrumbs []int32      // elements whose hints call them breadcrumbs
	EmailFields []int32      // blocks with a field for an e-mail address
	ScriptBytes int          // total size of the scripts that were kept
	Frames      int          // number of frame and frameset elements
	// FromIsland reports that the text comes from a data island, because the
	// page itself shows none.
	FromIsland bool

	// Raw is the text of the page before it was parsed.
	Raw []byte
	// URL is the address of the page as the caller gave it.
	URL string
	// Base is the address that links are resolved against, nil if URL is
	// malformed.
	Base *url.URL
	// Fetched is when the page was fetched, zero if unknown.
	Fetched time.Time
	// Picked holds the elements that a site's rules select; nil without rules.
	Picked Picked

	body *html.Node
	base string // the href of the base element
	text string // the same as Text
}

// Element is an element of a page. Its descendants are the elements after it,
// up to but not including End.
type Element struct {
	Node   *html.Node
	Parent int32
	End    int32
	Hints  Hint // the hints of its own names, without those of its ancestors
	unseen bool // its text is left out
}

// RunKind is the kind of a Run.
type RunKind uint8

// The kinds of run.
const (
	TextRun RunKind = iota
	ImageRun
	EmbedRun
)

// Run is a stretch of text between two block boundaries, or an image or embed between
// two such stretches.
type Run struct {
	Kind         RunKind
	Elem         int32 // the innermost block element, or the media element
	From, To     int32 // the text is Page.Text[From:To]
	Links        int32 // the links are Page.Links[Links:LinksTo]
	LinksTo      int32
	Chars        int32 // characters; an ideograph counts as three, a Hangul syllable as two
	LinkedChars  int32 // characters within links
	SentenceEnds int32
	Media        *html.Node // the element of an image or embed
}

// Link is a link within Page.Text.
type Link struct {
	From, To int32
	Href     string
}

// Source is a page before it is parsed.
type Source struct {
	HTML    []byte // in UTF-8
	URL     string
	Fetched time.Time
	// Selectors are the site's rules; nil means none.
	Selectors Selectors
	// MaxNodes is the maximum number of tags and comments.
	MaxNodes int
}

// Parse parses a page and lays it out. The error is ErrTooManyNodes, or that of
// the HTML parser.
func Parse(src Source) (*Page, error) {
	doc, islands, err := parse(src.HTML, src.MaxNodes, src.Selectors != nil)
	if err != nil {
		return nil, err
	}
	picked := src.Selectors.Pick(doc)
	p := withIsland(doc, layOut(doc), islands, src.MaxNodes)
	p.Raw, p.URL, p.Fetched, p.Picked = src.HTML, src.URL, src.Fetched, picked
	p.Base = baseURL(src.URL, p.base)
	return p, nil
}

// baseURL returns the address that links are resolved against. A base element
// changes the host and scheme; the path stays that of the page, which later
// stages read dates and slugs from.
func baseURL(address, base string) *url.URL {
	own, err := url.Parse(address)
	if err != nil {
		return nil
	}
	if base == "" {
		return own
	}
	declared, err := url.Parse(base)
	if err != nil {
		return own
	}
	resolved := own.ResolveReference(declared)
	resolved.Path, resolved.RawQuery = own.Path, ""
	return resolved
}

// TextOf returns the text of a run.
func (p *Page) TextOf(r *Run) string { return p.text[r.From:r.To] }

// Paragraphs parses markup and returns the text of its runs.
func Paragraphs(markup string, maxNodes int) ([]string, error) {
	doc, _, err := parse([]byte(markup), maxNodes, false)
	if err != nil {
		return nil, err
	}
	p := layOut(doc)
	var texts []string
	for i := range p.Runs {
		if r := &p.Runs[i]; r.Kind == TextRun {
			texts = append(texts, p.TextOf(r))
		}
	}
	return texts, nil
}
