package article

import (
	_ "embed"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// hint is what an element's name, class, id and role say about what it holds.
type hint uint32

const (
	hintBody hint = 1 << iota
	hintTitle
	hintStandfirst
	hintByline
	hintDate
	hintCaption
	hintCredit
	hintKicker
	hintComment
	hintRelated
	hintShare
	hintNewsletter
	hintAd
	hintNav
	hintFooter
	hintSidebar
	hintTags
	hintAuthorBox
	hintNotice
	hintPullQuote
	hintPaywall
	hintHidden
	hintBreadcrumb
)

// hintsAgainst are the hints that an element holds no part of the body.
const hintsAgainst = hintComment | hintRelated | hintShare | hintNewsletter | hintAd | hintNav | hintFooter |
	hintSidebar | hintTags | hintAuthorBox | hintNotice | hintHidden | hintBreadcrumb

// hintsOfLines are the hints that speak of a line or two, and not of an element
// that holds much text.
const hintsOfLines = hintByline | hintDate | hintCaption | hintCredit | hintKicker | hintPullQuote | hintPaywall

var (
	//go:embed lists/hints.txt
	hintList string
	//go:embed lists/hiding_classes.txt
	hidingNameList string

	hintOfWord  = hintTable(hintList)
	hidingNames = wordlist.Set(hidingNameList)
)

// hintTable maps the words of a list, whose sections are named by hintNames, to
// their hints.
func hintTable(list string) map[string]hint {
	t := make(map[string]hint, 512)
	for name, word := range wordlist.Sections(list) {
		t[word] |= 1 << slices.Index(hintNames, name)
	}
	return t
}

// hinter reads class names and ids, remembering those of one page: a page
// repeats few of them many times.
type hinter struct{ seen map[string]hint }

func (h *hinter) of(names string) hint {
	if names == "" {
		return 0
	}
	if got, ok := h.seen[names]; ok {
		return got
	}
	got := hintsIn(names)
	if h.seen == nil {
		h.seen = make(map[string]hint, 256)
	}
	h.seen[names] = got
	return got
}

// maxNames bounds what of a class attribute is read, in bytes.
const maxNames = 400

func hintsIn(names string) hint {
	var found hint
	hidden, shown := false, false
	for name := range strings.FieldsSeq(names[:min(len(names), maxNames)]) {
		if _, variant, ok := strings.Cut(name, ":"); ok {
			// "md:block" beside "hidden": shown on wider screens.
			shown = shown || variant != "hidden"
			continue
		}
		if hidingNames[name] {
			hidden = true
			continue
		}
		found |= hintsInName(name)
	}
	if hidden && !shown {
		found |= hintHidden
	}
	return found
}

func hintsInName(name string) hint {
	var found hint
	var buf [64]byte
	prev, word := 0, 0 // where the previous word and this one begin in buf
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

// hintsOf reads the hints of one element.
func (h *hinter) hintsOf(n *html.Node) hint {
	var found hint
	for i := range n.Attr {
		a := &n.Attr[i]
		switch a.Key {
		case "class", "id", "data-component", "data-testid", "data-type", "data-block":
			found |= h.of(a.Val)
		case "itemprop":
			found |= itempropHints[a.Val]
		case "role":
			found |= roleHints[a.Val]
		case "rel":
			if a.Val == "author" {
				found |= hintByline
			}
		case "hidden":
			found |= hintHidden
		case "style":
			if strings.Contains(a.Val, "none") && displayNone(a.Val) {
				found |= hintHidden
			}
		}
	}
	switch n.DataAtom {
	case atom.Nav, atom.Menu:
		found |= hintNav
	case atom.Aside:
		found |= hintSidebar
	case atom.Footer:
		found |= hintFooter
	case atom.Figcaption:
		found |= hintCaption
	case atom.Time:
		found |= hintDate
	}
	return found
}

var itempropHints = map[string]hint{
	"articleBody": hintBody, "headline": hintTitle, "author": hintByline, "datePublished": hintDate,
	"dateModified": hintDate, "caption": hintCaption, "comment": hintComment, "keywords": hintTags,
	"alternativeHeadline": hintStandfirst, "description": hintStandfirst, "text": hintBody,
}

var roleHints = map[string]hint{
	"navigation": hintNav, "contentinfo": hintFooter, "complementary": hintSidebar, "search": hintNav,
	"menu": hintNav, "menubar": hintNav, "banner": hintNav, "dialog": hintNotice, "alertdialog": hintNotice,
	"tooltip": hintNotice, "toolbar": hintNav, "doc-footnote": 0,
}

// displayNone says that a style attribute takes the element off the page.
func displayNone(style string) bool {
	_, after, ok := strings.Cut(style, "display")
	if !ok {
		return false
	}
	after = strings.TrimLeft(after, ": \t")
	return strings.HasPrefix(after, "none")
}
