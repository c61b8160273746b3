package article

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Explanation tells how the text of a page was chosen.
type Explanation struct {
	// Article is what Extract returns; nil where Err says why there is none.
	Article *Article `json:"article,omitempty"`
	// Err is the *Error that Extract returns for the page, or nil.
	Err error `json:"-"`
	// Lines are the page's stretches of text between two block boundaries, in
	// document order.
	Lines []Line `json:"lines"`

	reader *reader
}

// Line is a stretch of text of a page, and what became of it.
type Line struct {
	// Text is the line as it stands on the page.
	Text string `json:"text"`
	// Path names the line's element and those around it, the innermost last,
	// such as "main > div.story > p".
	Path string `json:"path"`
	// Kept says that the line is part of the body.
	Kept bool `json:"kept"`
	// Why is the reason in a few words. Tokens are stable.
	Why Why `json:"why"`
	// Hints are what the names of the elements around the line say of it, such
	// as "newsletter", as far as they are believed.
	Hints []string `json:"hints,omitempty"`
	// Score is the classifier's verdict as log-odds that the line is part of
	// the body; nil where it was not asked.
	Score *float64 `json:"score,omitempty"`
}

// Why says why a line is part of the body or not.
type Why string

// The reasons of a Line.
const (
	WhyBody         Why = "body"                // part of the body
	WhyRule         Why = "rule"                // a site's rules choose it
	WhyOutside      Why = "outside"             // outside of the element that holds the article, far from all prose
	WhyNamed        Why = "named"               // the names of the elements around it speak against it (Hints)
	WhyBefore       Why = "before the text"     // stands before the text begins
	WhyAfter        Why = "after the text"      // stands after the text has ended
	WhyRepeat       Why = "repeat"              // repeats another part of the text
	WhyCaption      Why = "caption"             // belongs to a picture
	WhyByline       Why = "byline"              // byline, date or kicker
	WhyLinks        Why = "links"               // mostly links
	WhyPhrase       Why = "phrase"              // a phrase of the trade
	WhyLooseHeading Why = "loose heading"       // a heading without text below it
	WhyPaywall      Why = "paywall"             // a paywall's notice
	WhyField        Why = "field of the record" // headline or standfirst, which the record holds apart
	WhyClassifier   Why = "classifier"          // the classifier speaks against it (Score)
)

var whys = [...]Why{
	undecided: WhyOutside, kept: WhyBody, dropHint: WhyNamed, dropBefore: WhyBefore, dropAfter: WhyAfter, dropRepeat: WhyRepeat,
	dropCaption: WhyCaption, dropMeta: WhyByline, dropLinks: WhyLinks, dropPhrase: WhyPhrase, dropLoose: WhyLooseHeading,
	dropTruncation: WhyPaywall, dropStated: WhyField, dropLearned: WhyClassifier,
}

// hintNames are the names of the hints, in the order of their bits.
var hintNames = []string{"body", "title", "standfirst", "byline", "date", "caption", "credit", "kicker", "comment", "related", "share", "newsletter", "ad", "nav", "footer", "sidebar", "tags", "author box", "notice", "pull quote", "paywall", "hidden", "breadcrumb"}

// Explain reads a page as Extract does, and tells what became of each line. A
// page that holds no article is explained as well, if it can be read at all;
// else the error is Extract's.
func Explain(ctx context.Context, page Page, opts Options) (*Explanation, error) {
	r, err := open(ctx, page, opts)
	if err != nil {
		return nil, err
	}
	e := &Explanation{reader: r}
	e.Article, e.Err = r.read(ctx)
	if _, typed := errors.AsType[*Error](e.Err); e.Err != nil && !typed {
		return nil, e.Err
	}
	for i := range r.runs {
		if r.runs[i].kind == runText {
			e.Lines = append(e.Lines, r.explain(&r.runs[i]))
		}
	}
	return e, nil
}

func (r *reader) explain(run *run) Line {
	l := Line{Text: r.textOf(run), Path: r.path(run.elem), Kept: run.verdict == kept, Why: whys[run.verdict]}
	if l.Kept && r.picked.has(fieldBody) {
		l.Why = WhyRule
	}
	for rest := r.elems[run.elem].within; rest != 0; rest &= rest - 1 {
		l.Hints = append(l.Hints, hintNames[bits.TrailingZeros32(uint32(rest))])
	}
	if run.scored {
		score := float64(run.score)
		l.Score = &score
	}
	return l
}

