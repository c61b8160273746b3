package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
)

// auditPerPage is the number of entries on a page of the audit log.
const auditPerPage = 100

// tokensPage is the page of tokens. Created is the text of a token that was just created,
// which is shown once.
type tokensPage struct {
	Tokens  []access.Token
	Created string
	Name    string
	Now     time.Time
}

func (s *site) tokens(w http.ResponseWriter, r *http.Request) { s.showTokens(w, r, "", "") }

func (s *site) showTokens(w http.ResponseWriter, r *http.Request, name, created string) {
	all, err := s.Access().Tokens(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if created != "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	s.show(w, r, http.StatusOK, "tokens", "Tokens", tokensPage{all, created, name, time.Now()})
}

func (s *site) createToken(w http.ResponseWriter, r *http.Request) {
	name, now := r.PostFormValue("name"), time.Now()
	var expiry time.Time
	if text := r.PostFormValue("days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || days < 1 || days > 3650 {
			s.showError(w, r, http.StatusBadRequest, fmt.Errorf("%q is not a number of days from 1 to 3650", text))
			return
		}
		expiry = now.AddDate(0, 0, days)
	}
	text, _, err := s.Access().Create(r.Context(), name, []access.Scope{access.Scope(r.PostFormValue("scope"))},
		expiry, now)
	if errors.Is(err, access.ErrToken) {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	s.showTokens(w, r, name, text)
}

func (s *site) revokeToken(w http.ResponseWriter, r *http.Request) {
	if err := s.Access().Revoke(r.Context(), r.PathValue("name")); err != nil && !errors.Is(err, access.ErrNoToken) {
		s.showLibraryError(w, r, err)
		return
	}
	http.Redirect(w, r, "/tokens", http.StatusSeeOther)
}

// auditPage is a page of the audit log.
type auditPage struct {
	access.EntryFilter
	Entries []access.Entry
	Next    string
}

func (s *site) audit(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page := auditPage{EntryFilter: access.EntryFilter{
		Actor: query.Get("actor"), Action: query.Get("action"), Limit: auditPerPage,
	}}
	if text := query.Get("before"); text != "" {
		before, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.showError(w, r, http.StatusBadRequest, fmt.Errorf("before=%s is not the number of an entry", text))
			return
		}
		page.Before = before
	}
	var err error
	if page.Entries, err = s.Access().Entries(r.Context(), page.EntryFilter); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if len(page.Entries) == auditPerPage {
		next := url.Values{"before": {strconv.FormatInt(page.Entries[auditPerPage-1].ID, 10)}}
		for name, value := range map[string]string{"actor": page.Actor, "action": page.Action} {
			if value != "" {
				next.Set(name, value)
			}
		}
		page.Next = "/audit?" + next.Encode()
	}
	s.show(w, r, http.StatusOK, "audit", "Audit log", page)
}
