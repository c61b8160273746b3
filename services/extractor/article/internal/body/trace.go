package body

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// Trace records how the models decided about a page.
type Trace struct {
	Regions []TracedRegion  // the regions that were compared
	Runs    map[int][]Cause // by run, what moved the classifier
}

// TracedRegion is an element that was compared with others as the region of the text.
type TracedRegion struct {
	Elem   int32
	Chosen bool
	F1     float64  // the predicted F1 of the text that the rules keep in it
	By     []string // the scorers that proposed it
	Causes []Cause
}

// Cause is a feature that moved a model's decision.
type Cause struct {
	Feature string
	Value   float64 // of the feature
	Effect  float64 // how far it moved the log-odds
}

const (
	// maxCauses is the maximum number of causes of a decision, those with the largest
	// effects.
	maxCauses = 4
	// minEffect is the smallest effect that is recorded.
	minEffect = 0.05
)

// causes returns the features that moved a decision most.
func causes(model *gbdt.Model, row []float32, names []string) []Cause {
	_, effects := model.Contributions(row)
	var all []Cause
	for f, effect := range effects {
		if math.Abs(float64(effect)) >= minEffect {
			all = append(all, Cause{Feature: names[f], Value: float64(row[f]), Effect: float64(effect)})
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int { return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)) })
	return all[:min(len(all), maxCauses)]
}

// scorerNames are the names of the scorers, in their order.
var scorerNames = [scorers]string{
	"weight", "prose", "strong hints", "paragraphs", "headline", "markup", "flat prose", "ancestor",
}

// addRegions records the choice of a region.
func (t *Trace) addRegions(f *regionFinder, rows [][]float32, best int, model *gbdt.Model) {
	names := regionFeatureNames()
	for i := range f.regions {
		t.Regions = append(t.Regions, TracedRegion{
			Elem: f.regions[i].elem, Chosen: i == best, F1: probability(model.Margin(rows[i])),
			By: f.regions[i].proposedBy(), Causes: causes(model, rows[i], names),
		})
	}
}

// proposedBy returns the names of the scorers that proposed a region.
func (r *region) proposedBy() []string {
	var names []string
	for s := range scorers {
		if r.scorers&(1<<s) != 0 {
			names = append(names, scorerNames[s])
		}
	}
	return names
}

// probability returns the probability of log-odds.
func probability(margin float32) float64 { return 1 / (1 + math.Exp(-float64(margin))) }

// runFeatureNames returns the names of the features of a run, in their order.
func runFeatureNames() []string {
	names := []string{
		"length", "links", "sentence ends", "sentence ends by length", "word length", "capitals", "digits",
		"last character", "first character", "address", "copyright sign", "bullets", "lines", "quotes",

		"heading level", "paragraph", "list item", "table cell", "plain element", "in link", "in form", "in list",
		"in table", "in quote", "in figure", "in aside", "in article", "in main", "depth", "styled",
	}
	for _, hint := range page.HintNames {
		names = append(names, "hint "+hint)
	}
	names = append(names,
		"hint against in the element or the two around it", "line hint in the element or the two around it",
		"hint of the element",

		"verdict of the rules", "kept by the rules", "within the text", "weight", "levels below the region",
		"levels apart from the region", "part of the page before", "part of the text before", "runs after the first kept",
		"runs after the last kept", "runs after the headline", "text kept by the rules", "text of the page",
		"part of the region kept", "prose of the page in the region",

		"prose of the page in the parent", "prose of the page in the grandparent", "links in the parent",
		"links in the grandparent", "text in the parent", "text in the grandparent", "elements in the parent",
		"part of the parent's text", "runs of the same form", "kept of the same form", "links of the same form",
		"length of the same form", "others kept of the same form",

		"phrase around texts", "runs after an ending", "copies", "start of the description", "kept within 4 runs",
		"kept within 12 runs", "picture beside", "runs after a heading", "ends with a credit", "names a picture beside",

		"levels below the parent of most text", "text in that parent", "text in the branch below it",
		"links in the branch below it", "elements in the branch below it", "kept in the branch below it")
	for _, side := range [2]string{"before", "after"} {
		for away := 1; away <= neighbours; away++ {
			for _, feature := range [neighbourFeatures]string{
				"length", "links", "verdict", "prose or heading", "same form", "same parent",
			} {
				names = append(names, fmt.Sprintf("%s of run %d %s", feature, away, side))
			}
		}
	}
	return names
}

// regionFeatureNames returns the names of the features of a region, in their order.
func regionFeatureNames() []string {
	var names []string
	for _, scorer := range scorerNames {
		names = append(names, "proposed by "+scorer)
	}
	for _, hint := range [regionHints]string{
		"comment", "related", "promotion", "nav", "footer", "sidebar", "author box or tags", "notice", "hidden", "body",
	} {
		names = append(names, "hint "+hint, "prose with hint "+hint)
	}
	return append(names,
		"prose", "part of the page's prose", "prose without hints against it", "score", "links", "loose lines",
		"runs of prose", "length of runs of prose", "sentence ends", "paragraphs", "list items", "table cells",

		"place of the headline", "prose since the headline", "runs since the headline", "prose before the headline",
		"prose before", "prose after", "part of the page before",

		"in article", "in main", "marked as body", "is article", "depth", "elements", "prose in one parent",
		"prose in one child", "children with prose", "parents by runs of prose", "headings by runs of prose",
		"linked headings", "prose after prose", "prose after lines with digits", "prose after links",

		"words of the title", "words of the description", "has description", "prose of the page", "declares an article",

		"prose by the best region", "free prose by the best region", "regions")
}
