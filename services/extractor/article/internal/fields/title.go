package fields

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Title is the headline, without the site's name.
type Title struct {
	record.Field[string]
	// Elem is the element that shows the headline, 0 if it is not known.
	Elem int32
}

// ReadTitle returns the title that a site's rules select, the heading that metadata
// confirms, or the title that metadata declares, in this order.
func ReadTitle(p *page.Page, f *facts.Facts, site *Site) Title {
	if v, n := p.Picked.Text(page.FieldTitle); v != "" {
		return Title{record.NewField(v, record.FromRule, record.RuleConfidence), max(0, p.ElemOf(n))}
	}
	declared := declaredTitles(p, f, site)
	if h := declared.headline(p, site); h.text != "" {
		confidence := 0.63
		folded := norm.Fold(h.text)
		if slices.ContainsFunc(declared, func(t declaredTitle) bool { return t.folded == folded }) {
			confidence = 0.94
		}
		return Title{record.NewField(h.text, record.FromStructure, confidence), h.elem}
	}
	if v, elem := p.Prop("headline"); v != "" {
		return Title{record.NewField(v, record.FromMicrodata, 0.65), elem}
	}
	for _, t := range declared {
		if t.Value != "" && !strings.EqualFold(t.Value, site.Name.Value) {
			return Title{Field: t.fact}
		}
	}
	return Title{}
}

// declaredTitle is a title that metadata declares, without the site's name.
type declaredTitle struct {
	fact
	folded string
}

// titles are the declared titles. A title is empty if its kind of metadata declares
// none.
type titles []declaredTitle

// The positions of the kinds of metadata in titles.
const (
	titleLD = iota
	titleOpenGraph
	titleCard     // the title for a social network
	titleDocument // the title element
)

func declaredTitles(p *page.Page, f *facts.Facts, site *Site) titles {
	card := f.First("twitter:title", "dc.title", "parsely-title", "sailthru.title")
	declared := titles{
		titleLD:        {fact: record.NewField(f.LD("headline"), record.FromJSONLD, 0.78)},
		titleOpenGraph: {fact: record.NewField(f.Meta["og:title"], record.FromOpenGraph, 0.6)},
		titleCard:      {fact: record.NewField(card, record.FromMeta, 0.5)},
		titleDocument:  {fact: record.NewField(p.Title, record.FromMeta, 0.33)},
	}
	for i := range declared {
		// Many publishers escape text that is already escaped.
		value := site.cutFrom(p, html.UnescapeString(declared[i].Value))
		declared[i].Value, declared[i].folded = value, norm.Fold(value)
	}
	ld := declared[titleLD].folded
	if ld != "" && ld != declared[titleCard].folded && ld == declared[titleOpenGraph].folded &&
		ld == declared[titleDocument].folded {
		// All agree except the wording for one social network.
		declared[titleCard].Value, declared[titleCard].folded = "", ""
	}
	return declared
}

// unanimous reports whether at least two declared titles equal a folded heading,
// and no other declared title differs from it.
func (ts titles) unanimous(heading string) bool {
	agree := 0
	for _, t := range ts {
		switch t.folded {
		case "":
		case heading:
			agree++
		default:
			return false
		}
	}
	return agree >= 2
}

// Words that a heading and a declared title share, as evidence that they mean the
// same article.
const (
	minSharedWord  = 4 // characters; shorter words are in every title
	minSharedWords = 3 // enough in a heading of any length
	sharedPart     = 3 // or one in this many of the words of a short heading
)

// unlike reports whether titles are declared and none shares enough words with
// the heading. Names of a kind of page ("Home") are not titles.
func (ts titles) unlike(heading string) bool {
	declares := false
	var words []string
	for w := range strings.FieldsSeq(strings.ToLower(heading)) {
		if utf8.RuneCountInString(w) >= minSharedWord {
			words = append(words, w)
		}
	}
	for _, t := range ts {
		lower := strings.ToLower(t.Value)
		if lower == "" || pageNames[lower] {
			continue
		}
		declares = true
		shared := 0
		for _, w := range words {
			if strings.Contains(lower, w) {
				shared++
			}
		}
		if shared > 0 && shared*sharedPart >= len(words) || shared >= minSharedWords {
			return false
		}
	}
	return declares
}

const (
	minTitleWords = 2    // long words of a title that is compared with another
	wordedPart    = 0.75 // of these, the part that the other must have
)

// wordedAs reports whether a heading has nearly all long words of a declared title, or the
// reverse.
func (ts titles) wordedAs(heading string) bool {
	heading = strings.ToLower(heading)
	for _, t := range ts {
		if title := strings.ToLower(t.Value); hasWords(heading, title) || hasWords(title, heading) {
			return true
		}
	}
	return false
}

// hasWords reports whether a text contains nearly all long words of another, which has
// several.
func hasWords(text, other string) bool {
	words, found := 0, 0
	for w := range strings.FieldsSeq(other) {
		if w = strings.Trim(w, ".,:;!?\"'“”„«»()"); utf8.RuneCountInString(w) >= minSharedWord {
			words++
			if strings.Contains(text, w) {
				found++
			}
		}
	}
	return words >= minTitleWords && float64(found) >= wordedPart*float64(words)
}
