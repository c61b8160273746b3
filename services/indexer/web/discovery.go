package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// discoveryPage lists the sites whose new articles are found.
type discoveryPage struct {
	Sources []sources.Overview
	// Host is the host whose sources are listed, or empty.
	Host string
	Next string
}

func (s *site) registerDiscovery(mux *http.ServeMux) {
	mux.HandleFunc("GET /discovery", s.discovery)
	mux.HandleFunc("POST /discovery", s.addSite)
	mux.HandleFunc("POST /discovery/try", s.trySite)
	mux.HandleFunc("GET /discovery/{id}", s.discoverySource)
	for operation, change := range map[string]func(context.Context, *sources.Sources, string, url.Values) error{
		"pause": func(ctx context.Context, all *sources.Sources, id string, _ url.Values) error {
			return all.SetState(ctx, id, sources.Paused)
		},
		"resume": func(ctx context.Context, all *sources.Sources, id string, _ url.Values) error {
			return all.SetState(ctx, id, sources.Active)
		},
		"remove": func(ctx context.Context, all *sources.Sources, id string, _ url.Values) error {
			return all.Remove(ctx, id)
		},
		"policy":          setPolicy,
		"backfill":        startBackfill,
		"cancel-backfill": cancelBackfill,
	} {
		mux.HandleFunc("POST /discovery/{id}/"+operation, s.changeSource(operation, change))
	}
}

func (s *site) discovery(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	page := discoveryPage{Host: strings.TrimSpace(v.Get("host"))}
	var err error
	if page.Host != "" {
		page.Sources, err = s.sourcesOn(r.Context(), page.Host)
	} else {
		page.Sources, err = s.Discovery().OverviewsByURL(r.Context(), v.Get("after"), sourcesPerPage)
		if len(page.Sources) == sourcesPerPage {
			page.Next = "/discovery?" + url.Values{"after": {page.Sources[sourcesPerPage-1].URL}}.Encode()
		}
	}
	if err != nil {
		s.showDiscoveryError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "discovery", "Discovery", page)
}

// sourcesOn returns the sources of discovery whose home pages are on a host.
func (s *site) sourcesOn(ctx context.Context, host string) ([]sources.Overview, error) {
	if home, err := weburl.Parse(host); err == nil {
		host = home.Host()
	}
	ids, err := s.Discovery().OnHost(ctx, host)
	if err != nil {
		return nil, err
	}
	return s.Discovery().OverviewsOf(ctx, ids)
}

// sourceDetails is the page of a site whose new articles are found.
type sourceDetails struct {
	sources.Details
	// Host is the host of the site.
	Host string
}

func (s *site) discoverySource(w http.ResponseWriter, r *http.Request) {
	details, err := s.Discovery().Details(r.Context(), r.PathValue("id"))
	if err != nil {
		s.showDiscoveryError(w, r, err)
		return
	}
	page := sourceDetails{Details: details}
	if home, err := weburl.Parse(details.URL); err == nil {
		page.Host = home.Host()
	}
	s.show(w, r, http.StatusOK, "discoverysource", details.URL, page)
}

// addSite adds the site that a form describes.
func (s *site) addSite(w http.ResponseWriter, r *http.Request) {
	source, policy, err := siteOf(r)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	if err := s.Discovery().AddSite(r.Context(), source, policy); err != nil {
		s.showDiscoveryError(w, r, err)
		return
	}
	s.log.Info("source added", "source", source.ID, "url", source.URL)
	http.Redirect(w, r, "/discovery/"+source.ID, http.StatusSeeOther)
}

// siteOf returns the source that a form describes, and its policy, or nil if a source that
// exists should keep its own.
func siteOf(r *http.Request) (sources.Source, *sources.Policy, error) {
	home, err := weburl.Parse(strings.TrimSpace(r.PostFormValue("url")))
	if err != nil {
		return sources.Source{}, nil, err
	}
	labels := map[string]string{}
	for _, pair := range strings.Fields(r.PostFormValue("labels")) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return sources.Source{}, nil, fmt.Errorf("the label %q has no value: write it as key=value", pair)
		}
		labels[key] = value
	}
	policy, err := policyOf(r.PostForm)
	source := sources.New(home, labels, time.Now())
	if err != nil || policy.IsZero() {
		return source, nil, err
	}
	return source, &policy, nil
}

// policyOf returns the policy that a form describes.
func policyOf(form url.Values) (sources.Policy, error) {
	policy := sources.Policy{
		Include: strings.Fields(form.Get("include")), Exclude: strings.Fields(form.Get("exclude")),
		Languages: strings.Fields(form.Get("languages")), NoRevisits: form.Get("no_revisits") != "",
	}
	var problems []error
	for name, into := range map[string]*int{
		"articles_per_day": &policy.ArticlesPerDay, "polls_per_day": &policy.PollsPerDay,
	} {
		if text := strings.TrimSpace(form.Get(name)); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				err = fmt.Errorf("%w: %s is not a number", sources.ErrPolicy, strings.ReplaceAll(name, "_", " "))
			}
			*into, problems = n, append(problems, err)
		}
	}
	return policy, errors.Join(problems...)
}

func setPolicy(ctx context.Context, all *sources.Sources, id string, form url.Values) error {
	policy, err := policyOf(form)
	if err != nil {
		return err
	}
	return all.SetPolicy(ctx, id, policy)
}

// startBackfill starts a backfill between two days, the last one included.
func startBackfill(ctx context.Context, all *sources.Sources, id string, form url.Values) error {
	within := sources.BackfillRange{Undated: form.Get("undated") != ""}
	for name, into := range map[string]*time.Time{"since": &within.Since, "until": &within.Until} {
		if text := form.Get(name); text != "" {
			day, err := time.Parse(time.DateOnly, text)
			if err != nil {
				return fmt.Errorf("%w: %s is not a day such as 2026-11-25", sources.ErrRange, name)
			}
			*into = day
		}
	}
	if !within.Until.IsZero() {
		within.Until = within.Until.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return all.BackfillSite(ctx, id, within)
}

func cancelBackfill(ctx context.Context, all *sources.Sources, id string, _ url.Values) error {
	return all.CancelBackfill(ctx, id)
}

// changeSource returns a handler that changes a source and then shows it, or the list once it
// has been removed. A form that is sent from the list leads back there.
func (s *site) changeSource(
	operation string, change func(context.Context, *sources.Sources, string, url.Values) error,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, next := r.PathValue("id"), local(r.PostFormValue("next"))
		if err := change(r.Context(), s.Discovery(), id, r.PostForm); err != nil {
			s.showDiscoveryError(w, r, err)
			return
		}
		s.log.Info("source changed", "operation", operation, "source", id)
		if next == "/" {
			next = "/discovery/" + url.PathEscape(id)
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

// showDiscoveryError shows an error of discovery, with the status that belongs to it.
func (s *site) showDiscoveryError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, sources.ErrNotFound):
		s.showError(w, r, http.StatusNotFound, sources.ErrNotFound)
	case errors.Is(err, sources.ErrLabels), errors.Is(err, sources.ErrPolicy), errors.Is(err, sources.ErrRange):
		s.showError(w, r, http.StatusBadRequest, err)
	case errors.Is(err, sources.ErrBackfillRuns), errors.Is(err, sources.ErrNoBackfill):
		s.showError(w, r, http.StatusConflict, err)
	default:
		s.showLibraryError(w, r, err)
	}
}
