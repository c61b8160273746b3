package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

const (
	// maxFacetArticles bounds the cost of counting.
	maxFacetArticles = 10_000
	maxFacetValues   = 20
)

// Facets counts the values of fields in a set of articles.
type Facets struct {
	// Articles is the number of articles counted.
	Articles int
	// Complete reports whether all matching articles were counted.
	Complete bool
	// These are the 20 most frequent values of each field, most frequent first.
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
	fields   [facetFields]map[string]int
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
	count(hostFacet, r.host)
	count(languageFacet, r.language)
	count(sectionFacet, r.section)
	count(authorFacet, strings.Split(r.authors, "\n")...)
	count(tagFacet, strings.Split(r.tags, "\n")...)
	count(accessFacet, AccessName(r.access))
}

func (f *facetCounts) facets() Facets {
	return Facets{
		Articles: min(f.articles, maxFacetArticles), Complete: f.articles <= maxFacetArticles,
		Hosts: f.mostFrequent(hostFacet), Languages: f.mostFrequent(languageFacet),
		Sections: f.mostFrequent(sectionFacet), Authors: f.mostFrequent(authorFacet),
		Tags: f.mostFrequent(tagFacet), Access: f.mostFrequent(accessFacet),
	}
}

func (f *facetCounts) mostFrequent(field int) []FacetValue {
	counts := f.fields[field]
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(-cmp.Compare(counts[a], counts[b]), cmp.Compare(a, b))
	})
	all := []FacetValue{}
	for _, value := range values[:min(maxFacetValues, len(values))] {
		all = append(all, FacetValue{value, counts[value]})
	}
	return all
}
