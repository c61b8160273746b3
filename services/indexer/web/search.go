package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type searchPage struct {
	Filters     api.Filters
	Hits        []searchHit
	Count       string // number of articles found, in words if it is not exact
	Facets      []facet
	Selected    []choice
	Next        string // URL of the next page
	Atom, JSON  string // URLs of the feeds
	JSONLines   string // URLs of the exports
	Parquet     string
	Error       string
	IsFiltered  bool
	IsLaterPage bool
}

// searchHit is an article with its matches marked up.
type searchHit struct {
	store.Hit
	Title, Snippet template.HTML
}

type facet struct {
	Name   string
	Values []choice
}

// choice is a value of a filter. URL is the search with the value added, or
// without it if it is selected.
type choice struct {
	Field, Value, URL string
	Count             int
}

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	f := api.Filters{
		Q: v.Get("q"), Host: given(v["host"]), Language: given(v["language"]), Section: given(v["section"]),
		Author: given(v["author"]), Tag: given(v["tag"]), Label: given(v["label"]), Access: given(v["access"]),
		From: v.Get("from"), Before: v.Get("before"), Order: v.Get("order"),
	}
	page := searchPage{Filters: f, IsLaterPage: v.Get("cursor") != ""}
	status := http.StatusOK
	if err := s.fillSearch(r, f, &page); err != nil {
		if !errors.Is(err, store.ErrQuery) {
			s.showLibraryError(w, r, err)
			return
		}
		status, page.Error = http.StatusBadRequest, strings.TrimPrefix(err.Error(), store.ErrQuery.Error()+": ")
	}
	title := "Articles"
	if f.Q != "" {
		title = f.Q
	}
	s.show(w, r, status, "search", title, page)
}

// given removes empty values, which forms send for empty fields.
func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
}

// fillSearch runs a search and adds its results to the page.
func (s *site) fillSearch(r *http.Request, f api.Filters, page *searchPage) error {
	query, err := f.Query()
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrQuery, err)
	}
	query.After = r.URL.Query().Get("cursor")
	found, err := s.library.Search(r.Context(), query)
	if err != nil {
		return err
	}
	for _, hit := range found.Hits {
		page.Hits = append(page.Hits, searchHit{
			hit, marked(hit.Article.GetTitle(), hit.TitleMatches), marked(hit.Snippet.Text, hit.Snippet.Matches),
		})
	}
	values := f.Values()
	page.IsFiltered = len(values) > 0
	page.Atom, page.JSON = api.Prefix+"/feed.atom?"+values.Encode(), api.Prefix+"/feed.json?"+values.Encode()
	page.JSONLines = api.Prefix + "/export?" + values.Encode()
	page.Parquet = api.Prefix + "/export?" + with(values, "format", "parquet")
	if found.Next != "" {
		page.Next = "/?" + with(values, "cursor", found.Next)
	}
	facets, err := s.library.Facets(r.Context(), query)
	if err != nil {
		return err
	}
	page.Count = strconv.Itoa(facets.Articles)
	if !facets.Complete {
		page.Count = "more than " + page.Count
	}
	page.addFacets(facets, values)
	return nil
}

// maxFacetValues is the maximum number of values shown for a facet.
const maxFacetValues = 8

// addFacets adds the facets with the values that are not selected yet, and the
// selected filters.
func (p *searchPage) addFacets(facets store.Facets, values url.Values) {
	for _, one := range []struct {
		name, field string
		values      []store.FacetValue
	}{
		{"Site", "host", facets.Hosts}, {"Language", "language", facets.Languages}, {"Section", "section", facets.Sections},
		{"Author", "author", facets.Authors}, {"Tag", "tag", facets.Tags}, {"Access", "access", facets.Access},
	} {
		list := facet{Name: one.name}
		for _, v := range one.values[:min(maxFacetValues, len(one.values))] {
			if !slices.Contains(values[one.field], v.Value) {
				list.Values = append(list.Values, choice{
					Value: v.Value, URL: "/?" + with(values, one.field, v.Value), Count: v.Count,
				})
			}
		}
		if list.Values != nil {
			p.Facets = append(p.Facets, list)
		}
		for _, v := range values[one.field] {
			p.Selected = append(p.Selected, choice{Field: one.name, Value: v, URL: "/?" + without(values, one.field, v)})
		}
	}
}

// with returns the query string with a value added.
func with(values url.Values, name, value string) string {
	more := url.Values{}
	for k, v := range values {
		more[k] = slices.Clone(v)
	}
	more.Add(name, value)
	return more.Encode()
}

// without returns the query string with a value removed.
func without(values url.Values, name, value string) string {
	less := url.Values{}
	for k, v := range values {
		less[k] = slices.DeleteFunc(slices.Clone(v), func(one string) bool { return k == name && one == value })
	}
	return less.Encode()
}

// marked returns a text with its matches marked. The text is escaped.
func marked(text string, matches [][2]int) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range matches {
		template.HTMLEscape(&b, []byte(text[at:m[0]]))
		b.WriteString("<mark>")
		template.HTMLEscape(&b, []byte(text[m[0]:m[1]]))
		b.WriteString("</mark>")
		at = m[1]
	}
	template.HTMLEscape(&b, []byte(text[at:]))
	return template.HTML(b.String())
}