// pathParts bounds how many elements a path names.
const pathParts = 4

func (r *reader) path(elem int32) string {
	var parts []string
	for ; elem > 0 && len(parts) < pathParts; elem = r.elems[elem].parent {
		n := r.elems[elem].node
		part := n.Data
		if id := attr(n, "id"); id != "" && !strings.ContainsAny(id, " \t\n") {
			part += "#" + id
		} else if class, _, _ := strings.Cut(squeeze(attr(n, "class")), " "); class != "" {
			part += "." + class
		}
		parts = append(parts, part)
	}
	slices.Reverse(parts)
	return strings.Join(parts, " > ")
}

// overlayStyle colours what WriteOverlay marks. The border is on the left so
// that nested marks stay apart.
const overlayStyle = `[data-dateline]{box-shadow:-4px 0 0 #c62828;background:rgba(198,40,40,.08)!important}
[data-dateline^="body"],[data-dateline^="rule"]{box-shadow:-4px 0 0 #2e7d32;background:rgba(46,125,50,.12)!important}
[data-dateline^="field"],[data-dateline^="caption"],[data-dateline^="byline"]{box-shadow:-4px 0 0 #1565c0;background:rgba(21,101,192,.12)!important}
#dateline-legend{position:fixed;z-index:2147483647;right:8px;bottom:8px;padding:6px 10px;font:13px/1.4 sans-serif;color:#fff;background:#222}
#dateline-legend b{padding:0 6px}`

// overlayPolicy lets the page's pictures and styles load and nothing run.
const overlayPolicy = "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src * data:"

// WriteOverlay writes the page with a coloured mark at each line (green for the
// body, blue for other fields of the record, red for what was dropped) and the
// reason as its tooltip. Scripts and frames are left out, and a content security
// policy keeps the page from running any. It may be called once.
func (e *Explanation) WriteOverlay(w io.Writer) error {
	r := e.reader
	line := 0
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText {
			continue
		}
		l := &e.Lines[line]
		line++
		note := string(l.Why)
		if len(l.Hints) > 0 {
			note += " [" + strings.Join(l.Hints, ", ") + "]"
		}
		if l.Score != nil {
			note += fmt.Sprintf(" (classifier %+.1f)", *l.Score)
		}
		n := r.elems[run.elem].node
		if n.Type != html.ElementNode {
			continue // text outside of every element
		}
		if before := attr(n, "data-dateline"); before != "" && (l.Kept || !strings.HasPrefix(note, before)) {
			note += "; " + before
		}
		setAttr(n, "data-dateline", note)
		setAttr(n, "title", note)
	}
	doc := r.elems[0].node
	disarm(doc)
	for n := range doc.Descendants() {
		switch n.DataAtom {
		case atom.Head:
			n.InsertBefore(newNode("style", overlayStyle), n.FirstChild)
			n.InsertBefore(newNode("base", "", html.Attribute{Key: "href", Val: r.page.URL}), n.FirstChild)
			n.InsertBefore(newNode("meta", "", html.Attribute{Key: "http-equiv", Val: "Content-Security-Policy"}, html.Attribute{Key: "content", Val: overlayPolicy}), n.FirstChild)
			n.InsertBefore(newNode("meta", "", html.Attribute{Key: "charset", Val: "utf-8"}), n.FirstChild)
		case atom.Body:
			n.AppendChild(newNode("div", "green: body; blue: other fields; red: dropped. Point at a line for its reason.", html.Attribute{Key: "id", Val: "dateline-legend"}))
		}
		if n.DataAtom == atom.Body {
			break
		}
	}
	if err := html.Render(w, doc); err != nil {
		return fmt.Errorf("writing the overlay: %w", err)
	}
	return nil
}

// disarm takes what runs or navigates by itself out of a tree.
func disarm(doc *html.Node) {
	var gone []*html.Node
	for n := range doc.Descendants() {
		switch n.DataAtom {
		case atom.Script, atom.Iframe, atom.Object, atom.Embed, atom.Frame, atom.Noscript, atom.Base:
			gone = append(gone, n)
			continue
		case atom.Meta:
			if attr(n, "http-equiv") != "" || attr(n, "charset") != "" {
				gone = append(gone, n)
			}
		}
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool {
			return strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:")
		})
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}

func newNode(name, text string, attrs ...html.Attribute) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name)), Attr: attrs}
	if text != "" {
		n.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	}
	return n
}

func setAttr(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
