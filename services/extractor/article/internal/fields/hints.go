package fields

import (
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Hints are what a feed or sitemap states about the article. A hint fills a field that
// the page does not state. It also decides between a doubtful value and another value
// that the page shows. It never replaces a value that the page states with confidence,
// because lists are shortened, delayed and reused more often than pages.
type Hints struct {
	// Source is record.FromFeed or record.FromSitemap. The hints are ignored if it is
	// empty.
	Source record.Source

	Title, Summary, Section, Language, ImageURL string

	Authors, Keywords   []string
	Published, Modified time.Time // zero if unknown
}

// The confidences of hints. They are below those of metadata that names the same field,
// and above those of the places on a page that often hold something else.
const (
	hintTitle    = 0.64
	hintTime     = 0.8
	hintModified = 0.5
	hintAuthors  = 0.7
	hintSection  = 0.6
	hintTags     = 0.6
	hintSummary  = 0.6
	hintImage    = 0.6
)

// agreed is the confidence of a value that the page and the listing state independently.
const agreed = 0.94

// Bounds of hints, in characters, and of their number. A longer text is not what its
// name says.
const (
	maxHintTitle   = 300
	maxHintSummary = 1000
	maxHintAuthors = maxAuthors
)

// WeighTitle returns the title of a page that states own.
func (h *Hints) WeighTitle(p *page.Page, f *facts.Facts, site *Site, own Title) Title {
	text := norm.Squeeze(h.Title)
	if h.Source == "" || text == "" || norm.Len(text) > maxHintTitle {
		return own
	}
	text = site.cutFrom(p, text)
	folded := norm.Fold(text)
	switch {
	case folded == "" || site.Matches(text):
	case !own.Found():
		return Title{Field: record.NewField(text, h.Source, hintTitle)}
	case norm.Fold(own.Value) == folded:
		own.Confidence = max(own.Confidence, agreed)
	case own.Confidence < hintTitle && states(p, f, site, text):
		return Title{Field: record.NewField(text, h.Source, hintTitle)}
	}
	return own
}

// states reports whether a page shows a text as a line of its own, or declares it as its
// title.
func states(p *page.Page, f *facts.Facts, site *Site, title string) bool {
	if _, at := p.LocateHeadline(title, 0); at.Run >= 0 {
		return true
	}
	folded := norm.Fold(title)
	return slices.ContainsFunc(declaredTitles(p, f, site), func(t declaredTitle) bool { return t.folded == folded })
}

// WeighDetails returns the details of a page that states own.
func (h *Hints) WeighDetails(v *View, own Details) Details {
	if h.Source == "" {
		return own
	}
	own.Published = h.published(v, own.Published)
	if !own.Modified.Found() {
		own.Modified = timeField(h.date(v, h.Modified), h.Source, hintModified)
	}
	own.Authors = h.authors(v, own.Authors)
	if section := norm.Squeeze(h.Section); !own.Section.Found() && section != "" && norm.Len(section) < maxSection {
		own.Section = record.NewField(section, h.Source, hintSection)
	}
	if !own.Tags.Found() {
		if tags := tidyTags(h.Keywords); len(tags) > 0 {
			own.Tags = record.NewField(tags, h.Source, hintTags)
		}
	}
	return own
}

// sameDay is the maximum distance of two statements of the same day. A page and a list
// often use different zones.
const sameDay = 24 * time.Hour

func (h *Hints) published(v *View, own Time) Time {
	date := h.date(v, h.Published)
	switch {
	case date == nil:
	case !own.Found():
		return record.NewField(date, h.Source, hintTime)
	case own.Value.Time.Sub(date.Time).Abs() <= sameDay:
		own.Confidence = max(own.Confidence, agreed)
	case own.Confidence < hintTime:
		return record.NewField(date, h.Source, hintTime)
	}
	return own
}

// date returns a time as a date, or nil if it cannot be a time of the page.
func (h *Hints) date(v *View, at time.Time) *dates.Date {
	if at.IsZero() || at.After(v.dates.latest) || at.Year() < minYear {
		return nil
	}
	return &dates.Date{Time: at.UTC(), Precision: dates.Second, HasZone: true}
}

func (h *Hints) authors(v *View, own Authors) Authors {
	var list []record.Author
	for _, name := range h.Authors[:min(len(h.Authors), maxHintAuthors)] {
		if norm.Len(name) < maxByline {
			list = v.addNames(list, name, "")
		}
	}
	list = tidy(list, false)
	switch {
	case len(list) == 0 || v.vague(list):
	case sameNames(own.Value, list):
		own.Confidence = max(own.Confidence, agreed)
	case !own.Found():
		return ReadAuthors(v, record.NewField(list[:min(len(list), maxAuthors)], h.Source, hintAuthors))
	}
	return own
}

// sameNames reports whether two lists have the same names, in any order.
func sameNames(a, b []record.Author) bool {
	has := func(list []record.Author, name string) bool {
		return slices.ContainsFunc(list, func(a record.Author) bool { return norm.Fold(a.Name) == norm.Fold(name) })
	}
	return len(a) == len(b) && !slices.ContainsFunc(a, func(one record.Author) bool { return !has(b, one.Name) })
}

// WeighSummary returns the summary of a page that states own, given its text. A hint that
// repeats the opening of the text is not a summary.
func (h *Hints) WeighSummary(own record.Field[string], text string) record.Field[string] {
	summary := norm.Squeeze(h.Summary)
	if h.Source == "" || own.Found() || summary == "" || norm.Len(summary) > maxHintSummary {
		return own
	}
	opening := norm.Fold(strings.TrimRight(summary, ".… []"))
	if strings.HasPrefix(norm.Fold(text), norm.Prefix(opening, maxOpening)) {
		return own
	}
	return record.NewField(summary, h.Source, hintSummary)
}

// maxOpening is the number of bytes by which a summary and the opening of a text are
// compared.
const maxOpening = 60

// ReadLanguage is like the function ReadLanguage, with the language of the listing as
// that of a page that declares none.
func (h *Hints) ReadLanguage(text, title, summary, declared string) Language {
	if h.Source == "" || declared != "" {
		return ReadLanguage(text, title, summary, declared)
	}
	tag, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(h.Language, "_", "-")), "-")
	if !isLanguage(tag) {
		tag = ""
	}
	language := ReadLanguage(text, title, summary, tag)
	if language.Tag.Source == record.FromMeta {
		language.Tag.Source = h.Source
	}
	return language
}

// isLanguage reports whether a text has the form of the primary subtag of a language.
func isLanguage(tag string) bool {
	letter := func(c rune) bool { return c >= 'a' && c <= 'z' }
	return (len(tag) == 2 || len(tag) == 3) && !strings.ContainsFunc(tag, func(c rune) bool { return !letter(c) })
}

// WeighImages returns the images of a page that has own.
func (h *Hints) WeighImages(p *page.Page, own Images) Images {
	if h.Source == "" || own.Found() {
		return own
	}
	url := p.Resolve(h.ImageURL)
	if url == "" || strings.Contains(strings.ToLower(url), "logo") {
		return own
	}
	return record.NewField([]record.Image{{URL: url, Lead: true}}, h.Source, hintImage)
}
