package page

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Hint is a set of hints: what the tag, classes, id and role of an element
// suggest about its contents. The order of the bits is part of the classifier's
// model.
type Hint uint32

// The hints.
const (
	HintBody Hint = 1 << iota
	HintTitle
	HintStandfirst
	HintByline
	HintDate
	HintCaption
	HintCredit
	HintKicker
	HintComment
	HintRelated
	HintShare
	HintNewsletter
	HintAd
	HintNav
	HintFooter
	HintSidebar
	HintTags
	HintAuthorBox
	HintNotice
	HintPullQuote
	HintPaywall
	HintHidden
	HintBreadcrumb
)

// HintNames are the names of the hints, in the order of their bits.
var HintNames = [...]string{
	"body", "title", "standfirst", "byline", "date", "caption", "credit", "kicker", "comment", "related", "share",
	"newsletter", "ad", "nav", "footer", "sidebar", "tags", "author box", "notice", "pull quote", "paywall", "hidden",
	"breadcrumb",
}

const (
	// HintsAgainst are the hints that an element is not part of the body.
	HintsAgainst = HintComment | HintRelated | HintShare | HintNewsletter | HintAd | HintNav | HintFooter |
		HintSidebar | HintTags | HintAuthorBox | HintNotice | HintHidden | HintBreadcrumb
	// LineHints are the hints that describe a line or two, and cannot apply to an
	// element with much text.
	LineHints = HintByline | HintDate | HintCaption | HintCredit | HintKicker | HintPullQuote | HintPaywall
)

// Signs that names give beside the hints. They are not part of Element.Hints.
const (
	spokenName Hint = 1 << (31 - iota) // the text is only for programs that read aloud
	namedShown                         // some screens show the text
	nameSigns  = spokenName | namedShown
)

// hintReader reads the hints of one page's elements. It remembers the names that
// it has read, since a page repeats few class names many times.
type hintReader struct{ seen map[string]Hint }

// usualNames is the number of different class names and ids on a usual page.
const usualNames = 256

// of returns the hints of an element, and the signs that its names give.
func (h *hintReader) of(n *html.Node) Hint {
	var found Hint
	for i := range n.Attr {
		a := &n.Attr[i]
		switch a.Key {
		case "class", "id", "data-component", "data-testid", "data-type", "data-block":
			found |= h.ofNames(a.Val)
		case "itemprop":
			found |= propHint(a.Val)
		case "itemtype":
			if !Inline(n.DataAtom) {
				found |= typeHint(a.Val)
			}
		case "role":
			found |= roleHint(a.Val)
		case "rel":
			if a.Val == "author" {
				found |= HintByline
			}
		case hiddenName:
			if a.Val != untilFound {
				found |= HintHidden
			}
		case "style":
			if displayNone(a.Val) {
				found |= HintHidden
			}
		}
	}
	switch n.DataAtom {
	case atom.Nav, atom.Menu:
		found |= HintNav
	case atom.Aside:
		found |= HintSidebar
	case atom.Footer:
		found |= HintFooter
	case atom.Figcaption:
		found |= HintCaption
	case atom.Time:
		found |= HintDate
	}
	return found
}

func (h *hintReader) ofNames(names string) Hint {
	if names == "" {
		return 0
	}
	if got, ok := h.seen[names]; ok {
		return got
	}
	got := hintsOfNames(names)
	if h.seen == nil {
		h.seen = make(map[string]Hint, usualNames)
	}
	h.seen[names] = got
	return got
}

// hiddenName is the attribute, and the class of many style sheets, that hides an
// element.
const hiddenName = "hidden"

// fadedName is a class that hides a part of a line only until it fades in.
const fadedName = "invisible"

// untilFound is the value of the attribute with which browsers find the text.
const untilFound = "until-found"

// MaxNames is the number of bytes of a class attribute that are read.
const MaxNames = 400

func hintsOfNames(names string) Hint {
	var found Hint
	hidden, shown := false, false
	for name := range strings.FieldsSeq(names[:min(len(names), MaxNames)]) {
		if _, variant, ok := strings.Cut(name, ":"); ok {
			// "md:block" beside "hidden": shown on wider screens.
			shown = shown || variant != hiddenName && !strings.HasPrefix(name, "focus")
			continue
		}
		if hidingNames[name] {
			hidden = true
			found |= hintsOfName(name) & spokenName
			if name == fadedName {
				found |= namedShown
			}
			continue
		}
		if strings.HasPrefix(name, "d-") { // "d-md-block" beside "d-none"
			found |= namedShown
		}
		found |= hintsOfName(name)
	}
	switch {
	case shown:
		found |= namedShown
	case hidden:
		found |= HintHidden
	}
	return found
}

// maxName is the number of letters of a name that are read.
const maxName = 64

// hintsOfName splits a name into words at hyphens, underscores and capitals. It looks up
// each word, and each pair of adjacent words as one ("related-posts": relatedposts).
func hintsOfName(name string) Hint {
	var found Hint
	var buf [maxName]byte
	prev, word := 0, 0 // where the previous and the current word start in buf
	n := 0
	flush := func() {
		if n == word {
			return
		}
		found |= hintOfWord[string(buf[word:n])]
		if prev < word {
			found |= hintOfWord[string(buf[prev:n])]
		}
		prev, word = word, n
	}
	for i := 0; i < len(name) && n < len(buf); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z':
			buf[n] = c
			n++
		case c >= 'A' && c <= 'Z':
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				flush()
			}
			buf[n] = c + 'a' - 'A'
			n++
		default:
			flush()
		}
	}
	flush()
	return found
}

// propHint returns the hint of a microdata property.
func propHint(name string) Hint {
	switch name {
	case "articleBody", "text":
		return HintBody
	case "headline":
		return HintTitle
	case "alternativeHeadline", "description":
		return HintStandfirst
	case "author":
		return HintByline
	case "datePublished", "dateModified":
		return HintDate
	case "caption":
		return HintCaption
	case "comment":
		return HintComment
	case "keywords":
		return HintTags
	}
	return 0
}

// typeHint returns the hint of the type of a microdata item.
func typeHint(address string) Hint {
	switch address[strings.LastIndexByte(address, '/')+1:] {
	case "Comment", "UserComments":
		return HintComment
	case "Person":
		return HintAuthorBox
	case "WPAdBlock":
		return HintAd
	}
	return 0
}

// roleHint returns the hint of a WAI-ARIA role.
func roleHint(role string) Hint {
	switch role {
	case "navigation", "search", "menu", "menubar", "banner", "toolbar":
		return HintNav
	case "contentinfo":
		return HintFooter
	case "complementary":
		return HintSidebar
	case "dialog", "alertdialog", "tooltip":
		return HintNotice
	}
	return 0
}
