package web

import (
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// trialWriteTimeout is the maximum time for a browser to receive a part of a preview.
const trialWriteTimeout = 10 * time.Second

// trialPage previews what would be found on a site.
type trialPage struct {
	URL         string
	MaxRequests int
	// Endpoints yields the endpoints as they are read. New counts their articles, and Problem is why
	// there are no more. Both are complete after Endpoints has ended.
	Endpoints iter.Seq[trial.Endpoint]
	New       int
	Problem   string
	// Form has the fields of the form, by which the site can be added.
	Form url.Values
}

// trySite previews the site that a form describes. The page is sent in parts as endpoints are read.
func (s *site) trySite(w http.ResponseWriter, r *http.Request) {
	source, policy, err := siteOf(r)
	if err == nil && policy != nil {
		err = policy.Validate()
	}
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	request := trial.Request{URL: source.URL}
	if policy != nil {
		request.Policy = *policy
	}
	endpoints, err := s.Try(r.Context(), request)
	switch {
	case errors.Is(err, trial.ErrBusy):
		s.showError(w, r, http.StatusTooManyRequests, err)
		return
	case errors.Is(err, trial.ErrNoDiscoverer):
		s.showError(w, r, http.StatusServiceUnavailable, err)
		return
	case err != nil:
		s.showLibraryError(w, r, err)
		return
	}
	s.log.Info("trying a site", "url", source.URL)
	control := http.NewResponseController(w)
	page := &trialPage{URL: source.URL, MaxRequests: trial.MaxRequests, Form: r.PostForm}
	page.Endpoints = func(yield func(trial.Endpoint) bool) {
		_ = control.Flush() // an error means that the client has gone, which ends the context
		for endpoint, err := range endpoints {
			if err != nil {
				page.Problem = err.Error()
				return
			}
			page.New += endpoint.New
			_ = control.SetWriteDeadline(time.Now().Add(trialWriteTimeout))
			if !yield(endpoint) {
				return
			}
			_ = control.Flush()
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	err = s.templates["discoverytry"].Execute(w, s.view(r, "discoverytry", "Preview", page))
	if err != nil && r.Context().Err() == nil {
		s.log.Error("rendering page failed", "page", "discoverytry", "error", err)
	}
}
