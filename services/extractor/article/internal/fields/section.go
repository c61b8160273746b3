package fields

import (
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// maxSection is the length in characters at which a text is too long for the name of
// a section.
const maxSection = 60

// ReadSection returns the section of the article, and the kicker if it is not the
// section.
func ReadSection(v *View) (section, kicker record.Field[string]) {
	prop, _ := v.Prop("articleSection")
	meta := v.facts.First("article:section", "og:article:section", "section", "parsely-section",
		"cxenseparse:recs:category")
	for _, c := range []fact{
		record.NewField(v.facts.LD("articleSection"), record.FromJSONLD, 0.9),
		record.NewField(meta, record.FromOpenGraph, 0.88),
		record.NewField(prop, record.FromMicrodata, 0.88),
		record.NewField(breadcrumb(v), record.FromStructure, 0.75),
	} {
		if c.Value != "" && norm.Len(c.Value) < maxSection {
			section = c
			break
		}
	}
	switch line := lineOverHeadline(v); {
	case line == "":
	case section.Value == "":
		section = record.NewField(line, record.FromStructure, 0.7)
	case !strings.EqualFold(line, section.Value):
		kicker = record.NewField(line, record.FromStructure, 0.6)
	}
	return v.pickedText(page.FieldSection, section), v.pickedText(page.FieldKicker, kicker)
}

// pickedText returns the text that a site's rules select. If they select none, it
// returns otherwise.
func (v *View) pickedText(field page.Field, otherwise fact) fact {
	if text, _ := v.Picked.Text(field); text != "" {
		return record.NewField(text, record.FromRule, record.RuleConfidence)
	}
	return otherwise
}

// breadcrumb returns the last level of a breadcrumb that is not the article.
func breadcrumb(v *View) string {
	title := norm.Fold(v.title)
	if name := declaredBreadcrumb(v, title); name != "" {
		return name
	}
	for _, c := range v.Breadcrumbs {
		last := ""
		for d := range v.Elems[c].Node.Descendants() {
			if d.DataAtom != atom.A {
				continue
			}
			text := page.NodeText(d)
			if text != "" && norm.Fold(text) != title && strings.Trim(page.Attr(d, "href"), "/") != "" &&
				!v.site.Matches(text) {
				last = text
			}
		}
		if last != "" && !strings.EqualFold(last, "home") {
			return last
		}
	}
	return ""
}

func declaredBreadcrumb(v *View, title string) string {
	for _, o := range v.facts.Graph.Objects {
		if !o.Is("BreadcrumbList") {
			continue
		}
		items := jsonld.List(o["itemListElement"])
		for i := len(items) - 1; i >= 1; i-- {
			item, _ := items[i].(map[string]any)
			name := jsonld.String(item["name"])
			if name == "" {
				name = jsonld.String(item["item"])
			}
			if name != "" && norm.Fold(name) != title && !strings.HasPrefix(name, "http") {
				return norm.Squeeze(name)
			}
		}
	}
	return ""
}

const (
	kickerRuns     = 2  // runs before the headline that may be a kicker
	maxKicker      = 40 // characters of a kicker
	maxKickerWords = 5
)

// lineOverHeadline returns a short line directly before the headline.
func lineOverHeadline(v *View) string {
	const against = page.HintNav | page.HintBreadcrumb | page.HintRelated | page.HintAd | page.HintNotice |
		page.HintShare
	for i := v.at.Run - 1; i >= max(0, v.at.Run-kickerRuns); i-- {
		r := &v.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		text := norm.Squeeze(v.TextOf(r))
		if r.Chars > maxKicker || r.SentenceEnds > 0 || v.hintsAt(r)&against != 0 ||
			!sameArea(v.Page, r.Elem, v.at.Elem) || v.site.Matches(text) || v.dates.parse(text) != nil ||
			len(strings.Fields(text)) > maxKickerWords {
			return ""
		}
		return text
	}
	return ""
}

const (
	maxTags = 50
	maxTag  = 80 // the length in characters at which a text is too long for a keyword
)

// Tags are the keywords that a page gives.
type Tags = record.Field[[]string]

// ReadTags returns the keywords of the page, without repeats.
func ReadTags(v *View) Tags {
	tags := declaredTags(v)
	if tags.Value = tidyTags(tags.Value); len(tags.Value) == 0 {
		return Tags{}
	}
	return tags
}

// tidyTags returns the keywords in a list, each once.
func tidyTags(list []string) []string {
	seen := map[string]bool{}
	var kept []string
	for _, t := range list {
		t = strings.Trim(norm.Squeeze(t), "#\"")
		if key := strings.ToLower(t); t != "" && norm.Len(t) < maxTag && !seen[key] && len(kept) < maxTags {
			seen[key] = true
			kept = append(kept, t)
		}
	}
	return kept
}

func declaredTags(v *View) Tags {
	for _, name := range []string{"article:tag", "og:article:tag"} {
		if tags := v.facts.Metas[name]; len(tags) > 0 {
			return record.NewField(tags, record.FromOpenGraph, 0.9)
		}
	}
	var tags []string
	for _, keywords := range jsonld.List(v.facts.Article["keywords"]) {
		tags = append(tags, strings.Split(jsonld.String(keywords), ",")...)
	}
	if len(tags) > 0 {
		return record.NewField(tags, record.FromJSONLD, 0.9)
	}
	return record.NewField(strings.Split(v.facts.First("news_keywords", "keywords"), ","), record.FromMeta, 0.7)
}
