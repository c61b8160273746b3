package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func state(t *testing.T, bus *pipeline.Bus, name string) jetstream.StreamState {
	t.Helper()
	stream, err := bus.JS.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State
}

// TestNewsroom ingests the made-up newsroom, and expects of each URL what the
// newsroom says of it.
func TestNewsroom(t *testing.T) {
	t.Parallel()
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	dir := t.TempDir()
	code, ends := ingest(t, dir, urlFile(t, room.URLs()))
	if code != 1 {
		t.Errorf("exit code %d, want 1: some URLs lead to no article", code)
	}
	reasons := map[newsroom.Verdict][]string{
		newsroom.IsMissing: {"not_found"}, newsroom.IsDenied: {"robots_denied"}, newsroom.IsOther: {"not_html"},
		newsroom.IsCut: {"reset"}, newsroom.IsEndless: {"too_many_redirects"}, newsroom.IsList: {"no_article"},
		newsroom.IsTorn: {"empty", "broken_encoding", "no_article"},
	}
	articles := map[string]bool{}
	for _, want := range room.Expectations() {
		got := ends[want.URL]
		if len(got) != 1 {
			t.Errorf("%s ended %d times, want once", want.URL, len(got))
			continue
		}
		if want.Article == nil {
			if !slices.Contains(reasons[want.Want], got[0].Reason) {
				t.Errorf("%s (%s) ended in %s/%s", want.URL, want.Want, got[0].Verdict, got[0].Reason)
			}
			continue
		}
		articles[want.Canonical] = true
		if got[0].Article == nil {
			t.Errorf("%s (%s) led to no article: %s %s", want.URL, want.Want, got[0].Reason, got[0].Detail)
			continue
		}
		for _, paragraph := range want.Article.Paragraphs() {
			if !strings.Contains(got[0].Article.Text, paragraph) {
				t.Errorf("%s: the text lacks %.60q", want.URL, paragraph)
			}
		}
	}
	stats, err := openStore(t, dir).Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if int(stats.Articles) != len(articles) {
		t.Errorf("%d articles are stored, want %d", stats.Articles, len(articles))
	}
	checkLedger(t, dir, 0)
}

// trouble answers in every way that is wrong.
func trouble(t *testing.T) *httptest.Server {
	t.Helper()
	const page = "<!doctype html><html lang=en><title>Harbour</title><article><h1>Harbour reopens</h1><p>" +
		"The harbour of Tarn opened again on Monday after three weeks of repairs to its northern wall, the harbour master said.</p><p>" +
		"Eleven boats left within the first hour, and the fish market expects to sell again on Thursday, as it did before the storm.</p></article>"
	gone := t.Context().Done()
	mux := http.NewServeMux()
	html := func(path string, answer func(w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			answer(w, r)
		})
	}
	html("/good/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.ReplaceAll(page, "Tarn", r.URL.Path))
	})
	html("/silent", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	})
	html("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, "<p>", strings.Repeat("and on it goes ", 1000)); err != nil {
				return
			}
		}
	})
	html("/error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	html("/charset", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=iso-2022-kr")
		fmt.Fprint(w, page)
	})
	html("/picture", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 4096)...))
	})
	html("/empty", func(http.ResponseWriter, *http.Request) {})
	html("/later", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "User-agent: *\nDisallow: /private/\n")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// TestMixedLoad feeds good pages, every kind of trouble, duplicates, and
// messages that are no requests, and shows that each stage's inputs are its
// outcomes, with nothing left over.
func TestMixedLoad(t *testing.T) {
	t.Parallel()
	server := trouble(t)
	dir := t.TempDir()
	malformed := [][]byte{nil, {0xff, 0xfe, 0x00}, []byte("not a url"), []byte("ftp://example.com/a"), []byte(`{"uri": "https://example.com"}`), []byte("https://")}
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range malformed {
		if _, err := bus.JS.Publish(t.Context(), subject.URLs, data); err != nil {
			t.Fatal(err)
		}
	}
	lines := server.URL + "/good/line-1\n" + server.URL + "/good/line-2\n"
	if _, err := bus.JS.Publish(t.Context(), subject.URLs, []byte(lines)); err != nil {
		t.Fatal(err)
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}

	var urls []string
	for i := range 20 {
		urls = append(urls, fmt.Sprintf("%s/good/%d", server.URL, i))
	}
	want := map[string]string{
		"/silent": "timeout", "/endless": "", "/error": "server_error", "/picture": "not_html", "/missing": "not_found",
		"/private/a": "robots_denied", "/charset": "", "/empty": "empty",
	}
	for path := range want {
		urls = append(urls, server.URL+path)
	}
	urls = append(urls, server.URL+"/good/1?utm_source=x", "http://no-such-host.invalid/a", "https://127.0.0.1:1/refused")
	_, ends := ingest(t, dir, "--fetcher-header-timeout=3s", "--fetcher-connect-timeout=2s", "--fetcher-max-body-bytes=200000", urlFile(t, urls))
	for path, reason := range want {
		got := ends[server.URL+path]
		if len(got) != 1 || reason != "" && got[0].Reason != reason {
			t.Errorf("%s ended in %+v, want the reason %q once", path, got, reason)
		}
	}
	for url, reason := range map[string]string{"http://no-such-host.invalid/a": "dns", "https://127.0.0.1:1/refused": "connect"} {
		if got := ends[url]; len(got) != 1 || got[0].Reason != reason {
			t.Errorf("%s ended in %+v, want the reason %q once", url, got, reason)
		}
	}
	for _, url := range urls {
		if len(ends[url]) != 1 {
			t.Errorf("%s ended %d times", url, len(ends[url]))
		}
	}
	got := checkLedger(t, dir, 0)
	if n := got[datelinev1.Stage_STAGE_INTAKE].all; n != int64(len(urls)+len(malformed)+1+2) {
		t.Errorf("intake has %d outcomes for %d URLs, %d malformed messages and one of two lines", n, len(urls), len(malformed))
	}

	code, out, errText := dateline(t, "dead", "list", "--data", dir, "--stage", "intake")
	if code != 0 || strings.Count(out, "intake") < len(malformed) {
		t.Errorf("dead list: %d %s %s", code, out, errText)
	}
}

