package web

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/api"
)

// audited writes the audit log: every change and every export, before it happens. What
// cannot be recorded does not happen.
type audited struct {
	access *access.Access
	log    *slog.Logger
}

func (a audited) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := actionOf(r.Method, r.URL.Path)
		if action == "" {
			next.ServeHTTP(w, r)
			return
		}
		object := r.URL.Path
		if action == "export" {
			object = r.URL.RequestURI()
		}
		id, err := a.access.Begin(r.Context(), senderOf(r.Context()).actor, action, object, time.Now())
		if err != nil {
			a.log.Error("writing the audit log failed", "error", err)
			w.Header().Set("Retry-After", "5")
			refuse(w, r, http.StatusServiceUnavailable,
				"the audit log cannot be written now, so nothing was done: try again later")
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		result := "done"
		if seen.status >= http.StatusBadRequest {
			result = "failed with status " + strconv.Itoa(seen.status)
		}
		if err := a.access.End(context.WithoutCancel(r.Context()), id, result); err != nil {
			a.log.Error("writing the audit log failed", "error", err)
		}
	})
}

// actionOf returns the name of what a request does in the audit log. It is empty if the
// request only reads, logs in or logs out.
func actionOf(method, path string) string {
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, api.Prefix), "/"), "/")
	if !changes(method) {
		if path == api.Prefix+"/export" {
			return "export"
		}
		return ""
	}
	switch parts[0] {
	case "login", "logout":
		return ""
	case "articles":
		return "erase"
	case "dead-letters":
		if parts[len(parts)-1] == "requeue" {
			return "requeue"
		}
		return "drop"
	case "subscriptions":
		return "subscribe"
	case "searches":
		return "search"
	case "discovery":
		return "source"
	case "tokens":
		return "token"
	}
	return "change"
}
