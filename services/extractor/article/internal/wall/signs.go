package wall

import (
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

const (
	maxHeading  = 120  // bytes of a heading or part of a title that can be a stock phrase
	maxHeadings = 8    // headings of a page that are examined
	minHeadline = 15   // bytes of a heading that is a headline of another kind
	maxRun      = 2000 // bytes of a stretch of text that are examined
	maxExamined = 8000 // bytes of the text of a page that are examined
	afterHeads  = 4    // stretches of text after a heading that are examined
	minMostly   = 2    // stock sentences of a text that consists of them
)

// readHeadings examines the page's first-level headings or, if it has none, its first
// heading.
func (s *signs) readHeadings() {
	examined, level := 0, atom.H1
	if !s.hasTag(atom.H1) {
		level = 0
	}
	for i := range s.Page.Runs {
		r := &s.Page.Runs[i]
		s.shown += int(r.Chars)
		tag := s.Page.Tag(r)
		if r.Kind != page.TextRun || examined == maxHeadings || !page.IsHeading(tag) || level != 0 && tag != level {
			continue
		}
		examined++
		if level == 0 {
			examined = maxHeadings
		}
		s.readHeading(r.Elem, s.Page.TextOf(r))
	}
}

func (s *signs) hasTag(tag atom.Atom) bool {
	for i := range s.Page.Runs {
		if s.Page.Tag(&s.Page.Runs[i]) == tag {
			return true
		}
	}
	return false
}

func (s *signs) readHeading(elem int32, text string) {
	if len(text) > maxHeading {
		s.other = true
		return
	}
	k := s.stockPhrase(text)
	switch {
	case k == "":
		s.other = s.other || len(text) >= minHeadline && !s.Site.Matches(text)
		return
	case s.found[k] == nil:
		s.add(k, weightHeading, "heading %q", text)
	}
	s.stock = true
	s.headings = append(s.headings, elem)
}

// readTitle examines the parts of the document's title.
func (s *signs) readTitle() {
	for part := range strings.FieldsFuncSeq(s.Page.Title, func(r rune) bool {
		return strings.ContainsRune("|–—·•»«:/<>", r)
	}) {
		for piece := range strings.SplitSeq(part, " - ") {
			if k := s.stockPhrase(piece); k != "" {
				s.stock = true
				s.add(k, weightTitle, "title %q", s.Page.Title)
				return
			}
		}
	}
}

// stockPhrase returns the kind of wall whose headings consist of a text, or "". A
// status code, filler words and the site's name may surround the phrase.
func (s *signs) stockPhrase(text string) kind {
	if len(text) > maxHeading {
		return ""
	}
	words := strings.Fields(plain(text))
	if k, ok := headings[strings.Join(words, " ")]; ok {
		return k
	}
	code, rest := kind(""), words[:0:0]
	for _, w := range words {
		if k, ok := codes[w]; ok {
			code = k
		} else if !fillers[w] {
			rest = append(rest, w)
		}
	}
	phrase := strings.Join(rest, " ")
	if k, ok := headings[phrase]; ok {
		return k
	}
	// The filler words may be part of the phrase.
	if k, ok := headings[strings.Join(withoutCodes(words), " ")]; ok {
		return k
	}
	if code != "" && (phrase == "" || s.Site.Matches(phrase)) {
		return code
	}
	return ""
}

func withoutCodes(words []string) []string {
	var rest []string
	for _, w := range words {
		if _, ok := codes[w]; !ok {
			rest = append(rest, w)
		}
	}
	return rest
}

// readText looks for stock sentences in the text that would be the article, after the
// headings that consist of a stock phrase, and on the whole page if it is small.
func (s *signs) readText() {
	left := maxExamined
	paragraphs, stock := 0, make(map[kind]int, len(kinds))
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Kind == record.Heading || b.Text == "" {
			continue
		}
		paragraphs++
		found := s.readSentences(b.Text, &left)
		for _, k := range found {
			stock[k]++
		}
		if len(found) == 0 {
			s.prose += norm.Len(b.Text)
		}
	}
	for _, k := range kinds {
		if stock[k] >= minMostly && stock[k]*2 > paragraphs {
			s.add(k, weightMostly, "%d of %d paragraphs", stock[k], paragraphs)
		}
	}
	near := 0
	for i := range s.Page.Runs {
		r := &s.Page.Runs[i]
		for _, elem := range s.headings {
			if r.Elem == elem {
				near = afterHeads + 1
			}
		}
		if near--; near > 0 || s.shown <= smallPage {
			s.readSentences(s.Page.TextOf(r), &left)
		}
	}
}

// readSentences returns the kinds whose stock sentences a text has. The first sentence
// of each kind is a sign.
func (s *signs) readSentences(text string, left *int) []kind {
	text = norm.Prefix(text, min(maxRun, *left))
	*left -= len(text)
	var found []kind
	for k, phrase := range sentencesIn(plain(text)) {
		known := false
		for _, other := range found {
			known = known || other == k
		}
		if known {
			continue
		}
		found = append(found, k)
		if s.sentence[k] {
			continue
		}
		s.sentence[k] = true
		s.add(k, weightSentence, "text %q", phrase)
	}
	return found
}

// readNames examines the classes and ids of the page and of the elements around the
// headings that consist of a stock phrase.
func (s *signs) readNames() {
	for i := range s.Page.Elems {
		if tag := s.Page.Elems[i].Node.DataAtom; tag == atom.Html || tag == atom.Body || tag == atom.Main {
			s.readNamesOf(int32(i))
		}
	}
	for _, elem := range s.headings {
		for ; elem > 0; elem = s.Page.Elems[elem].Parent {
			s.readNamesOf(elem)
		}
	}
}

func (s *signs) readNamesOf(elem int32) {
	n := s.Page.Elems[elem].Node
	for _, key := range []string{"class", "id"} {
		value := page.Attr(n, key)
		for name := range strings.FieldsSeq(norm.Prefix(value, page.MaxNames)) {
			s.addName(norm.Fold(name), key, name)
		}
	}
}

// readAddresses examines the addresses that the page has and declares.
func (s *signs) readAddresses() {
	for _, address := range []string{s.Page.URL, s.Page.Canonical, s.Facts.Meta["og:url"]} {
		u, err := url.Parse(address)
		if err != nil || u.Path == "" {
			continue
		}
		last := path.Base(u.Path)
		s.addName(norm.Fold(strings.TrimSuffix(last, path.Ext(last))), "address", address)
	}
}

// addName counts a class, id or part of an address once for each kind.
func (s *signs) addName(folded, what, name string) {
	k, ok := names[folded]
	if !ok || s.found[k] == nil || s.named[k] {
		return
	}
	s.named[k] = true
	s.add(k, weightName, "%s %q", what, name)
}
