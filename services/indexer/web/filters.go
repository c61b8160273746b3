package web

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// maxFacetValues is the maximum number of values shown for a facet at first, and
	// maxMoreValues of those that open with "More".
	maxFacetValues = 6
	maxMoreValues  = 14
	// maxFoundValues is the maximum number of values on the page of one field.
	maxFoundValues = 200
)

// facet is a field with its most frequent values. All is the URL of the page with
// more of them.
type facet struct {
	Name, Field, All string
	Values, More     []choice
}

// choice is a value of a filter. URL is the search with the value added, or
// without it if it is selected. Name is what people read, Detail what tells it from
// others of the same name.
type choice struct {
	Field, Name, Detail, URL string
	Count                    int
}

// facetField is a field by which articles are filtered.
type facetField struct {
	name, plural, field string
	values              func(store.Facets) []store.FacetValue
}

var facetFields = []facetField{
	{"Site", "Sites", "host", func(f store.Facets) []store.FacetValue { return f.Hosts }},
	{"Language", "Languages", "language", func(f store.Facets) []store.FacetValue { return f.Languages }},
	{"Section", "Sections", "section", func(f store.Facets) []store.FacetValue { return f.Sections }},
	{"Author", "Authors", "author", func(f store.Facets) []store.FacetValue { return f.Authors }},
	{"Tag", "Tags", "tag", func(f store.Facets) []store.FacetValue { return f.Tags }},
	{"Access", "Access", "access", func(f store.Facets) []store.FacetValue { return f.Access }},
}

// nameOf returns what people read for a value of a field.
func nameOf(field, value string, names siteNames) string {
	switch field {
	case "host":
		return names.Of(value)
	case "language":
		return languageName(value)
	}
	return value
}

// newChoice returns the choice that adds a value to the filters.
func newChoice(field string, value store.FacetValue, values url.Values, names siteNames) choice {
	c := choice{
		Field: field, Name: nameOf(field, value.Value, names), Count: value.Count,
		URL: "/?" + with(values, field, value.Value),
	}
	if c.Name != value.Value {
		c.Detail = value.Value
	}
	return c
}

// addFacets adds the facets with the values that are not selected yet.
func (p *searchPage) addFacets(facets store.Facets, values url.Values, names siteNames) {
	for _, one := range facetFields {
		list := facet{Name: one.name, Field: one.field}
		for _, v := range one.values(facets) {
			switch {
			case slices.Contains(values[one.field], v.Value):
			case len(list.Values) < maxFacetValues:
				list.Values = append(list.Values, newChoice(one.field, v, values, names))
			case len(list.More) < maxMoreValues:
				list.More = append(list.More, newChoice(one.field, v, values, names))
			}
		}
		if len(list.More) > 0 {
			list.All = "/values?" + with(values, "field", one.field)
		}
		if list.Values != nil {
			p.Facets = append(p.Facets, list)
		}
	}
}

// addSelected adds the filters that are set, with links that remove them.
func (p *searchPage) addSelected(values url.Values, names siteNames) {
	add := func(name, field string) {
		for _, v := range values[field] {
			p.Selected = append(p.Selected, choice{
				Field: name, Name: nameOf(field, v, names), URL: "/?" + without(values, field, v),
			})
		}
	}
	for _, one := range facetFields {
		add(one.name, one.field)
	}
	add("Label", "label")
	for _, bound := range []struct{ name, field string }{{"From", "since"}, {"Before", "before"}} {
		if v := values.Get(bound.field); v != "" {
			p.Selected = append(p.Selected, choice{
				Field: bound.name, Name: plainBound(v), URL: "/?" + without(values, bound.field, v),
			})
		}
	}
}

// plainBound formats a bound of time for people.
func plainBound(bound string) string {
	at, err := store.ParseTime(bound)
	if err != nil {
		return bound
	}
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format("2 January 2006")
	}
	return at.Format("2 January 2006 15:04") + " UTC"
}

// daysOf returns bounds of time as days that include them. It returns "" for no bound.
func daysOf(since, before string) (first, last string) {
	if at, err := store.ParseTime(since); err == nil {
		first = at.Format(time.DateOnly)
	}
	if at, err := store.ParseTime(before); err == nil {
		last = at.Add(24*time.Hour - time.Second).Format(time.DateOnly)
	}
	return first, last
}

// valuesPage lists the values of one field, to search within them.
type valuesPage struct {
	Plural, Field, Find, Back string
	Values                    []choice
	Hidden                    []field
	Articles                  int
	Complete                  bool // whether all articles were counted
	Cut                       bool // whether more values match
}

// values shows the values of a field in the results of a search.
func (s *site) values(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	at := slices.IndexFunc(facetFields, func(f facetField) bool { return f.field == v.Get("field") })
	if at < 0 {
		s.showError(w, r, http.StatusNotFound, errors.New("no such field"))
		return
	}
	one := facetFields[at]
	filters := api.FiltersOf(v)
	query, err := filters.Query()
	if err != nil {
		s.showLibraryError(w, r, fmt.Errorf("%w: %w", store.ErrQuery, err))
		return
	}
	query.FacetValues = maxFacetRead
	facets, err := s.Facets(r.Context(), query)
	var names siteNames
	if err == nil && one.field == "host" {
		names, err = s.siteNames(r.Context(), facetHosts(facets))
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	values := filters.Values()
	if v.Get(copiesParameter) == "1" {
		values.Set(copiesParameter, "1")
	}
	page := valuesPage{
		Plural: one.plural, Field: one.field, Find: v.Get("find"), Back: "/?" + values.Encode(),
		Articles: facets.Articles, Complete: facets.Complete,
	}
	for _, name := range sortedNames(values) {
		for _, value := range values[name] {
			page.Hidden = append(page.Hidden, field{name, value})
		}
	}
	page.addValues(one, facets, values, names)
	s.show(w, r, http.StatusOK, "values", one.plural, page)
}

// maxFacetRead is the maximum number of values that are searched for a text.
const maxFacetRead = 1000

func facetHosts(facets store.Facets) []string {
	var hosts []string
	for _, v := range facets.Hosts {
		hosts = append(hosts, v.Value)
	}
	return hosts
}

// addValues adds the values that contain what is looked for and are not selected yet.
func (p *valuesPage) addValues(of facetField, facets store.Facets, values url.Values, names siteNames) {
	find := strings.ToLower(strings.TrimSpace(p.Find))
	for _, v := range of.values(facets) {
		c := newChoice(of.field, v, values, names)
		if slices.Contains(values[of.field], v.Value) || !strings.Contains(strings.ToLower(c.Name+"\n"+v.Value), find) {
			continue
		}
		if len(p.Values) == maxFoundValues {
			p.Cut = true
			return
		}
		p.Values = append(p.Values, c)
	}
}

// with returns the query string with a value added.
func with(values url.Values, name, value string) string {
	more := maps.Clone(values)
	more[name] = append(slices.Clone(values[name]), value)
	return more.Encode()
}

// without returns the query string with a value removed.
func without(values url.Values, name, value string) string {
	less := maps.Clone(values)
	less[name] = slices.DeleteFunc(slices.Clone(values[name]), func(one string) bool { return one == value })
	return less.Encode()
}

// replaced returns the query string with the only value of a parameter, or without the
// parameter if the value is empty.
func replaced(values url.Values, name, value string) string {
	other := maps.Clone(values)
	if delete(other, name); value != "" {
		other.Set(name, value)
	}
	return other.Encode()
}

func sortedNames(values url.Values) []string {
	return slices.Sorted(maps.Keys(values))
}
