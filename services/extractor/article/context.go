package article

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html/atom"
)

// readSection reads the section, and the kicker where the page has one beside
// it.
func (r *reader) readSection() {
	for _, c := range []fact{
		{r.ldText("articleSection"), FromJSONLD, 0.9},
		{r.firstMeta("article:section", "og:article:section", "section", "parsely-section", "cxenseparse:recs:category"), FromOpenGraph, 0.88},
		{r.propOf("articleSection"), FromMicrodata, 0.88},
		{r.crumbSection(), FromStructure, 0.75},
	} {
		if c.value != "" && runeCount(c.value) < 60 {
			r.out.Section = c.value
			r.set("section", c.source, c.conf)
			break
		}
	}
	kicker := r.lineOverTitle()
	switch {
	case kicker == "":
	case r.out.Section == "":
		r.out.Section = kicker
		r.set("section", FromStructure, 0.7)
	case !strings.EqualFold(kicker, r.out.Section):
		r.out.Kicker = kicker
		r.set("kicker", FromStructure, 0.6)
	}
}

func (r *reader) propOf(name string) string {
	v, _ := r.prop(name)
	return v
}

// crumbSection is the last link of a breadcrumb that is not the article.
func (r *reader) crumbSection() string {
	for _, o := range r.graph.Objects {
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
			if name != "" && fold(name) != fold(r.out.Title) && !strings.HasPrefix(name, "http") {
				return squeeze(name)
			}
		}
	}
	for _, c := range r.crumbs {
		last := ""
		for d := range r.elems[c].node.Descendants() {
			if d.DataAtom == atom.A {
				if text := nodeText(d); text != "" && fold(text) != fold(r.out.Title) && strings.Trim(attr(d, "href"), "/") != "" && !r.isSite(text) {
					last = text
				}
			}
		}
		if last != "" && !strings.EqualFold(last, "home") {
			return last
		}
	}
	return ""
}

// lineOverTitle is a short line right above the headline.
func (r *reader) lineOverTitle() string {
	for i := r.titleRun - 1; i >= max(0, r.titleRun-2); i-- {
		run := &r.runs[i]
		e := &r.elems[run.elem]
		if run.kind != runText {
			continue
		}
		text := squeeze(r.textOf(run))
		if run.letters > 40 || e.within&(hintNav|hintBreadcrumb|hintRelated|hintAd|hintNotice|hintShare) != 0 || run.stops > 0 || !r.sameArea(run.elem, r.titleElem) || r.isSite(text) || r.parse(text) != nil || len(strings.Fields(text)) > 5 {
			return ""
		}
		return text
	}
	return ""
}

// sameArea says that two elements stand close together in the page.
func (r *reader) sameArea(a, b int32) bool {
	for range 4 {
		if a <= 0 {
			return false
		}
		a = r.elems[a].parent
		if b < r.elems[a].end {
			tag := r.elems[a].node.DataAtom
			return tag != atom.Html && (tag != atom.Body || b-a < 40)
		}
	}
	return false
}

// readTags reads the keywords.
func (r *reader) readTags() {
	tags := r.metas["article:tag"]
	source, conf := FromOpenGraph, 0.9
	if len(tags) == 0 {
		tags = r.metas["og:article:tag"]
	}
	if len(tags) == 0 && r.story != nil {
		source = FromJSONLD
		for _, v := range jsonld.List(r.story["keywords"]) {
			tags = append(tags, strings.Split(jsonld.String(v), ",")...)
		}
	}
	if len(tags) == 0 {
		source, conf = FromMeta, 0.7
		tags = strings.Split(r.firstMeta("news_keywords", "keywords"), ",")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		t = strings.Trim(squeeze(t), "#\"")
		if key := strings.ToLower(t); t != "" && runeCount(t) < 80 && !seen[key] && len(r.out.Tags) < 50 {
			seen[key] = true
			r.out.Tags = append(r.out.Tags, t)
		}
	}
	if len(r.out.Tags) > 0 {
		r.set("tags", source, conf)
	}
}

