// Package wall recognises pages that a site delivers in place of an article, with the
// status of a success: an announcement that the page does not exist, an error of the
// server, a bot check, a consent wall, or a request to log in.
//
// No single sign decides, because articles report about all of these. The headings must
// consist of a stock phrase, the text must speak to the reader, and the signs of an
// article (date, authors, other prose) must be missing. Each sign has a weight; their
// sum decides.
package wall

import (
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Evidence is what is known about a page.
type Evidence struct {
	Page  *page.Page
	Facts *facts.Facts
	Site  *fields.Site
	// Dated and Authored report whether the page gives a date of publication and
	// authors.
	Dated, Authored bool
	// Access is who can read the article, as the page declares.
	Access record.Access
	// Blocks are the text that would be the article.
	Blocks []record.Block
	// Refused reports whether the page has no article on other grounds.
	Refused bool
}

// Wall is a page in place of an article.
type Wall struct {
	Reason record.Reason
	// Message says what the page is, which signs show it, and what to do.
	Message string
}

// kind is what a page in place of an article is. The values are the sections of the
// lists.
type kind string

const (
	notFound  kind = "not_found"
	errorPage kind = "error_page"
	blocked   kind = "blocked"
	consent   kind = "consent"
	login     kind = "login"
)

// kinds are all kinds. If two have the same weight, the first counts.
var kinds = []kind{notFound, errorPage, blocked, consent, login}

// The weights of the signs.
const (
	weightHeading  = 3 // a heading that consists of a stock phrase
	weightTitle    = 2 // a document title that does
	weightSentence = 2 // a sentence that speaks to the reader
	weightMostly   = 3 // most paragraphs have such sentences
	weightPaywall  = 8 // by its metadata, the article is not free, and the page does not contain it
	weightName     = 2 // a class, id or address
	weightNoIndex  = 1 // the page asks not to be indexed
	weightTiny     = 1 // the page shows hardly any text
	weightHeadline = 2 // against: a headline of another kind
	weightDated    = 3 // against: a date of publication
	weightAuthored = 1 // against: authors
	weightProse    = 2 // against: some prose without such sentences
	weightArticle  = 4 // against: as much as articles have

	enough        = 4 // sum that makes a page a wall
	enoughRefused = 3 // sum that makes a page without an article a wall
)

const (
	tinyPage    = 400  // characters that a page shows, headings included
	smallPage   = 2000 // characters of a page whose text is examined outside the article too
	someProse   = 600  // characters
	articleLong = 1500 // characters
)

// Find returns the wall that a page is, or nil.
func Find(e Evidence) *Wall {
	if e.Page.Picked.Has(page.FieldBody) && !e.Refused {
		return nil // a site's rule says what the article is
	}
	s := &signs{
		Evidence: e, found: make(map[kind]*sign), sentence: make(map[kind]bool), named: make(map[kind]bool),
	}
	s.readHeadings()
	s.readTitle()
	if s.other && !s.stock && !e.Refused {
		return nil
	}
	s.readText()
	if e.Refused && e.Access == record.AccessPaywalled && e.Facts.DeclaresArticle() {
		s.add(login, weightPaywall, "article declared as not free, without text")
	}
	if len(s.found) == 0 {
		return nil
	}
	s.readNames()
	s.readAddresses()
	against := s.against()
	limit := enough
	if e.Refused {
		limit = enoughRefused
	}
	var best kind
	weight := limit - 1
	for _, k := range kinds {
		if found := s.found[k]; found != nil && found.weight-against > weight {
			best, weight = k, found.weight-against
		}
	}
	if best == "" {
		return nil
	}
	return &Wall{Reason: reasons[best], Message: fmt.Sprintf(messages[best], strings.Join(s.found[best].seen, ", "))}
}

var reasons = map[kind]record.Reason{
	notFound: record.ReasonNotFound, errorPage: record.ReasonErrorPage, blocked: record.ReasonBlocked,
	consent: record.ReasonBlocked, login: record.ReasonBlocked,
}

var messages = map[kind]string{
	notFound:  "the page announces that it does not exist (%s); drop its address",
	errorPage: "the page is an error message of the site (%s); fetch it later",
	blocked:   "the page is a bot check or a refusal (%s); fetch it later or with permission",
	consent:   "the page is a consent wall (%s); fetch it with permission",
	login:     "the page asks to log in or subscribe (%s); fetch it with permission",
}

// sign is what speaks for one kind of wall.
type sign struct {
	weight int
	seen   []string
}

// signs are the signs found so far.
type signs struct {
	Evidence
	found map[kind]*sign
	shown int  // characters that the page shows
	prose int  // characters of the text without stock sentences
	stock bool // a heading or the title consists of a stock phrase
	other bool // a heading is a headline of another kind
	// headings are the elements of the headings that consist of a stock phrase.
	headings []int32
	// sentence and named are the kinds for which such a sign was counted.
	sentence, named map[kind]bool
}

// maxSigns bounds the number of signs in a message.
const maxSigns = 6

func (s *signs) add(k kind, weight int, format string, args ...any) {
	found := s.found[k]
	if found == nil {
		found = &sign{}
		s.found[k] = found
	}
	found.weight += weight
	if len(found.seen) < maxSigns {
		found.seen = append(found.seen, fmt.Sprintf(format, args...))
	}
}

// against returns the weight of the signs of an article, and adds the signs that speak
// for every kind of wall.
func (s *signs) against() int {
	robots := strings.ToLower(s.Facts.Meta["robots"])
	for k := range s.found {
		if strings.Contains(robots, "noindex") {
			s.add(k, weightNoIndex, "robots noindex")
		}
		if s.shown < tinyPage {
			s.add(k, weightTiny, "%d characters of text", s.shown)
		}
	}
	against := 0
	if s.Dated {
		against += weightDated
	}
	if s.Authored {
		against += weightAuthored
	}
	if s.other {
		against += weightHeadline
	}
	switch {
	case s.prose >= articleLong:
		against += weightArticle
	case s.prose >= someProse:
		against += weightProse
	}
	return against
}
