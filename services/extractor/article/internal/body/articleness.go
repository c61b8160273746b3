package body

import (
	"regexp"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// The weights of the signs that a page is an article and not a list of articles. Their
// sum decides. Refusing an article is a worse error than accepting a list, so that two
// signs of an article outweigh the structure of a list.
const (
	weightDeclared = 20 // the page calls itself an article
	weightFlowing  = 20 // continuous text

	weightLong        = 3 // a paragraph that is too long for a teaser
	weightDate        = 3 // a date of publication that is not one of many
	weightDescription = 6 // the declared description is a part of the text
	weightAddress     = 2 // an address such as articles have
	weightHeadline    = 1 // a headline that is a sentence

	weightCollection = -12 // the page calls itself a collection or the results of a search
	weightTeasers    = -3  // the text consists of teasers
	weightFrontPage  = -4  // of links to articles on the front page of the site
	weightLinks      = -3  // the text consists of links

	minArticleness = 0
	// maxDoubted is the maximum confidence of the text of a page that may be a list.
	maxDoubted = 0.5
)

const (
	minFlowing        = 3 // runs of prose after prose that make a text
	minLinkedHeadings = 4 // of a list of articles
	minListTeasers    = 3 // of a list without linked headings
)

// articleness returns the sum of the weights of the signs, and whether some of them are
// those of a list.
func (t *Text) articleness(c Context, nameless bool) (sum int, listLike bool) {
	seen := t.outline(t.from, t.to)
	if t.Facts.DeclaresArticle() {
		sum += weightDeclared
	}
	if seen.flowing >= minFlowing {
		sum += weightFlowing
	}
	if t.declaresList() {
		sum += weightCollection
	}
	linked := seen.linkedHeadings >= minLinkedHeadings && seen.linkedHeadings*2 >= seen.headings &&
		seen.linkedHeadings*2 > seen.single
	if linked || seen.teasers >= minListTeasers && seen.teasers*3 >= 2*(seen.single+seen.flowing) ||
		nameless && (seen.teasers >= 1 || t.outline(0, len(t.Runs)).teasers >= minListTeasers) {
		sum += weightTeasers
		if linked && t.frontPage() {
			sum += weightFrontPage
		}
	}
	if seen.flowing == 0 && t.mostlyLinks() {
		sum += weightLinks
	}
	listLike = sum < 0
	if listLike && t.Headline.Run >= 0 && !c.Site.IsNamed(t.Title) {
		sum += t.articleSigns(c)
	}
	return sum, listLike
}

// minLinkLines is the number of lines of links that make a list without teasers.
const minLinkLines = 5

// mostlyLinks reports whether more than half of the text is in links, on several lines.
func (t *Text) mostlyLinks() bool {
	var chars, linked, lines int32
	for i := range t.Runs {
		r := &t.Runs[i]
		if !t.keptText(i) {
			continue
		}
		chars += r.Chars
		linked += r.LinkedChars
		if r.LinkedChars*2 > r.Chars {
			lines++
		}
	}
	return linked*2 > chars && lines >= minLinkLines
}

// declaresList reports whether structured data calls the page a list.
func (t *Text) declaresList() bool {
	for _, o := range t.Facts.Graph.Objects {
		if o.Is("CollectionPage", "SearchResultsPage") && jsonld.String(o["articleBody"]) == "" {
			return true
		}
	}
	return false
}

const (
	minLongRun       = 500 // characters of a run that is too long for a teaser
	maxDatedRun      = 200 // characters of a run that may be a date or byline
	minDates         = 3   // of a list whose teasers have dates
	minSentenceTitle = 5   // words of a headline that is a sentence

	ideographsPerWord = 2
)

// articleSigns returns the weights of what articles with a headline have and lists lack.
func (t *Text) articleSigns(c Context) int {
	sum, dates, long := 0, 0, false
	for i := t.from; i < t.to; i++ {
		switch r := &t.Runs[i]; {
		case t.keptText(i) && r.Chars >= minLongRun && r.LinkedChars*2 < r.Chars:
			long = true
		case r.Kind == page.TextRun && r.Chars < maxDatedRun && fields.MetaLine(t.TextOf(r)):
			dates++
		}
	}
	if long {
		sum += weightLong
	}
	if c.Dated && dates < minDates {
		sum += weightDate
	}
	if t.containsDescription() {
		sum += weightDescription
	}
	if t.articleAddress() {
		sum += weightAddress
	}
	ideographs := length(t.Title) - norm.Len(t.Title)
	if len(strings.Fields(t.Title))+ideographs/ideographsPerWord >= minSentenceTitle {
		sum += weightHeadline
	}
	return sum
}

// describedBytes is the length of the start of a description that must be in the text, in
// bytes of the folded form. Shorter descriptions are slogans.
const describedBytes = 60

// containsDescription reports whether a paragraph of the text starts as the description
// that the page declares. The description of a list is about the site.
func (t *Text) containsDescription() bool {
	want := norm.Fold(t.Facts.First("og:description", "description", "twitter:description"))
	if len(want) < describedBytes {
		return false
	}
	for i := range t.Runs {
		r := &t.Runs[i]
		if !t.keptText(i) || r.LinkedChars*2 > r.Chars {
			continue
		}
		text := t.TextOf(r)
		if strings.HasPrefix(norm.Fold(text[:min(len(text), 4*describedBytes)]), want[:describedBytes]) {
			return true
		}
	}
	return false
}

var (
	// articleName matches the last part of an address of an article: a number of five
	// digits or more, or four words.
	articleName = regexp.MustCompile(`\d{5}|[^-_]+[-_][^-_]+[-_][^-_]+[-_][^-_]`)
	datedPath   = regexp.MustCompile(`/(?:19|20)\d\d/[01]?\d/`)
	listPath    = regexp.MustCompile(
		`(?i)/(?:tags?|categor(?:y|ies)|topics?|search|suche|archives?|page/\d+|collections?)(?:/|$)`)
)

// articleAddress reports whether the address of the page is such as articles have.
func (t *Text) articleAddress() bool {
	if t.Base == nil || listPath.MatchString(t.Base.Path) {
		return false
	}
	path := strings.TrimSuffix(t.Base.Path, "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	return articleName.MatchString(name) || datedPath.MatchString(path)
}

// frontPage reports whether the address of the page is that of its site.
func (t *Text) frontPage() bool { return t.Base == nil || strings.Trim(t.Base.Path, "/") == "" }
