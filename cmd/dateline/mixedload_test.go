package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// faultySite serves good pages below /good/, and one page for each kind of fault.
func faultySite(t *testing.T) *httptest.Server {
	t.Helper()
	ended := t.Context().Done()
	mux := http.NewServeMux()
	html := func(path string, answer func(w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			answer(w, r)
		})
	}
	html("/good/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, harbourPage(r.URL.Path))
	})
	html("/silent", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
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
	html("/charset", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=iso-2022-kr")
		fmt.Fprint(w, harbourPage(r.URL.Path))
	})
	html("/picture", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 4096)...))
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

// malformedMessages are messages that do not contain a URL to fetch.
func malformedMessages() [][]byte {
	return [][]byte{
		nil, {0xff, 0xfe, 0x00}, []byte("not a url"), []byte("ftp://example.com/a"),
		[]byte(`{"uri": "https://example.com"}`), []byte("https://"),
	}
}

// TestMixedLoad ingests good pages, every kind of fault, duplicates and malformed
// messages. Each stage must have as many outcomes as inputs, and nothing may be left.
func TestMixedLoad(t *testing.T) {
	t.Parallel()
	server := faultySite(t)
	dir, malformed := t.TempDir(), malformedMessages()
	lines := server.URL + "/good/line-1\n" + server.URL + "/good/line-2\n"
	publishMessages(t, dir, append(malformed, []byte(lines)))

	var urls []string
	for i := range 20 {
		urls = append(urls, fmt.Sprintf("%s/good/%d", server.URL, i))
	}
	// Pages whose reason is empty may end in several ways.
	want := map[string]outcome.Reason{
		server.URL + "/silent":          outcome.Timeout,
		server.URL + "/endless":         "",
		server.URL + "/error":           outcome.ServerError,
		server.URL + "/picture":         outcome.NotHTML,
		server.URL + "/missing":         outcome.NotFound,
		server.URL + "/private/a":       outcome.RobotsDenied,
		server.URL + "/charset":         "",
		server.URL + "/empty":           outcome.Empty,
		"http://no-such-host.invalid/a": outcome.DNS,
		"https://127.0.0.1:1/refused":   outcome.Connect,
	}
	for url := range want {
		urls = append(urls, url)
	}
	urls = append(urls, server.URL+"/good/1?utm_source=x")
	// The timeout for headers is long enough for good pages on a slow machine.
	_, ends := ingest(t, dir, "--fetcher-header-timeout=3s", "--fetcher-connect-timeout=2s",
		"--fetcher-max-body-bytes=200000", urlFile(t, urls))
	for _, url := range urls {
		if len(ends[url]) != 1 {
			t.Errorf("%s ended %d times, want once", url, len(ends[url]))
		}
	}
	for url, reason := range want {
		if got := ends[url]; len(got) == 1 && reason != "" && got[0].Reason != reason {
			t.Errorf("%s ended with %+v, want the reason %q", url, got, reason)
		}
	}
	got := checkLedger(t, dir, 0)
	// The message with two lines has an outcome itself, and one for each line.
	if n := got[datelinev1.Stage_STAGE_INTAKE].all; n != int64(len(urls)+len(malformed)+1+2) {
		t.Errorf("intake has %d outcomes for %d URLs, %d malformed messages and one message of two lines",
			n, len(urls), len(malformed))
	}
	code, out, errText := dateline(t, "dead", "list", "--data", dir, "--stage", "intake")
	if code != 0 || strings.Count(out, "intake") < len(malformed) {
		t.Errorf("dead list: exit code %d\n%s%s", code, out, errText)
	}
}

// publishMessages publishes messages on the subject of URLs.
func publishMessages(t *testing.T, dir string, messages [][]byte) {
	t.Helper()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range messages {
		if _, err := bus.JS.Publish(t.Context(), subject.URLs, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMaxWait has a host that asks for an hour of patience, and one whose robots.txt is
// unavailable. ingest must give up at once and name the setting max-wait.
func TestMaxWait(t *testing.T) {
	t.Parallel()
	server := faultySite(t)
	unavailable := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer unavailable.Close()
	_, ends := ingest(t, t.TempDir(), server.URL+"/later", unavailable.URL+"/a")
	for url, want := range map[string]outcome.Reason{
		server.URL + "/later":  outcome.TooManyRequests,
		unavailable.URL + "/a": outcome.RobotsUnreachable,
	} {
		got := ends[url]
		if len(got) != 1 || got[0].Reason != want || got[0].Verdict != "dead" ||
			!strings.Contains(got[0].Detail, "max-wait") {
			t.Errorf("%s ended with %+v, want a dead letter with the reason %s that names max-wait", url, got, want)
		}
	}
}
