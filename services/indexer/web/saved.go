package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// savedPerPage is the number of saved searches on a page. Each repeats its filters, up to
// 8,000 bytes, in seven links.
const savedPerPage = 50

// savedPage is a page of the saved searches, which are ordered by name. Next is the URL of
// the next page.
type savedPage struct {
	Rows []savedRow
	Next string
}

// savedRow is a saved search with what it looks for, its feeds and its exports.
type savedRow struct {
	store.SavedSearch
	URL string
	// Subscribe is the URL of the form to subscribe to it.
	Subscribe string
	Filters   []choice
	Links     []api.SearchLink
}

// searches lists the saved searches.
func (s *site) searches(w http.ResponseWriter, r *http.Request) {
	saved, err := s.SavedSearches(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	after := r.URL.Query().Get("after") // id of the last search of the previous page
	saved = saved[slices.IndexFunc(saved, func(one store.SavedSearch) bool { return one.ID == after })+1:]
	var page savedPage
	if len(saved) > savedPerPage {
		saved = saved[:savedPerPage]
		page.Next = "/searches?" + url.Values{"after": {saved[savedPerPage-1].ID}}.Encode()
	}
	for _, one := range saved {
		values, _ := url.ParseQuery(one.Query) // it was checked when it was saved
		row := savedRow{SavedSearch: one, URL: "/?" + one.Query, Links: api.Links(values, one.Name)}
		row.Subscribe = "/subscriptions?" + with(values, "name", one.Name)
		for _, name := range sortedNames(values) {
			for _, value := range values[name] {
				row.Filters = append(row.Filters, choice{Field: name, Name: value})
			}
		}
		page.Rows = append(page.Rows, row)
	}
	s.show(w, r, http.StatusOK, "searches", "Saved searches", page)
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