// TestPatience expects ingest to say so, rather than to wait, when a host asks
// for an hour, or cannot say what it allows.
func TestPatience(t *testing.T) {
	t.Parallel()
	server := trouble(t)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer silent.Close()
	_, ends := ingest(t, t.TempDir(), server.URL+"/later", silent.URL+"/a")
	for url, want := range map[string]string{server.URL + "/later": "too_many_requests", silent.URL + "/a": "robots_unreachable"} {
		if got := ends[url]; len(got) != 1 || got[0].Reason != want || got[0].Verdict != "dead" || !strings.Contains(got[0].Detail, "max-wait") {
			t.Errorf("%s ended in %+v, want the reason %s and why it does not wait", url, got, want)
		}
	}
}

// TestSeed serves one story in four markups, and expects the same record of
// each from the whole pipeline.
func TestSeed(t *testing.T) {
	t.Parallel()
	testdata := filepath.Join("..", "..", "services", "extractor", "article", "testdata")
	raw, err := os.ReadFile(filepath.Join(testdata, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Title, Section, Summary, Dateline, Language, Published string
		SiteName                                               string `json:"site_name"`
		Authors, Body                                          []string
		ReadingTimeMinutes                                     int32 `json:"reading_time_minutes"`
		Images                                                 []struct{ Alt, Caption, Credit string }
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(testdata)))
	defer server.Close()
	for _, name := range []string{"utility", "classic", "jsonld", "print"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			url := server.URL + "/" + name + ".html"
			if code, ends := ingest(t, dir, url); code != 0 {
				t.Fatalf("ingest: %+v", ends)
			}
			hit, err := openStore(t, dir).Article(t.Context(), url)
			got := hit.Article
			if err != nil {
				t.Fatal(err)
			}
			var authors []string
			for _, a := range got.GetAuthors() {
				authors = append(authors, a.GetName())
			}
			var body []string
			for _, block := range got.GetBody() {
				if block.GetText() != "" {
					body = append(body, block.GetText())
				}
			}
			compare := func(field string, got, want any) {
				t.Helper()
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s is %q, want %q", field, got, want)
				}
			}
			compare("title", got.GetTitle(), want.Title)
			compare("site_name", got.GetSiteName(), want.SiteName)
			compare("section", got.GetSection(), want.Section)
			compare("authors", authors, want.Authors)
			compare("summary", got.GetSummary(), want.Summary)
			compare("dateline", got.GetDateline(), want.Dateline)
			compare("language", got.GetLanguage(), want.Language)
			compare("reading time", got.GetReadingTimeMinutes(), want.ReadingTimeMinutes)
			day, err := time.Parse(time.DateOnly, want.Published)
			if err != nil {
				t.Fatal(err)
			}
			compare("published", got.GetPublished().GetValue().AsTime().Format(time.DateOnly), timestamppb.New(day).AsTime().Format(time.DateOnly))
			compare("body", body, want.Body)
			if len(got.GetImages()) != len(want.Images) {
				t.Fatalf("%d images, want %d", len(got.GetImages()), len(want.Images))
			}
			for i, image := range want.Images {
				compare("alt", got.GetImages()[i].GetAlt(), image.Alt)
				compare("caption", got.GetImages()[i].GetCaption(), image.Caption)
				compare("credit", got.GetImages()[i].GetCredit(), image.Credit)
			}
		})
	}
}

// TestSavedPage ingests a file without the fetcher.
func TestSavedPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page := filepath.Join("..", "..", "services", "extractor", "article", "testdata", "classic.html")
	code, ends := ingest(t, dir, page)
	if code != 0 || len(ends) != 1 {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	checkLedger(t, dir, 1)
}

// TestRequeue buries a URL, mends its site, and sends it again.
func TestRequeue(t *testing.T) {
	t.Parallel()
	broken := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			w.WriteHeader(http.StatusNotFound)
		case broken:
			w.WriteHeader(http.StatusBadGateway)
		default:
			http.ServeFile(w, r, filepath.Join("..", "..", "services", "extractor", "article", "testdata", "classic.html"))
		}
	}))
	defer server.Close()
	dir, url := t.TempDir(), server.URL+"/story"
	if code, ends := ingest(t, dir, url); code != 1 || ends[url][0].Reason != "server_error" {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	if _, out, _ := dateline(t, "dead", "list", "--data", dir, "--json"); strings.Count(out, `"reason":"server_error"`) != 1 {
		t.Fatalf("dead list: %s", out)
	}
	broken = false
	if code, out, errText := dateline(t, "dead", "requeue", "--data", dir, "--all"); code != 0 || !strings.Contains(out, "1 dead") {
		t.Fatalf("dead requeue: %d %s %s", code, out, errText)
	}
	// The next run on the folder takes it up; another URL gives it a reason to run.
	code, ends := ingest(t, dir, url)
	if code != 0 || ends[url][0].Article == nil {
		t.Fatalf("exit code %d, ends %+v", code, ends)
	}
	if _, out, _ := dateline(t, "explain", "--data", dir, url); !strings.Contains(out, "produced") {
		t.Errorf("explain: %s", out)
	}
}
