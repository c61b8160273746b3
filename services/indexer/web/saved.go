package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// savedRow is a saved search with what it looks for, its feeds and its exports.
type savedRow struct {
	store.SavedSearch
	URL     string
	Filters []choice
	Links   []api.SearchLink
}

// searches lists the saved searches.
func (s *site) searches(w http.ResponseWriter, r *http.Request) {
	saved, err := s.SavedSearches(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	var rows []savedRow
	for _, one := range saved {
		values, _ := url.ParseQuery(one.Query) // it was checked when it was saved
		row := savedRow{SavedSearch: one, URL: "/?" + one.Query, Links: api.Links(values, one.Name)}
		for _, name := range sortedNames(values) {
			for _, value := range values[name] {
				row.Filters = append(row.Filters, choice{Field: name, Name: value})
			}
		}
		rows = append(rows, row)
	}
	s.show(w, r, http.StatusOK, "searches", "Saved searches", rows)
}

func (s *site) saveSearch(w http.ResponseWriter, r *http.Request) {
	query, err := api.CheckQuery(r.PostFormValue("query"))
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	_, err = s.SaveSearch(r.Context(), r.PostFormValue("name"), query)
	if errors.Is(err, store.ErrSavedSearch) {
		s.showError(w, r, http.StatusConflict, err)
		return
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	http.Redirect(w, r, "/searches", http.StatusSeeOther)
}

func (s *site) deleteSearch(w http.ResponseWriter, r *http.Request) {
	err := s.DeleteSavedSearch(r.Context(), r.PathValue("id"))
	if err != nil && !errors.Is(err, store.ErrNoSavedSearch) {
		s.showLibraryError(w, r, err)
		return
	}
	http.Redirect(w, r, "/searches", http.StatusSeeOther)
}
