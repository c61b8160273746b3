package fetcher_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/fetcher"
)

// refreshing serves pages that are empty except for a refresh.
func refreshing(t *testing.T, elsewhere string) *web {
	t.Helper()
	leadTo := func(w http.ResponseWriter, url string) {
		html(w, fmt.Sprintf(`<meta http-equiv="refresh" content="0; url=%s">One moment, please.`, url))
	}
	return newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; path {
		case "/robots.txt":
			fmt.Fprint(w, "User-agent: *\nDisallow: /closed\n")
		case "/meta":
			leadTo(w, "/article;session=1")
		case "/header":
			w.Header().Set("Refresh", "1; url=/article")
			html(w, "")
		case "/away":
			leadTo(w, elsewhere+"/article")
		case "/cookie":
			if _, err := r.Cookie("seen"); err == nil {
				html(w, "<p>the article")
				return
			}
			w.Header().Set("Set-Cookie", "seen=1")
			leadTo(w, "/cookie")
		case "/loop":
			leadTo(w, "/loop2")
		case "/loop2":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/self":
			leadTo(w, "/self")
		case "/to-closed":
			leadTo(w, "/closed")
		case "/live":
			html(w, `<meta http-equiv="refresh" content="5; url=/other"><p>the article `+filler(1000))
		default:
			html(w, "<p>the article")
		}
	})
}

// TestRefreshIsFollowed checks that a refresh on an otherwise empty page is followed like
// a redirect.
func TestRefreshIsFollowed(t *testing.T) {
	nc, js := natstest.Start(t)
	elsewhere := newWeb(t, page)
	site := refreshing(t, elsewhere.URL)
	want := map[string]ending{
		"/meta": {produced, ""}, "/header": {produced, ""}, "/away": {produced, ""}, "/cookie": {produced, ""},
		"/live": {produced, ""}, "/loop": {rejected, "too_many_redirects"}, "/self": {rejected, "too_many_redirects"},
		"/to-closed": {rejected, "robots_denied"},
	}
	for path := range want {
		publish(t, js, site.URL+path)
	}
	run(t, nc, js, quickConfig())
	for _, o := range waitForOutcomes(t, js, fetch, len(want)) {
		if path := strings.TrimPrefix(o.Url, site.URL); endingOf(o) != want[path] {
			t.Errorf("%s ended as %v (%s), want %v", path, endingOf(o), o.Detail, want[path])
		}
	}
	for _, p := range pages(t, js) {
		path := strings.TrimPrefix(p.GetRequestedUrl(), site.URL)
		redirects := 1
		if path == "/live" {
			redirects = 0
		}
		if len(p.GetRedirects()) != redirects {
			t.Errorf("%s has the redirects %v, want %d", path, p.GetRedirects(), redirects)
		}
	}
	if site.count("/closed") > 0 || site.count("/other") > 0 || elsewhere.count("/robots.txt") != 1 {
		t.Errorf("requests: %v, elsewhere %v", site.requests(), elsewhere.requests())
	}
}

// TestRefreshWithoutAPipeline follows a refresh for `dateline extract URL`.
func TestRefreshWithoutAPipeline(t *testing.T) {
	elsewhere := newWeb(t, page)
	site := refreshing(t, elsewhere.URL)
	for _, path := range []string{"/meta", "/header", "/away", "/cookie", "/live"} {
		if body, err := fetchOne(t, site.URL+path); err != nil || !strings.Contains(body, "article") {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	for path, want := range map[string]string{"/loop": "redirects", "/to-closed": "disallows"} {
		if _, err := fetchOne(t, site.URL+path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRedirectsWithoutAPipeline follows as many redirects as allowed, and no more.
func TestRedirectsWithoutAPipeline(t *testing.T) {
	const most = 3
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		left, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/left/"))
		switch {
		case err != nil:
			http.NotFound(w, r)
		case left > 0:
			http.Redirect(w, r, fmt.Sprint("/left/", left-1), http.StatusFound)
		default:
			page(w, r)
		}
	})
	config := quickConfig()
	config.MaxRedirects = most
	for redirects, works := range map[int]bool{0: true, most: true, most + 1: false} {
		got, err := fetcher.FetchOne(t.Context(), config, fmt.Sprint(site.URL, "/left/", redirects))
		if (err == nil) != works {
			t.Errorf("%d redirects: %v", redirects, err)
		}
		if works && (len(got.GetRedirects()) != redirects || got.GetFinalUrl() != site.URL+"/left/0" ||
			got.GetRequestedUrl() != fmt.Sprint(site.URL, "/left/", redirects) || got.GetStatus() != 200) {
			t.Errorf("%d redirects: %v", redirects, got)
		}
	}
	for _, missing := range []string{site.URL + "/missing", "http://localhost:1/", "not a URL"} {
		if got, err := fetcher.FetchOne(t.Context(), config, missing); err == nil {
			t.Errorf("%s: %v", missing, got)
		}
	}
}
