package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestChangesWithARefusedStatement has each kind of statement of each change over HTTP fail in turn. The response is
// then an error, and the store is as before. The audit log is left out: the end of a change may be missing there.
func TestChangesWithARefusedStatement(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	var source, search string
	fill := func(t *testing.T, s store.Store) {
		t.Helper()
		server := &testServer{store: s, js: js}
		server.put(t, article("a", "Ferry returns", "The ferry is back.", noon))
		server.fillSubscriptions(t, "id-a-0000", "stopped")
		source = server.fillDiscovery(t, "one.test", "two.test")[0]
		saved, err := s.SaveSearch(t.Context(), "Ferries", "q=ferry")
		if err != nil {
			t.Fatal(err)
		}
		search = saved.ID
		_, _, err = access.Of(s).Create(t.Context(), "desk", []access.Scope{access.Read}, time.Time{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	writes := map[string]func(context.Context, store.Store) error{}
	add := func(method, path, contentType, body string) {
		name := strings.ReplaceAll(method+" "+path+" "+body, "/", "|")
		writes[name] = func(ctx context.Context, s store.Store) error {
			fills := strings.NewReplacer("SOURCE", source, "SEARCH", search)
			r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+fills.Replace(path), strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+operateToken)
			r.Header.Set("Content-Type", contentType)
			w := httptest.NewRecorder()
			web.Handler(web.Config{OperateToken: operateToken}, web.Dependencies{
				Library: library.New(s, js), Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
			}).ServeHTTP(w, r)
			if w.Code < http.StatusBadRequest {
				return nil
			}
			answer, err := io.ReadAll(w.Body)
			return errors.Join(err, fmt.Errorf("status %d: %s", w.Code, answer))
		}
	}
	const form, text = "application/x-www-form-urlencoded", "application/json"
	const hook = `"to":"https://hooks.example.com/in","query":{"text":"ferry"}`
	for _, one := range [][3]string{
		{"POST", "/searches", `{"name":"Tugs","query":"q=tug"}`},
		{"DELETE", "/searches/SEARCH", ""},
		{"POST", "/subscriptions", `{"name":"new",` + hook + `}`},
		{"PUT", "/subscriptions/harbour", `{"name":"harbour",` + hook + `}`},
		{"DELETE", "/subscriptions/harbour", ""},
		{"POST", "/subscriptions/stopped/resume", ""},
		{"POST", "/subscriptions/harbour/deliveries/1/resend", ""},
		{"POST", "/subscriptions/harbour/resend-failed", ""},
		{"POST", "/subscriptions/harbour/replay", `{"since":"2026-01-01T00:00:00Z"}`},
		{"POST", "/dead-letters/n4/requeue", ""},
		{"DELETE", "/dead-letters/n4", ""},
		{"POST", "/discovery/sources", `{"url":"https://three.test/","labels":{"desk":"a"}}`},
		{"POST", "/discovery/sources/SOURCE/pause", ""},
		{"PUT", "/discovery/sources/SOURCE/policy", `{"articles_per_day":7}`},
		{"DELETE", "/discovery/sources/SOURCE/backfill", ""},
		{"DELETE", "/discovery/sources/SOURCE", ""},
		{"POST", "/tokens", `{"name":"other","scopes":["read"]}`},
		{"DELETE", "/tokens/desk", ""},
	} {
		add(one[0], "/api/v1"+one[1], text, one[2])
	}
	for path, body := range map[string]string{
		"/searches": "name=Tugs&query=q%3Dtug", "/searches/SEARCH/delete": "",
		"/subscriptions":                             "name=new&to=https://hooks.example.com/in&q=ferry&unsigned=1",
		"/subscriptions/harbour/edit":                "name=harbour&to=https://hooks.example.com/in&q=ferry&unsigned=1",
		"/subscriptions/harbour/remove":              "",
		"/subscriptions/stopped/resume":              "",
		"/subscriptions/harbour/replay":              "since=2026-01-01T00:00",
		"/subscriptions/harbour/deliveries/1/resend": "",
		"/dead-letters/n4/requeue":                   "",
		"/dead-letters/n4/drop":                      "",
		"/discovery":                                 "url=https://three.test/&labels=desk%3Da",
		"/discovery/SOURCE/pause":                    "",
		"/discovery/SOURCE/policy":                   "articles_per_day=7",
		"/discovery/SOURCE/cancel-backfill":          "",
		"/discovery/SOURCE/remove":                   "",
		"/tokens":                                    "name=other&scope=read&days=3",
		"/tokens/desk/revoke":                        "",
	} {
		add("POST", path, form, body)
	}
	storetest.Refuse(t, fill, writes, "audit_log")
}
