package body

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

const (
	minArticle     = 140 // characters; less text is not an article
	minNameless    = 600 // characters of an article without a headline of its own
	minShownText   = 200 // characters below which a page with scripts is a shell
	minScriptBytes = 200 // bytes of the scripts of such a page
	minTeasers     = 2   // of a page that is a list
)

// Context is the evidence for the decision about a page besides its text.
type Context struct {
	Site *fields.Site
	// Dated reports whether the page gives a date of publication.
	Dated bool
	// Damaged reports whether the bytes of the page were incomplete.
	Damaged bool
}

// Refusal is why a page has no article.
type Refusal struct {
	Reason  record.Reason
	Kind    record.PageKind // the probable kind of the page, for ReasonNoArticle
	Message string          // what was seen, and what to do
}

// Body is the body of an article.
type Body = record.Field[[]record.Block]

// Judge returns the body of the article, or the reason why the page has no article. Text that only
// structured data contains becomes the body.
func (t *Text) Judge(c Context) (Body, *Refusal) {
	chars := length(Plain(t.Blocks))
	if t.Picked.Has(page.FieldBody) && chars > 0 {
		return record.NewField(t.Blocks, record.FromRule, record.RuleConfidence), nil
	}
	e := t.evidence(c)
	body := record.NewField(t.Blocks, record.FromStructure, t.F1)
	if e.doubtful {
		body.Confidence = min(body.Confidence, maxDoubted)
	}
	data := norm.Len(t.Facts.ArticleBody)
	switch {
	case data > 2*chars && (data > page.MinIslandChars || chars < minArticle):
		body = record.NewField(fromData(t.Facts.ArticleBody), record.FromJSONLD, 0.6)
		chars = length(Plain(body.Value))
	case t.FromIsland:
		body = record.NewField(t.Blocks, record.FromDataIsland, 0.8)
	}
	e.chars = chars
	return body, t.refusal(e)
}

// lettersPerIdeograph is the number of letters that a character of Chinese, Japanese or
// Korean replaces.
const lettersPerIdeograph = 2

// firstCounted is the first character that counts more than once (the block Hangul Jamo).
const firstCounted = 0x1100

// length returns the number of characters of a text as if it were in an alphabet.
func length(text string) int {
	n := norm.Len(text)
	for _, r := range text {
		if r >= firstCounted && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			n += lettersPerIdeograph - 1
		}
	}
	return n
}

// evidence is the input of the decision.
type evidence struct {
	chars    int // of the text
	shown    int // characters that the page shows
	list     bool
	doubtful bool // some signs are those of a list
	nameless bool
	declared bool // the page calls itself an article and has a title
}

func (t *Text) evidence(c Context) evidence {
	e := evidence{nameless: t.nameless(c)}
	for i := range t.Runs {
		e.shown += int(t.Runs[i].Chars)
	}
	t.Articleness, e.doubtful = t.articleness(c, e.nameless)
	e.list = t.Articleness < minArticleness
	e.declared = t.Facts.DeclaresArticle() && t.Title != ""
	return e
}

// convincing reports whether the text is that of an article, whatever the page calls
// itself. The more doubts, the longer the text must be.
func (e *evidence) convincing() bool {
	return e.chars >= minArticle && !e.list && (e.chars >= minNameless || !e.nameless)
}

// refusal returns why a page has no article, or nil if it has one.
func (t *Text) refusal(e evidence) *Refusal {
	switch {
	case e.convincing():
		return nil
	case e.list:
		return &Refusal{
			Reason: record.ReasonNoArticle, Kind: record.KindList,
			Message: "the page is a list of articles; follow its links",
		}
	case t.Frames > 0:
		return &Refusal{
			Reason:  record.ReasonNeedsRendering,
			Message: "the page is a frameset; fetch the frame with the text",
		}
	case e.shown < minShownText && (t.ScriptBytes > minScriptBytes || len(t.Islands) > 0):
		return &Refusal{
			Reason:  record.ReasonNeedsRendering,
			Message: "the page has no text until its scripts run; fetch it with a browser",
		}
	case e.shown == 0:
		return &Refusal{Reason: record.ReasonEmpty, Message: "the page has no text; fetch it again"}
	case e.chars > 0 && e.declared:
		return nil
	}
	kind := record.KindOther
	if declared := t.Facts.Kind(); declared != record.KindArticle {
		kind = declared
	} else if t.outline(0, len(t.Runs)).teasers >= minTeasers {
		kind = record.KindList
	}
	return &Refusal{
		Reason: record.ReasonNoArticle, Kind: kind,
		Message: "the page has no continuous text that could be an article",
	}
}

// Truncated reports whether the text ends in the notice of a paywall. A link that
// reads like one is an advertisement of subscriptions.
func (t *Text) Truncated() bool {
	for i, v := range t.verdicts {
		if v == DroppedTruncation && t.Tag(&t.Runs[i]) != atom.A {
			return true
		}
	}
	return false
}

// nameless reports whether the page neither has a headline nor declares itself an
// article. It is then a front page with the name of its site as the title, or a
// section page.
func (t *Text) nameless(c Context) bool {
	return !t.Facts.DeclaresArticle() && !c.Damaged &&
		(t.Title == "" || c.Site.IsNamed(t.Title) && !c.Dated)
}

// outline describes the structure that distinguishes lists from articles.
type outline struct {
	headings, linkedHeadings int
	single                   int // runs of prose without prose before them
	flowing                  int // runs of prose after prose
	teasers                  int // runs of text after a line that is a link
}

const (
	minLinkLine = 8  // characters of a line that is a link to an article
	minTeaser   = 25 // characters of a teaser
)

func (t *Text) outline(from, to int) outline {
	var o outline
	proseBefore, linkBefore := false, false
	for i := from; i < to; i++ {
		r := &t.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		link := r.Chars > minLinkLine && r.LinkedChars*10 > r.Chars*8
		if page.IsHeading(t.Tag(r)) {
			o.headings++
			if link {
				o.linkedHeadings++
			}
			proseBefore, linkBefore = false, link
			continue
		}
		if linkBefore && r.Chars < minTeaser && fields.MetaLine(t.TextOf(r)) {
			continue // the date of a teaser
		}
		teaser := !link && r.Chars >= minTeaser && (linkBefore || t.opensWithLink(r))
		if teaser {
			o.teasers++
		}
		if t.verdicts[i] == Kept && r.Prose() {
			if proseBefore && !teaser {
				o.flowing++
			} else {
				o.single++
			}
			proseBefore = true
		}
		linkBefore = link
	}
	return o
}

// opensWithLink reports whether the first line of a run is a link.
func (t *Text) opensWithLink(r *page.Run) bool {
	if r.Links == r.LinksTo {
		return false
	}
	first := t.Links[r.Links]
	return first.From == r.From && first.To < r.To && t.Text[first.To] == '\n'
}

// maxDataNodes bounds the markup of a text in structured data.
const maxDataNodes = 20_000

// fromData makes paragraphs of a text that structured data contains.
func fromData(text string) []record.Block {
	var paragraphs []string
	text = html.UnescapeString(text)
	if strings.Contains(text, "</p>") || strings.Contains(text, "<br") {
		var err error
		if paragraphs, err = page.Paragraphs(text, maxDataNodes); err != nil {
			return nil
		}
	} else {
		for line := range strings.Lines(text) {
			if line = norm.Squeeze(line); line != "" {
				paragraphs = append(paragraphs, line)
			}
		}
	}
	var blocks []record.Block
	for _, p := range paragraphs {
		blocks = append(blocks, record.Block{Kind: record.Paragraph, Text: p})
	}
	return blocks
}
