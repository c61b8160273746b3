package body

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// notPost are the hints around a quote that it is not part of the text. Boxes of embedded
// posts are named "social", as are buttons for sharing, so HintShare is not one of them.
const notPost = page.HintsAgainst &^ page.HintShare

// keepPosts keeps the posts that are embedded in the text, although they are short and
// consist mostly of links: their text, author and date.
func (s *selection) keepPosts() {
	above := page.Hint(0)
	if s.box > 0 {
		above = s.within[s.box]
	}
	first, last := s.keptRange()
	for i := first + 1; i < s.to; {
		quote := s.outer(s.Runs[i].Elem, atom.Blockquote)
		if quote < 0 {
			i++
			continue
		}
		end := i
		for end < s.to && s.Contains(quote, s.Runs[end].Elem) {
			end++
		}
		inText := i < last || s.followsText(i)
		if inText && s.within[s.Elems[quote].Parent]&^above&notPost == 0 && s.postAddress(quote) != "" {
			s.keepPost(i, end)
		}
		i = max(end, i+1)
	}
}

// keptRange returns the first and last run of text that is kept.
func (s *selection) keptRange() (first, last int) {
	first, last = s.to, s.from-1
	for i := s.from; i < s.to; i++ {
		if s.keptText(i) {
			first, last = min(first, i), i
		}
	}
	return first, last
}

// followsText reports whether the last run of text before a run is kept.
func (s *selection) followsText(run int) bool {
	for i := run - 1; i >= s.from; i-- {
		if s.Runs[i].Kind == page.TextRun {
			return s.verdicts[i] == Kept
		}
	}
	return false
}

// keepPost keeps the runs of a post, except what repeats other text and the phrases that
// networks put around posts.
func (s *selection) keepPost(from, to int) {
	for i := from; i < to; i++ {
		switch s.verdicts[i] {
		case DroppedRepeat, DroppedStated, DroppedPhrase:
		default:
			if s.Runs[i].Kind == page.TextRun {
				s.verdicts[i] = Kept
			}
		}
	}
}

// postAddress returns the address of the post that a quote embeds: the address that
// the quote declares, or that of the link whose text is the date, or that of its last
// link. For any other quote it returns "".
func (s *selection) postAddress(quote int32) string {
	n := s.Elems[quote].Node
	dated, last := s.linksOfPost(n)
	if !classOfPost(n) {
		if s.signedPost(quote) {
			return dated
		}
		return ""
	}
	for i := range n.Attr {
		a := &n.Attr[i]
		if a.Key == "cite" || strings.HasPrefix(a.Key, "data-") && strings.HasSuffix(a.Key, "permalink") {
			if u := s.Resolve(a.Val); u != "" {
				return u
			}
		}
	}
	if dated != "" {
		return dated
	}
	return last
}

// linksOfPost returns the addresses of the last link in a quote whose text is a date, and
// of the last link.
func (s *selection) linksOfPost(quote *html.Node) (dated, last string) {
	for d := range quote.Descendants() {
		if d.DataAtom != atom.A {
			continue
		}
		u := s.Resolve(page.Attr(d, "href"))
		if u == "" {
			continue
		}
		last = u
		if text := page.NodeText(d); norm.Len(text) < maxPostDate && fields.MetaLine(text) {
			dated = u
		}
	}
	return dated, last
}

// maxPostDate is the maximum length of the date of a post, in characters.
const maxPostDate = 40

// classOfPost reports whether a quote has a class such as those that social networks
// provide for embedding posts: NETWORK-post, NETWORK-embed and the like.
func classOfPost(quote *html.Node) bool {
	for class := range strings.FieldsSeq(page.Attr(quote, "class")) {
		if at := strings.LastIndexAny(class, "-_"); at > 0 && slices.Contains(postWords, class[at+1:]) {
			return true
		}
	}
	return false
}

// postWords are the ends of the classes of embedded posts.
var postWords = []string{"card", "embed", "media", "post", "status", "toot", "tweet", "video"}

// signedPost reports whether the last line of a quote is a dash and an author, and ends in
// a link.
func (s *selection) signedPost(quote int32) bool {
	_, end := s.RunsOf(quote)
	if end == 0 || !s.Contains(quote, s.Runs[end-1].Elem) {
		return false
	}
	r := &s.Runs[end-1]
	text := strings.TrimRight(s.TextOf(r), " ")
	line := text[strings.LastIndexByte(text, '\n')+1:]
	return r.Links < r.LinksTo && int(s.Links[r.LinksTo-1].To) >= int(r.From)+len(text) &&
		strings.IndexAny(line, "—–-―") == 0
}
