package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

const (
	// maxFacetArticles bounds the cost of counting: each article is read from a page of
	// its own if only a few articles match.
	maxFacetArticles   = 2000
	defaultFacetValues = 20
	maxFacetValues     = 1000
)

// Facets counts the values of fields in a set of articles.
type Facets struct {
	// Articles is the number of articles counted.
	Articles int
	// Stories is the number of stories that they belong to. An article without copies
	// is a story of its own.
	Stories int
	// Complete reports whether all matching articles were counted.
	Complete bool
	// Times counts the articles by the time that orders them.
	Times Histogram
	// These are the most frequent values of each field, most frequent first.
	Hosts, Languages, Sections, Authors, Tags, Access []FacetValue
}

// FacetValue is a value of a field and the number of articles that have it.
type FacetValue struct {
	Value string `json:"value" doc:"The value, as a filter accepts it."`
	Count int    `json:"count" doc:"Number of counted articles that have this value."`
}

// The fields of facetCounts.
const (
	hostFacet = iota
	languageFacet
	sectionFacet
	authorFacet
	tagFacet
	accessFacet
	facetFields
)

// facetCounts counts values while rows are read. The zero value is ready for use.
type facetCounts struct {
	articles int
	partial  bool // whether there may be more matches
	fields   [facetFields]map[string]int
	stories  map[string]bool // of articles that have copies
	copies   int             // articles that have copies
	times    []int64         // seconds since 1970
}

// add counts the values of an article, of which only facetColumns are set.
func (f *facetCounts) add(r articleRow) {
	if f.articles++; f.articles > maxFacetArticles {
		return
	}
	count := func(field int, values ...string) {
		if f.fields[field] == nil {
			f.fields[field] = make(map[string]int)
		}
		for _, value := range values {
			if value != "" {
				f.fields[field][value]++
			}
		}
	}
	f.times = append(f.times, r.sortTime.Unix())
	if r.story != "" {
		if f.stories == nil {
			f.stories = make(map[string]bool)
		}
		f.stories[r.story] = true
		f.copies++
	}
	count(hostFacet, r.host)
	count(languageFacet, r.language)
	count(sectionFacet, r.section)
	count(authorFacet, strings.Split(r.authors, "\n")...)
	count(tagFacet, strings.Split(r.tags, "\n")...)
	count(accessFacet, AccessName(r.access))
}

// facets returns what was counted, with as many values as a query asks for.
func (f *facetCounts) facets(query Query) Facets {
	limit := defaultFacetValues
	if query.FacetValues > 0 {
		limit = min(query.FacetValues, maxFacetValues)
	}
	articles := min(f.articles, maxFacetArticles)
	return Facets{
		Articles: articles, Stories: articles - f.copies + len(f.stories),
		Complete: !f.partial && f.articles <= maxFacetArticles,
		Times:    newHistogram(f.times), Hosts: f.mostFrequent(hostFacet, limit),
		Languages: f.mostFrequent(languageFacet, limit), Sections: f.mostFrequent(sectionFacet, limit),
		Authors: f.mostFrequent(authorFacet, limit), Tags: f.mostFrequent(tagFacet, limit),
		Access: f.mostFrequent(accessFacet, limit),
	}
}

func (f *facetCounts) mostFrequent(field, limit int) []FacetValue {
	counts := f.fields[field]
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(-cmp.Compare(counts[a], counts[b]), cmp.Compare(a, b))
	})
	all := []FacetValue{}
	for _, value := range values[:min(limit, len(values))] {
		all = append(all, FacetValue{value, counts[value]})
	}
	return all
}
