package article

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
	"github.com/dateline-news/dateline/services/extractor/article/internal/wall"
)

// Extract reads a page and returns its article. If the page has no article, the error is
// an *Error with the reason. Extract is safe for concurrent use. It checks the context
// between its passes, and returns the context's error if the context has ended.
func Extract(ctx context.Context, p Page, opts Options) (*Article, error) {
	e, err := extract(ctx, p, opts, nil)
	if err != nil {
		return nil, err
	}
	if e.refused != nil {
		return nil, e.refused
	}
	return e.article, nil
}

// extraction is the result of reading a page.
type extraction struct {
	page    *page.Page
	text    *body.Text
	article *Article // nil if refused
	refused *Error   // why there is no article
}

// extract reads a page. Each stage uses the results of the previous ones. A trace, if not
// nil, records how the models decide.
func extract(ctx context.Context, p Page, opts Options, trace *body.Trace) (*extraction, error) {
	models, err := body.Embedded()
	if err != nil {
		return nil, err
	}
	doc, laidOut, err := open(ctx, p, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	meta := facts.Read(laidOut)
	site := fields.ReadSite(laidOut, meta)
	title := p.Hints.WeighTitle(laidOut, meta, site, fields.ReadTitle(laidOut, meta, site))
	laidOut, headline := laidOut.LocateHeadline(title.Value, title.Elem)
	weighed := body.Weigh(laidOut, meta.ArticleBody, headline.Elem)
	view := fields.NewView(laidOut, meta, site, title.Value, headline, weighed.Hints())
	details := p.Hints.WeighDetails(view, fields.ReadDetails(view, p.FirstURL))
	in := body.Input{Facts: meta, Title: title.Value, Headline: headline, Trace: trace}
	text := body.Read(weighed, in, models)
	blocks, refusal := text.Judge(body.Context{Site: site, Dated: details.Published.Found(), Damaged: doc.damaged})
	if w := wall.Find(wall.Evidence{
		Page: laidOut, Facts: meta, Site: site, Dated: details.Published.Found(), Authored: details.Authors.Found(),
		Access: fields.ReadAccess(meta, text.Truncated()).Value, Blocks: blocks.Value, Refused: refusal != nil,
	}); w != nil {
		refusal = &body.Refusal{Reason: w.Reason, Message: w.Message}
	}
	if refusal != nil {
		return &extraction{page: laidOut, text: text, refused: refusalError(refusal)}, nil
	}
	a := newArticle(doc)
	a.setAddress(p.URL, fields.ReadAddress(laidOut, meta))
	a.setDetails(site, title, details)
	a.setText(&p.Hints, text, blocks)
	a.setRest(laidOut, meta, &p.Hints, details, text)
	return &extraction{page: laidOut, text: text, article: a}, nil
}

// open decodes and parses a page.
func open(ctx context.Context, p Page, opts Options) (decoded, *page.Page, error) {
	doc, err := decodePage(p, opts)
	if err != nil {
		return decoded{}, nil, err
	}
	if err := ctx.Err(); err != nil {
		return decoded{}, nil, fmt.Errorf("extracting %s: %w", p.URL, err)
	}
	laidOut, err := page.Parse(page.Source{
		HTML: doc.text, URL: p.URL, Fetched: p.FetchTime,
		Selectors: opts.Rules.selectors(p.URL), MaxNodes: opts.MaxNodes,
	})
	if err != nil {
		return decoded{}, nil, parseError(opts, err)
	}
	if err := ctx.Err(); err != nil {
		return decoded{}, nil, fmt.Errorf("extracting %s: %w", p.URL, err)
	}
	return doc, laidOut, nil
}

func parseError(opts Options, err error) error {
	return &Error{
		Reason: ReasonTooLarge, Err: err,
		Message: fmt.Sprintf("the page has more than %d elements; raise MaxNodes if the page is genuine",
			opts.MaxNodes),
	}
}

func refusalError(r *body.Refusal) *Error {
	return &Error{Reason: r.Reason, Kind: r.Kind, Message: r.Message}
}

// usualFields is the number of fields that a usual page gives.
const usualFields = 24

func newArticle(doc decoded) *Article {
	return &Article{
		Provenance: make(map[string]Provenance, usualFields),
		Charset:    doc.charset, Damaged: doc.damaged, ExtractorVersion: Version,
	}
}

// take returns the value of a field, and records its provenance under the field's
// JSON name.
func take[T any](a *Article, name string, f record.Field[T]) T {
	if f.Found() {
		a.Provenance[name] = Provenance{Source: f.Source, Confidence: f.Confidence}
	}
	return f.Value
}

func (a *Article) setAddress(address string, own fields.Address) {
	a.URL, a.Host = address, own.Host
	a.CanonicalURL = take(a, "canonical_url", own.Canonical)
	a.DeclaredCanonicalURL = take(a, "declared_canonical_url", own.Declared)
}

func (a *Article) setDetails(site *fields.Site, title fields.Title, d fields.Details) {
	a.SiteName = take(a, "site_name", site.Name)
	a.Title = take(a, "title", title.Field)
	a.Authors = take(a, "authors", d.Authors)
	a.Published = timestamp(take(a, "published", d.Published))
	a.Modified = timestamp(take(a, "modified", d.Modified))
	a.Section = take(a, "section", d.Section)
	a.Kicker = take(a, "kicker", d.Kicker)
	a.Tags = take(a, "tags", d.Tags)
}

func (a *Article) setText(hints *Hints, text *body.Text, blocks body.Body) {
	a.Body = take(a, "body", blocks)
	a.Text = body.Plain(a.Body)
	a.Summary = take(a, "summary", hints.WeighSummary(text.Summary, a.Text))
	a.Dateline = take(a, "dateline", fields.ReadDateline(a.Body))
	a.WordCount = fields.CountWords(a.Text)
	a.ContentHash = contentHash(a.Title, a.Text)
}

func contentHash(title, text string) string {
	sum := sha256.Sum256([]byte(norm.Fold(title) + "\n" + norm.Fold(text)))
	return hex.EncodeToString(sum[:])
}

// setRest sets the fields that depend on both the text and its surroundings.
func (a *Article) setRest(p *page.Page, meta *facts.Facts, hints *Hints, d fields.Details, text *body.Text) {
	language := hints.ReadLanguage(a.Text, a.Title, a.Summary, meta.Language)
	a.Kind = meta.Kind()
	a.Language = take(a, "language", language.Tag)
	a.Direction = take(a, "direction", language.Direction)
	a.Images = take(a, "images", hints.WeighImages(p, fields.ReadImages(p, meta, text.Images)))
	a.Access = take(a, "access", fields.ReadAccess(meta, text.Truncated()))
	a.ReadingTimeMinutes = take(a, "reading_time_minutes", fields.ReadingTime(d.ReadingTime, a.WordCount))
	a.Rights = meta.Rights()
	a.Pages, a.Page, a.NextPage = d.Pages.Count, d.Pages.Number, d.Pages.Next
	a.Complete = a.Pages == 1
}

func timestamp(d *dates.Date) *Timestamp {
	if d == nil {
		return nil
	}
	ts := &Timestamp{Time: d.Time, HasZone: d.HasZone}
	layout := time.DateOnly
	switch d.Precision {
	case dates.Day:
		ts.Precision = PrecisionDay
	case dates.Minute:
		ts.Precision, layout = PrecisionMinute, "2006-01-02T15:04:05"
	case dates.Second:
		ts.Precision, layout = PrecisionSecond, "2006-01-02T15:04:05"
	}
	if d.HasZone {
		layout += "Z07:00"
	}
	ts.Value = d.Time.Format(layout)
	return ts
}
