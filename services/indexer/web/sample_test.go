package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/web"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// runNotifier runs a notifier on the streams and the store of a server.
func (server *testServer) runNotifier(t *testing.T) {
	t.Helper()
	config := notifier.DefaultConfig()
	config.AllowHosts = []string{"127.0.0.1"}
	notify, err := notifier.New(t.Context(), config, notifier.Dependencies{
		JS: server.js, Store: server.store, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- notify.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestSample sends samples with the API and from the page of a subscription, with tokens of each scope.
func TestSample(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	server.put(t, article("ferry", "<b>Ferry</b> returns", "The ferry is back.", noon))
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuses" {
			http.Error(w, hookAnswer, http.StatusBadGateway)
		}
	}))
	defer hook.Close()
	all := subscriptions.Of(server.store)
	for _, name := range []string{"accepts", "refuses"} {
		spec := subscriptions.Spec{
			Name: name, To: hook.URL + "/" + name + "?token=" + hookToken, Query: subscriptions.Query{Text: "ferry"},
		}
		if err := all.Put(t.Context(), spec, []string{hookSecret}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	desk, _, err := access.Of(server.store).Create(t.Context(), "desk", []access.Scope{access.Subscribe}, time.Time{},
		time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const path = "/subscriptions/accepts/test"
	if status := server.call(t, "POST", path, operateToken, "", nil); status != 503 {
		t.Errorf("without a notifier: %d", status)
	}
	server.runNotifier(t)
	for token, want := range map[string]int{"": 401, readToken: 403, desk: 200, operateToken: 200} {
		var got sample.Result
		if status := server.call(t, "POST", path, token, "", &got); status != want || got.Accepted != (want == 200) {
			t.Errorf("a sample with the token %q: %d, want %d: %+v", token, status, want, got)
		}
		if want == 200 && (!strings.Contains(got.Request, "POST "+hook.URL+"/accepts?…") || got.Status != 200) {
			t.Errorf("the result is %+v", got)
		}
	}
	if status := server.call(t, "POST", "/subscriptions/unknown/test", operateToken, "", nil); status != 404 {
		t.Errorf("a sample for a subscription that does not exist: %d", status)
	}
	for token, shows := range map[string]bool{desk: false, operateToken: true} {
		server.checkSamples(t, token, shows)
	}
	if status, _, _ := server.request(t, http.MethodPost, path, bearer(readToken)...); status != 403 {
		t.Errorf("a sample from the page with the read token: %d", status)
	}
	server.checkRequestOfDelivery(t, all)
	entries, err := access.Of(server.store).Entries(t.Context(), access.EntryFilter{Actor: "desk", Limit: 100})
	if err != nil || len(entries) != 4 || entries[0].Action != "subscribe" || entries[0].Result != "done" {
		t.Errorf("the audit log has %+v, %v", entries, err)
	}
}

// checkRequestOfDelivery reads what a delivery sends with the API and on the page of the subscription.
func (server *testServer) checkRequestOfDelivery(t *testing.T, all *subscriptions.Subscriptions) {
	t.Helper()
	one, err := all.Get(t.Context(), "accepts")
	if err != nil {
		t.Fatal(err)
	}
	from, err := all.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ferry := article("ferry", "<b>Ferry</b> returns", "The ferry is back.", noon)
	matches := []subscriptions.Match{{
		SubscriptionID: one.ID, ArticleID: ferry.GetId(), Revision: 1, Event: subscriptions.New,
		Hash: ferry.GetContentHash(), EventTime: noon,
	}}
	batch := subscriptions.Batch{Matches: matches}
	if _, _, err := all.Advance(t.Context(), from, from, batch, 10, time.Now()); err != nil {
		t.Fatal(err)
	}
	var got struct{ Request string }
	const path = "/subscriptions/accepts/deliveries/1"
	status := server.call(t, "GET", path+"/request", readToken, "", &got)
	if status != 200 || !strings.Contains(got.Request, "/accepts?…") ||
		!strings.Contains(got.Request, "The ferry is back.") {
		t.Errorf("the request of a delivery: %d: %+v", status, got)
	}
	status, _, page := server.request(t, http.MethodGet, path, bearer(readToken)...)
	if status != 200 || !strings.Contains(page, "The ferry is back.") || strings.Contains(page, hookToken) ||
		strings.Contains(page, "<b>Ferry") {
		t.Errorf("the page with the request of a delivery: %d:\n%s", status, page)
	}
	for _, missing := range []string{"/subscriptions/accepts/deliveries/77", "/subscriptions/refuses/deliveries/1"} {
		if status := server.call(t, "GET", missing+"/request", readToken, "", nil); status != 404 {
			t.Errorf("%s/request: %d, want 404", missing, status)
		}
		if status, _, _ := server.request(t, http.MethodGet, missing, bearer(readToken)...); status != 404 {
			t.Errorf("%s: %d, want 404", missing, status)
		}
	}
}

// checkSamples sends samples with a token, which does or does not show the answers of targets.
func (server *testServer) checkSamples(t *testing.T, token string, shows bool) {
	t.Helper()
	var got sample.Result
	server.call(t, "POST", "/subscriptions/refuses/test", token, "", &got)
	if got.Accepted || got.Status != 502 || strings.Contains(got.Detail, hookAnswer) != shows {
		t.Errorf("a sample that is refused, with the answer shown: %t: %+v", shows, got)
	}
	for name, want := range map[string]string{"accepts": "<b>Accepted</b>", "refuses": "<b>Not accepted.</b>"} {
		status, _, body := server.request(t, http.MethodPost, "/subscriptions/"+name+"/test", bearer(token)...)
		if status != 200 || !strings.Contains(body, want) || !strings.Contains(body, "Ferry") {
			t.Errorf("the page after a sample to %s: %d:\n%s", name, status, body)
		}
		for _, secret := range []string{hookToken, hookSecret[6:], "<b>Ferry"} {
			if strings.Contains(body, secret) {
				t.Errorf("the page shows %q:\n%s", secret, body)
			}
		}
		if strings.Contains(body, hookAnswer) != (shows && name == "refuses") {
			t.Errorf("the page shows the answer, or hides it from an operator (%t):\n%s", shows, body)
		}
	}
}