// readSummary finds the standfirst: a block before the text that metadata
// repeats, that is named as one, or that stands before the dateline; else the
// declared description. It marks the block as no part of the body.
func (r *reader) readSummary(from, to int) {
	if v, n := r.picked.text(fieldSummary); v != "" {
		r.out.Summary = v
		r.set("summary", FromRule, ruleConfidence)
		if elem := r.elemOf(n); elem >= 0 {
			for i := range r.runs {
				if run := &r.runs[i]; run.elem >= elem && run.elem < r.elems[elem].end {
					run.verdict = dropStated
				}
			}
		}
		return
	}
	declared := []fact{
		{r.ldText("description"), FromJSONLD, 0.8},
		{r.firstMeta("og:description"), FromOpenGraph, 0.8},
		{r.firstMeta("description", "twitter:description", "dc.description"), FromMeta, 0.75},
		{r.ldText("alternativeHeadline"), FromJSONLD, 0.7},
	}
	if i, conf := r.standfirst(from, to, declared); i >= 0 {
		r.out.Summary = squeeze(r.textOf(&r.runs[i]))
		r.runs[i].verdict = dropStated
		r.set("summary", FromStructure, conf)
		return
	}
	opening := ""
	for i := from; i < to; i++ {
		if r.runs[i].verdict == kept && r.runs[i].kind == runText {
			opening = fold(r.textOf(&r.runs[i]))
			break
		}
	}
	for _, f := range declared[:3] {
		folded := fold(strings.TrimRight(f.value, ".… "))
		if len(folded) > 15 && (opening == "" || !strings.HasPrefix(opening, folded[:min(len(folded), 60)])) {
			r.out.Summary = f.value
			r.set("summary", f.source, f.conf)
			return
		}
	}
}

// standfirst is the run that is the article's standfirst, or -1.
func (r *reader) standfirst(from, to int, declared []fact) (int, float64) {
	start, seen, first := from, 0, -1
	if r.titleRun >= 0 {
		start = min(r.titleRun+1, from)
		if r.titleRun > from {
			start = r.titleRun + 1
		}
	}
	for i := start; i < to && seen < 14; i++ {
		run := &r.runs[i]
		if run.kind != runText || run.elem < r.titleElem {
			continue
		}
		seen++
		e := &r.elems[run.elem]
		if run.verdict == dropCaption || e.within&(hintRelated|hintCaption|hintComment|hintNewsletter|hintAd|hintNav|hintFooter|hintHidden) != 0 || run.letters < 25 || run.letters > 700 || r.inside(run.elem, atom.Figure) {
			continue
		}
		text := r.textOf(run)
		folded := fold(text)
		if folded == fold(r.out.Title) {
			continue
		}
		if e.within&hintStandfirst != 0 && run.letters < 600 {
			if own := r.hintHolder(run.elem, hintStandfirst); own >= 0 && r.elems[own].good < 700 {
				return i, 0.9
			}
		}
		if first < 0 && (prose(run) || isHeading(e.node.DataAtom)) {
			first = i
		}
		for _, f := range declared {
			if d := fold(f.value); d == folded && r.apart(i, to) {
				return i, 0.88
			}
		}
		if run.verdict == kept && prose(run) {
			break
		}
	}
	if first >= 0 && r.beforeDateline(first, to) {
		return first, 0.85
	}
	return -1, 0
}

// hintHolder is the closest ancestor that carries a hint itself.
func (t *tree) hintHolder(elem int32, h hint) int32 {
	for ; elem > 0; elem = t.elems[elem].parent {
		if t.elems[elem].hints&h != 0 {
			return elem
		}
	}
	return -1
}

// apart says that a run is set apart from the text that follows: another
// parent, another element or another class.
func (r *reader) apart(i, to int) bool {
	a := &r.elems[r.runs[i].elem]
	for j := i + 1; j < to; j++ {
		if r.runs[j].kind != runText || r.runs[j].verdict != kept || !prose(&r.runs[j]) {
			continue
		}
		b := &r.elems[r.runs[j].elem]
		return a.parent != b.parent || a.node.DataAtom != b.node.DataAtom || attr(a.node, "class") != attr(b.node, "class")
	}
	return true
}

// beforeDateline says that the next prose after run i opens with a dateline,
// with which a text begins.
func (r *reader) beforeDateline(i, to int) bool {
	for j := i + 1; j < to; j++ {
		if run := &r.runs[j]; run.kind == runText && prose(run) && run.verdict == kept {
			return datelineOf(r.textOf(run)) != "" && datelineOf(r.textOf(&r.runs[i])) == ""
		}
	}
	return false
}
