package body

import (
	"strings"
	"unicode"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// The features of a region describe its prose, where it lies relative to the headline
// and to the other prose of the page, what its element and those around it are called,
// its structure, its agreement with title and description, and who proposed it. The
// order of the features is part of the model.
const (
	regionHints    = 10
	regionFeatures = int(scorers) + 2*regionHints + 42
)

// hintGroups are the hints that are features of a region.
var hintGroups = [regionHints]page.Hint{
	page.HintComment, page.HintRelated, page.HintNewsletter | page.HintAd | page.HintShare, page.HintNav,
	page.HintFooter, page.HintSidebar, page.HintAuthorBox | page.HintTags, page.HintNotice, page.HintHidden,
	page.HintBody,
}

const (
	openingRuns   = 3 // runs of prose that are compared with title and description
	minWord       = 4 // bytes of a word that is compared
	maxOpening    = 1200
	maxClimb      = 40
	missingRuns   = 99
	maxRegionRuns = 4000
)

// described is what the features of all regions share.
type described struct {
	*regionFinder
	raw         []page.Hint // by element, the hints of it and its ancestors
	goodBefore  []float32   // by run, the weight of prose before it
	title       map[string]bool
	description map[string]bool
	openings    map[int][2]float32
}

// describeAll returns the features of each region.
func (f *regionFinder) describeAll() [][]float32 {
	d := &described{
		regionFinder: f, raw: make([]page.Hint, len(f.Elems)), goodBefore: make([]float32, len(f.Runs)+1),
		title: wordSet(f.Title), openings: map[int][2]float32{},
		description: wordSet(f.Facts.First("og:description", "description", "twitter:description")),
	}
	for i := 1; i < len(f.Elems); i++ {
		d.raw[i] = d.raw[f.Elems[i].Parent] | f.Elems[i].Hints
	}
	for i := range f.Runs {
		d.goodBefore[i+1] = d.goodBefore[i] + max(f.weights[i], 0)
	}
	f.container(page.HintsAgainst, f.scores)
	rows := make([][]float32, len(f.regions))
	values := make([]float32, len(f.regions)*regionFeatures)
	most, mostFree := float32(0), float32(0)
	free := make([]float32, len(f.regions))
	for i := range f.regions {
		rows[i] = values[i*regionFeatures : (i+1)*regionFeatures]
		free[i] = d.describe(&f.regions[i], rows[i])
		most, mostFree = max(most, f.good[f.regions[i].elem]), max(mostFree, free[i])
	}
	for i := range f.regions {
		r := featureRow{values: rows[i], n: regionFeatures - 3}
		r.add(ratio(f.good[f.regions[i].elem], most), ratio(free[i], mostFree), float32(len(f.regions)))
	}
	return rows
}

// wordSet returns the longer words of a text, folded.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range words(text) {
		set[word] = true
	}
	return set
}

func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		split := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
		for word := range strings.FieldsFuncSeq(norm.Fold(text), split) {
			if len(word) >= minWord && !yield(word) {
				return
			}
		}
	}
}

// describe fills in the features of a region, except for the last, and returns the
// weight of the prose that no hint is against.
func (d *described) describe(g *region, out []float32) (free float32) {
	t := d.tally(g)
	all := d.good[0]
	row := featureRow{values: out}
	for s := range scorers {
		row.add(bit(g.scorers&(1<<s) != 0))
	}
	for h, hints := range hintGroups {
		row.add(bit(d.raw[g.elem]&hints != 0), ratio(t.hinted[h], t.prose))
	}
	row.add(logOf(t.prose), ratio(t.prose, all), ratio(t.free, t.prose), ratio(d.scores[g.elem], all),
		ratio(t.linked, t.chars), ratio(t.lines, t.chars), logOf(t.proseRuns), logOf(ratio(t.prose, t.proseRuns)),
		ratio(t.ends, t.proseRuns), ratio(t.paragraphs, t.prose), ratio(t.items, t.prose), ratio(t.cells, t.prose))
	d.addPlace(&row, g, t)
	d.addStructure(&row, g, t)
	title, description := d.opening(g)
	row.add(title, description, bit(len(d.description) > 0), logOf(all), bit(d.Facts.DeclaresArticle()))
	return t.free
}

// addPlace adds where a region lies relative to the headline and to other prose.
func (d *described) addPlace(row *featureRow, g *region, t *tally) {
	all := d.good[0]
	relation, between, runs := float32(-1), float32(0), float32(missingRuns)
	if at := d.Headline.Run; at >= 0 {
		switch {
		case d.Contains(g.elem, d.Runs[at].Elem):
			relation = 2
		case at < g.from:
			relation = 1
		default:
			relation = 0
		}
		if at < g.from {
			between, runs = d.goodBefore[g.from]-d.goodBefore[at], float32(g.from-at)
		}
	}
	row.add(relation, ratio(between, all), min(runs, missingRuns), ratio(t.before, t.prose),
		ratio(d.goodBefore[g.from], all), ratio(all-d.goodBefore[g.to], all),
		ratio(float32(g.from), float32(len(d.Runs))))
}

func (d *described) addStructure(row *featureRow, g *region, t *tally) {
	var article, main, depth float32
	for e := g.elem; e > 0; e = d.Elems[e].Parent {
		depth++
		switch d.Elems[e].Node.DataAtom {
		case atom.Article:
			article = 1
		case atom.Main:
			main = 1
		}
	}
	flat, child := float32(0), float32(0)
	for _, weight := range t.parents {
		flat = max(flat, weight)
	}
	for _, weight := range t.children {
		child = max(child, weight)
	}
	tag := d.Elems[g.elem].Node.DataAtom
	row.add(article, main, bit(d.Elems[g.elem].Hints&page.HintBody != 0), bit(tag == atom.Article), depth,
		logOf(float32(d.Elems[g.elem].End-g.elem)), ratio(flat, t.prose), ratio(child, t.prose),
		float32(min(len(t.children), maxDistance)), ratio(float32(len(t.parents)), t.proseRuns),
		ratio(t.headings, t.proseRuns), ratio(t.linkedHeadings, t.headings), ratio(t.flowing, t.proseRuns),
		ratio(t.labelled, t.proseRuns), ratio(t.teased, t.proseRuns))
}

// opening returns the shares of the words of title and description that the first prose
// of a region contains.
func (d *described) opening(g *region) (title, description float32) {
	if got, ok := d.openings[g.from]; ok {
		return got[0], got[1]
	}
	found := make(map[string]bool)
	for i, seen := g.from, 0; i < g.to && seen < openingRuns; i++ {
		if d.weights[i] <= 0 {
			continue
		}
		seen++
		r := &d.Runs[i]
		text := d.Text[r.From:min(r.To, r.From+maxOpening)]
		for word := range words(strings.ToValidUTF8(string(text), "")) {
			if d.title[word] || d.description[word] {
				found[word] = true
			}
		}
	}
	for word := range found {
		title += bit(d.title[word])
		description += bit(d.description[word])
	}
	title, description = ratio(title, float32(len(d.title))), ratio(description, float32(len(d.description)))
	d.openings[g.from] = [2]float32{title, description}
	return title, description
}
