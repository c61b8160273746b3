package article

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
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

// hintWords lists the words of class names and ids under what they hint at.
// A name is cut into words at hyphens, underscores and capitals, and each two
// neighbours are also looked up as one word ("related-posts": relatedposts).
var hintWords = []struct {
	hint  hint
	words string
}{
	{hintBody, "articlebody articlecontent articletext articlecopy bodycopy bodytext contentbody entrycontent entrybody postbody postcontent posttext storybody storycontent storytext storycopy newsbody newstext newscontent maincontent singlecontent richtext blogcontent contenttext pagecontent wysiwyg artikeltext artikelinhalt cuerpo articolo"},
	{hintTitle, "headline entrytitle posttitle articletitle storytitle pagetitle titular"},
	{hintStandfirst, "standfirst subtitle subheadline subhead subheading dek deck excerpt lede leadin intro introtext teasertext articlesummary storysummary articledescription articlelead articleintro articlesubtitle posttagline perex chapo chapeau vorspann anlauf untertitel entradilla bajada sottotitolo occhiello ingress manchet lead sapo"},
	{hintByline, "byline bylines author authors authorname postauthor articleauthor writtenby writer reporter contributor contributors autor autoren auteur auteurs autore autori firma forfatter skribent yazar muhabir journalist redakteur fauser biperson iconuser"},
	{hintDate, "date datetime pubdate publishdate published publishedat publishdate posttime timestamp dateline postdate entrydate articledate datum fecha"},
	{hintCaption, "caption captions figcaption imagecaption photocaption wpcaption legend bildunterschrift bildtext imagedescription cutline pie"},
	{hintCredit, "credit credits photocredit imagecredit copyright source photographer imagesource bildquelle quelle fotocredit"},
	{hintKicker, "kicker overline eyebrow toplabel topline toppline rubric rubrik dachzeile spitzmarke antetitulo surtitre"},
	{hintComment, "comment comments commentlist commentthread respond disqus replies reply discussion commenti commentaires kommentare kommentar comentarios fbcomments coral viafoura livefyre"},
	{hintRelated, "related relatedposts relatedarticles relatedcontent relatedstories relatedlinks recommended recommendation recommendations recirc recirculation readmore readalso readnext alsoread morestories morenews morefrom morearticles seealso youmaylike maylike outbrain taboola zergnet trending mostread mostpopular popularposts latestnews latestposts nextpost prevpost postnavigation upnext teasers linklist similar jprelatedposts yarpp articlelist promo promos crosslinks weiterlesen mehrzumthema lireaussi correlati relacionadas relacionados interlink inlinerelated storylinks"},
	{hintShare, "share sharing sharebar sharebuttons sharetools sharelinks socialshare social sociallinks socialbar socialicons socialmedia addtoany addthis sharedaddy sharethis followus follow partager teilen compartir condividi"},
	{hintNewsletter, "newsletter newsletters newslettersignup subscribe subscription subscribebox signup emailsignup mailchimp optin mailinglist emailcapture leadform"},
	{hintAd, "ad ads adv advert adverts advertisement advertising adslot adunit adbox adcontainer adwrapper banner dfp gpt adsbygoogle sponsor sponsored sponsorship anzeige werbung publicidad publicite reklama reklam reclame affiliate"},
	{hintNav, "nav navbar navigation menu submenu mainmenu topbar toolbar pagination pager sitenav skiplink toc tableofcontents ticker"},
	{hintFooter, "footer sitefooter pagefooter colophon copyright legal imprint"},
	{hintSidebar, "sidebar rightrail leftrail rail widgets sidecolumn rightcolumn widgetarea"},
	{hintTags, "tags taglist posttags entrytags articletags keywords topics tagcloud postmeta entrymeta entryfooter categories posttopics relatedtopics schlagworte etiquetas"},
	{hintAuthorBox, "authorbox authorbio authorinfo aboutauthor aboutthe authorcard authorprofile authordescription authordetails postauthorbox biography bio authorblock"},
	{hintNotice, "cookie cookies consent gdpr cookiebanner modal popup overlay lightbox tooltip dialog disclaimer notification breakingnews weather login signin register offscreen player videoplayer poll survey"},
	{hintPullQuote, "pullquote pullquotes quotebox zitatbox pull"},
	{hintPaywall, "paywall paywalled piano regwall meteredcontent subscriberonly premiumcontent paywallmessage"},
	{hintBreadcrumb, "breadcrumb breadcrumbs brotkrumen migas"},
}

var hintOfWord = hintTable()

func hintTable() map[string]hint {
	t := make(map[string]hint, 512)
	for _, entry := range hintWords {
		for word := range strings.FieldsSeq(entry.words) {
			t[word] |= entry.hint
		}
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

// hidingNames take an element off the screen in the usual style sheets. They
// count as whole names only: "overflow-hidden" hides nothing.
var hidingNames = map[string]bool{
	"d-none": true, "hidden": true, "hide": true, "invisible": true, "is-hidden": true, "screen-reader-text": true,
	"sr-only": true, "u-hidden": true, "visually-hidden": true, "visuallyhidden": true, "display-none": true,
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
