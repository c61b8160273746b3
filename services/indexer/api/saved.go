package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// savedAnswer is a saved search with the URLs by which it is followed and exported.
type savedAnswer struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Query   string       `json:"query" doc:"Query string with the parameters of /articles."`
	AddTime time.Time    `json:"add_time" doc:"When the search was saved."`
	Links   []SearchLink `json:"links" doc:"Feeds and exports of the search."`
}

// SearchLink is a feed or an export of a search.
type SearchLink struct {
	Name string `json:"name"`
	URL  string `json:"url" doc:"Path and query on this server."`
	Feed bool   `json:"feed" doc:"Whether the link is a feed rather than an export."`
}

// Links returns the feeds and exports of a search. The feeds have the title, unless it
// is empty.
func Links(filters url.Values, title string) []SearchLink {
	withValue := func(name, value string) string {
		v := url.Values{}
		for key, values := range filters {
			v[key] = values
		}
		if value != "" {
			v.Set(name, value)
		}
		return v.Encode()
	}
	links := []SearchLink{
		{"Atom", Prefix + "/feed.atom?" + withValue("title", title), true},
		{"JSON Feed", Prefix + "/feed.json?" + withValue("title", title), true},
	}
	for _, format := range [][2]string{{"CSV", "csv"}, {"JSON Lines", "jsonl"}, {"Parquet", "parquet"}} {
		links = append(links, SearchLink{format[0], Prefix + "/export?" + withValue("format", format[1]), false})
	}
	return links
}

// CheckQuery parses the query string of a search to be saved, and returns its filters in
// a fixed order. It returns an error if the search is invalid.
func CheckQuery(query string) (string, error) {
	v, err := url.ParseQuery(query)
	if err != nil {
		return "", fmt.Errorf("the query is not a query string: %w", err)
	}
	filters := FiltersOf(v)
	if _, err := filters.Query(); err != nil {
		return "", err
	}
	return filters.Values().Encode(), nil
}

type saveInput struct {
	Body struct {
		Name  string `json:"name" minLength:"1" maxLength:"200" doc:"Name that no other saved search has."`
		Query string `json:"query" maxLength:"32768" doc:"Query string with filters of /articles, such as q=ferry&language=en."`
	}
}

type savedName struct {
	ID string `path:"id" maxLength:"100" doc:"Id of the saved search."`
}

func newSaved(one store.SavedSearch) savedAnswer {
	filters, _ := url.ParseQuery(one.Query) // it was checked when it was saved
	return savedAnswer{one.ID, one.Name, one.Query, one.AddTime, Links(filters, one.Name)}
}

func (s *service) registerSaved(a huma.API) {
	huma.Register(a, operation{
		id: "searches", path: "/searches", tag: "searches", summary: "List the saved searches",
		description: "Ordered by name, each with its feeds and exports.",
	}.huma(), s.listSaved)
	save := operation{
		id: "save-search", path: "/searches", tag: "searches", summary: "Save a search",
		description: "At most 500 searches can be saved. Needs the operate token.",
		errors:      []int{http.StatusBadRequest, http.StatusConflict, http.StatusForbidden},
	}.huma()
	save.Method, save.DefaultStatus = http.MethodPost, http.StatusCreated
	huma.Register(a, save, s.saveSearch)
	remove := operation{
		id: "delete-search", path: "/searches/{id}", tag: "searches", summary: "Delete a saved search",
		description: "Needs the operate token.", errors: []int{http.StatusNotFound, http.StatusForbidden},
	}.huma()
	remove.Method, remove.DefaultStatus = http.MethodDelete, http.StatusNoContent
	huma.Register(a, remove, s.deleteSaved)
}

func (s *service) listSaved(ctx context.Context, _ *struct{}) (*body[[]savedAnswer], error) {
	all, err := s.SavedSearches(ctx)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answers := []savedAnswer{}
	for _, one := range all {
		answers = append(answers, newSaved(one))
	}
	return &body[[]savedAnswer]{answers}, nil
}

func (s *service) saveSearch(ctx context.Context, in *saveInput) (*body[savedAnswer], error) {
	query, err := CheckQuery(in.Body.Query)
	if err != nil {
		return nil, huma.Error400BadRequest(err.Error())
	}
	saved, err := s.SaveSearch(ctx, in.Body.Name, query)
	if errors.Is(err, store.ErrSavedSearch) {
		return nil, huma.Error409Conflict(err.Error())
	}
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[savedAnswer]{newSaved(saved)}, nil
}

func (s *service) deleteSaved(ctx context.Context, in *savedName) (*struct{}, error) {
	err := s.DeleteSavedSearch(ctx, in.ID)
	if errors.Is(err, store.ErrNoSavedSearch) {
		return nil, huma.Error404NotFound(err.Error())
	}
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &struct{}{}, nil
}
