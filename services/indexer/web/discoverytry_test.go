package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// runDiscovery runs a fetcher and a discoverer on the streams of a server.
func (server *testServer) runDiscovery(t *testing.T) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	config := fetcher.DefaultConfig()
	config.AllowPrivate, config.Delay, config.DelayFactor = true, time.Millisecond, 0
	fetch, err := fetcher.New(t.Context(), fetcher.Env{
		NC: server.js.Conn(), JS: server.js, Registry: prometheus.NewRegistry(), Log: log,
	}, config)
	if err != nil {
		t.Fatal(err)
	}
	discover, err := discoverer.New(t.Context(), discoverer.DefaultConfig(), discoverer.Dependencies{
		JS: server.js, Store: server.store, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var stages errgroup.Group
	for _, run := range []func(context.Context) error{fetch.Run, discover.Run} {
		stages.Go(func() error { return run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		if err := stages.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// begin sends a form or a JSON body with the operate token, and returns the status and the start of the
// response. rest reads the remaining body and closes it.
func (server *testServer) begin(
	t *testing.T, path, contentType, body, until string,
) (status int, start string, rest func() string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+operateToken)
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode == http.StatusOK && response.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%s: a proxy would hold the parts back: %v", path, response.Header)
	}
	lines := bufio.NewReader(response.Body)
	for !strings.Contains(start, until) {
		line, err := lines.ReadString('\n')
		if start += line; err != nil {
			t.Fatalf("%s: %d %s: %v", path, response.StatusCode, start, err)
		}
	}
	return response.StatusCode, start, func() string {
		remaining, err := io.ReadAll(lines)
		if err != nil {
			t.Error(err)
		}
		return string(remaining)
	}
}

// TestTry previews a site on the web page and with the API. The site sends its feed only after the
// preview has shown its home page: the parts of a preview arrive as they are read.
func TestTry(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	shown := make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>`)
	})
	mux.HandleFunc("/feed.xml", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-shown:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, `<rss version="2.0"><channel><title>T</title>
			<item><title>Pier &amp; tide opens</title><link>/2026/pier-opens</link></item>
			<item><title>Tide</title><link>/2026/live/tide</link></item></channel></rss>`)
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	form := url.Values{"url": {site.URL}, "exclude": {"*/live/*"}, "labels": {"project=harbour"}}
	const wait = 5500 * time.Millisecond
	const formType = "application/x-www-form-urlencoded"
	if status, _, _ := server.begin(t, "/discovery/try", formType, form.Encode(), ""); status != 503 {
		t.Errorf("without a discoverer: %d", status)
	}
	server.runDiscovery(t)
	if status := server.call(t, "POST", "/discovery/try", readToken, `{"url":"https://example.com"}`, nil); status != 403 {
		t.Errorf("trying with the read token: %d", status)
	}
	for _, wrong := range []string{`{"url":"no url"}`, `{"url":"https://a.test","policy":{"include":["x"]}}`} {
		if status := server.call(t, "POST", "/discovery/try", operateToken, wrong, nil); status != 400 {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	for _, test := range []struct {
		path, contentType, body, first string
		want                           []string
	}{
		{"/discovery/try", formType, form.Encode(), "<bdi>" + site.URL + "/</bdi>", []string{
			site.URL + "/feed.xml", "Pier &amp; tide", "New articles that would be taken: 1.",
			`name="exclude" value="*/live/*"`, `name="labels" value="project=harbour"`,
		}},
		{"/api/v1/discovery/try", "application/json", `{"url":"` + site.URL + `","policy":{"exclude":["*/live/*"]}}`,
			`"purpose":"links"`, []string{`"new":1`, `"left_out":1`, `{"end":true}`}},
	} {
		_, text, rest := server.begin(t, test.path, test.contentType, test.body, test.first)
		<-time.After(wait) // longer than the body of a request may take to arrive
		shown <- struct{}{}
		text += rest()
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", test.path, want, text)
			}
		}
	}
}
