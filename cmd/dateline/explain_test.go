package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestExplainShowsThePresent explains a URL whose first attempt has failed, and the next
// URL in the queue of its host, both from the store and over HTTP.
func TestExplainShowsThePresent(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := map[string]int{"/robots.txt": http.StatusNotFound}[r.URL.Path]
		if status == 0 {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(site.Close)
	dir := t.TempDir()
	cfg := testConfig(dir)
	allowLoopback(&cfg)
	cfg.Data.NATSAddr, cfg.HTTP.Addr = "127.0.0.1:0", natstest.FreeAddr(t)
	cfg.Fetcher.RetryDelay, cfg.Fetcher.MaxAttempts = time.Hour, 3
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))

	url := site.URL + "/story"
	if code, out, errs := dateline(t, "publish", "--data-dir", dir, url); code != 0 {
		t.Fatalf("publish: %s%s", out, errs)
	}
	var out string
	natstest.Eventually(t, "an attempt that failed", func() bool {
		_, out, _ = dateline(t, "explain", "--data-dir", dir, url)
		return strings.Contains(out, "1 attempt failed")
	})
	settle(t, p) // the ledger has the outcome of intake
	wants := []string{
		"place 1 of 1 in the queue of its host (lane fresh)", "server_error", "next attempt: in ",
		"why: the last attempt failed (server_error), the next one is at ",
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("explain lacks %q:\n%s", want, out)
		}
	}
	_, out, _ = dateline(t, "explain", "--data-dir", dir, url, "--json")
	if !strings.Contains(out, `{"waiting":{"url":"`+url) || !strings.Contains(out, `"attempts":1`) {
		t.Errorf("explain --json:\n%s", out)
	}

	// A context without a store answers over HTTP.
	u := user{t.TempDir(), t.TempDir()}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n")
	_, out = u.run(natstest.Context(t), t, "explain", url, "--context", "remote")
	for _, want := range append(wants, "intake") {
		if !strings.Contains(out, want) {
			t.Errorf("explain over HTTP lacks %q:\n%s", want, out)
		}
	}
}

// TestExplainNamesTheSharedAddress explains URLs on two hosts with one address, which take
// turns.
func TestExplainNamesTheSharedAddress(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	dir := t.TempDir()
	cfg := testConfig(dir)
	allowLoopback(&cfg)
	cfg.Data.NATSAddr, cfg.Fetcher.Delay, cfg.Fetcher.PerAddress = "127.0.0.1:0", 4*time.Second, true
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))

	urls := []string{site.URL + "/a", strings.Replace(site.URL, "127.0.0.1", "localhost", 1) + "/b"}
	for range 5 { // so that the hosts wait for some time
		urls = append(urls, urls[len(urls)-2]+"x", urls[len(urls)-1]+"x")
	}
	if code, out, errs := dateline(t, append([]string{"publish", "--data-dir", dir}, urls...)...); code != 0 {
		t.Fatalf("publish: %s%s", out, errs)
	}
	last := urls[len(urls)-2:]
	natstest.Eventually(t, "a host that waits for its turn", func() bool {
		return slices.ContainsFunc(last, func(url string) bool {
			_, text, _ := dateline(t, "explain", "--data-dir", dir, url)
			_, lines, _ := dateline(t, "explain", "--data-dir", dir, "--json", url)
			return strings.Contains(text, "shares its address with 1 other host, and they take turns") &&
				strings.Contains(lines, `"shared_by":1`)
		})
	})
}

// TestExplainNamesExpiredOutcomes explains URLs of a store whose older outcomes have expired.
func TestExplainNamesExpiredOutcomes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), testConfig(dir).StoreURL())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const url = "https://paper.example/ferry"
	fetched := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	_, err = s.Put(t.Context(), []*datelinev1.Article{{
		Id: "id-ferry", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "paper.example", Title: "Ferry",
		FetchTime: timestamppb.New(fetched), ContentHash: "1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	since := fetched.Add(30 * 24 * time.Hour)
	if _, _, err := s.ExpireOutcomes(t.Context(), since, since); err != nil {
		t.Fatal(err)
	}
	const note = "Outcomes from before 2026-04-03 have expired (indexer.keep-outcomes)"
	code, out, errs := dateline(t, "explain", "--data-dir", dir, url)
	if want := note + ": the article was first stored on 2026-03-04."; code != 0 || !strings.Contains(out, want) {
		t.Errorf("explain: exit status %d, %q%s; want %q", code, out, errs, want)
	}
	code, out, errs = dateline(t, "explain", "--data-dir", dir, url, "--json")
	if code != 0 || !strings.HasPrefix(out, `{"expired":"`+note) {
		t.Errorf("explain --json: exit status %d, %q%s; want %q", code, out, errs, note)
	}
	code, _, errs = dateline(t, "explain", "--data-dir", dir, url+"/absent")
	if code == 0 || !strings.Contains(errs, note+": the URL may have been published before") {
		t.Errorf("explain of an unknown URL: exit status %d, %q; want %q", code, errs, note)
	}

	// A context without a store answers over HTTP.
	_, js := natstest.Start(t)
	server := httptest.NewServer(web.Handler(web.Config{Addr: "127.0.0.1:0"}, web.Dependencies{
		Library: library.New(s, js), Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	u := user{t.TempDir(), t.TempDir()}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: "+server.URL+"}\n")
	for address, want := range map[string]string{
		url: note + ": the article was first stored", url + "/absent": note + ": the URL may have been",
	} {
		_, out := u.run(natstest.Context(t), t, "explain", address, "--context", "remote")
		if !strings.Contains(out, want) {
			t.Errorf("explain %s over HTTP: %q, want %q", address, out, want)
		}
	}
}
