package article

import (
	"cmp"
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
	// Articleness is how much more speaks for an article than for a list of articles.
	// A page with a negative value is refused as a list.
	Articleness int `json:"articleness"`
	// Regions are the elements that were compared as the one with the text, the best
	// first. It is empty if a site's rules select the body.
	Regions []Region `json:"regions,omitempty"`
	// Lines are the stretches of text between two block boundaries, in document
	// order.
	Lines []Line `json:"lines"`

	page *page.Page
}

// Region is an element that may contain the text.
type Region struct {
	// Path names the element and those around it, the innermost last.
	Path string `json:"path"`
	// Chosen reports that the text was taken from the element.
	Chosen bool `json:"chosen"`
	// F1 is the predicted F1 of the text that the rules keep in the element.
	F1 float64 `json:"f1"`
	// ProposedBy are the ways to propose regions that found the element.
	ProposedBy []string `json:"proposed_by"`
	// Causes are the features that moved F1 most, the strongest first.
	Causes []Cause `json:"causes,omitempty"`
}

// Cause is a feature that moved the decision of a model.
type Cause struct {
	// Feature is the feature's name, such as "hint comment".
	Feature string `json:"feature"`
	// Value is the feature's value.
	Value float64 `json:"value"`
	// Effect is how far the feature moved the log-odds: against the text if negative.
	Effect float64 `json:"effect"`
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
	// Causes are the features that moved Score most, the strongest first.
	Causes []Cause `json:"causes,omitempty"`
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
	trace := &body.Trace{}
	e, err := extract(ctx, p, opts, trace)
	if err != nil {
		return nil, err
	}
	explained := &Explanation{Article: e.article, Articleness: e.text.Articleness, page: e.page}
	if e.refused != nil {
		explained.Err = e.refused
	}
	if !e.text.Picked.Has(page.FieldBody) {
		explained.Regions = explainRegions(e.page, trace.Regions)
	}
	for i := range e.page.Runs {
		if e.page.Runs[i].Kind == page.TextRun {
			l := explainLine(e.text, i)
			l.Causes = explainCauses(trace.Runs[i])
			explained.Lines = append(explained.Lines, l)
		}
	}
	return explained, nil
}

func explainRegions(p *page.Page, traced []body.TracedRegion) []Region {
	var regions []Region
	for _, r := range traced {
		regions = append(regions, Region{
			Path: path(p, r.Elem), Chosen: r.Chosen, F1: r.F1, ProposedBy: r.By, Causes: explainCauses(r.Causes),
		})
	}
	slices.SortStableFunc(regions, func(a, b Region) int { return cmp.Compare(b.F1, a.F1) })
	return regions
}

func explainCauses(causes []body.Cause) []Cause {
	var found []Cause
	for _, c := range causes {
		found = append(found, Cause(c))
	}
	return found
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
