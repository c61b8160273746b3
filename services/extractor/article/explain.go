package article

import (
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Explanation is how the text of a page was chosen.
type Explanation struct {
	// Article is what Extract returns; nil if Err is set.
	Article *Article `json:"article,omitempty"`
	// Err is the *Error that Extract returns for the page, or nil.
	Err error `json:"-"`
	// Lines are the stretches of text between two block boundaries, in document
	// order.
	Lines []Line `json:"lines"`

	page *page.Page
}

// Line is a stretch of text of a page, and whether it is part of the body.
type Line struct {
	// Text is the line as the page shows it.
	Text string `json:"text"`
	// Path names the line's element and those around it, the innermost last, such
	// as "main > div.story > p".
	Path string `json:"path"`
	// Kept reports that the line is part of the body.
	Kept bool `json:"kept"`
	// Why is the reason in a few words. The values are stable.
	Why Why `json:"why"`
	// Hints are the accepted hints from the names of the elements around the line, such
	// as "newsletter".
	Hints []string `json:"hints,omitempty"`
	// Score is the classifier's verdict, as log-odds that the line is part of the
	// body; nil if the classifier did not judge the line.
	Score *float64 `json:"score,omitempty"`
}

// Why is the reason why a line is part of the body or not.
type Why string

// The reasons of a Line.
const (
	WhyBody         Why = "body"                // part of the body
	WhyRule         Why = "rule"                // a site's rules select it
	WhyOutside      Why = "outside"             // outside the element with the article, and far from all prose
	WhyNamed        Why = "named"               // the names of the elements around it are evidence against it (Hints)
	WhyBefore       Why = "before the text"     // before the start of the text
	WhyAfter        Why = "after the text"      // after the end of the text
	WhyRepeat       Why = "repeat"              // repeats another part of the text
	WhyCaption      Why = "caption"             // belongs to a picture
	WhyByline       Why = "byline"              // byline, date or kicker
	WhyLinks        Why = "links"               // mostly links
	WhyPhrase       Why = "phrase"              // a phrase that publishers put around texts
	WhyLooseHeading Why = "loose heading"       // a heading without text below it
	WhyPaywall      Why = "paywall"             // the notice of a paywall
	WhyField        Why = "field of the record" // headline or standfirst, which other fields contain
	WhyClassifier   Why = "classifier"          // the classifier rejects it (Score)
)

var whys = [...]Why{
	body.Undecided: WhyOutside, body.Kept: WhyBody, body.DroppedHint: WhyNamed, body.DroppedBefore: WhyBefore,
	body.DroppedAfter: WhyAfter, body.DroppedRepeat: WhyRepeat, body.DroppedCaption: WhyCaption,
	body.DroppedMeta: WhyByline, body.DroppedLinks: WhyLinks, body.DroppedPhrase: WhyPhrase,
	body.DroppedLoose: WhyLooseHeading, body.DroppedTruncation: WhyPaywall, body.DroppedStated: WhyField,
	body.DroppedLearned: WhyClassifier,
}

// Explain reads a page as Extract does, and explains the verdict on each line. It
// also explains a page without an article. If the page cannot be read at all, the
// error is that of Extract.
func Explain(ctx context.Context, p Page, opts Options) (*Explanation, error) {
	e, err := extract(ctx, p, opts)
	if err != nil {
		return nil, err
	}
	explained := &Explanation{Article: e.article, page: e.page}
	if e.refused != nil {
		explained.Err = e.refused
	}
	for i := range e.page.Runs {
		if e.page.Runs[i].Kind == page.TextRun {
			explained.Lines = append(explained.Lines, explainLine(e.text, i))
		}
	}
	return explained, nil
}

func explainLine(text *body.Text, i int) Line {
	r, verdict := &text.Runs[i], text.Verdict(i)
	l := Line{Text: text.TextOf(r), Path: path(text.Page, r.Elem), Kept: verdict == body.Kept, Why: whys[verdict]}
	if l.Kept && text.Picked.Has(page.FieldBody) {
		l.Why = WhyRule
	}
	for rest := text.Hints()[r.Elem]; rest != 0; rest &= rest - 1 {
		l.Hints = append(l.Hints, page.HintNames[bits.TrailingZeros32(uint32(rest))])
	}
	if score, ok := text.Score(i); ok {
		l.Score = &score
	}
	return l
}

// pathParts is the maximum number of elements in a path.
const pathParts = 4

func path(p *page.Page, elem int32) string {
	var parts []string
	for ; elem > 0 && len(parts) < pathParts; elem = p.Elems[elem].Parent {
		n := p.Elems[elem].Node
		part := n.Data
		if id := page.Attr(n, "id"); id != "" && !strings.ContainsAny(id, " \t\n") {
			part += "#" + id
		} else if class, _, _ := strings.Cut(norm.Squeeze(page.Attr(n, "class")), " "); class != "" {
			part += "." + class
		}
		parts = append(parts, part)
	}
	slices.Reverse(parts)
	return strings.Join(parts, " > ")
}
