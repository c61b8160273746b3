package fetcher_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/fetcher"
)

// fetchOne fetches a page without a pipeline, and returns its body.
func fetchOne(t *testing.T, url string) (string, error) {
	t.Helper()
	page, err := fetcher.FetchOne(t.Context(), quickConfig(), url)
	return string(page.GetBody()), err
}

// TestRedirectTargetsAreFetchedAsGiven has a site that redirects until the URL has
// the session id or the marker that the canonical form lacks.
func TestRedirectTargetsAreFetchedAsGiven(t *testing.T) {
	const aspSession = "/(S(lit3py55t21z5v55vlm25s55))"
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.URL.Path == "/java":
			http.Redirect(w, r, "/java;jsessionid=1A2B", http.StatusFound)
		case r.URL.Path == "/asp":
			http.Redirect(w, r, aspSession+"/asp", http.StatusFound)
		case r.URL.Path == "/consent" && r.URL.Query().Get("utm_source") == "":
			http.Redirect(w, r, "/consent?utm_source=consent", http.StatusFound)
		default:
			html(w, "<p>the article")
		}
	})
	for _, path := range []string{"/java", "/asp", "/consent"} {
		publish(t, js, site.URL+path)
		if body, err := fetchOne(t, site.URL+path); err != nil || !strings.Contains(body, "the article") {
			t.Errorf("%s without a pipeline: %v", path, err)
		}
	}
	run(t, nc, js, quickConfig())
	for _, o := range waitForOutcomes(t, js, fetch, 3) {
		if got := endingOf(o); got != (ending{produced, ""}) {
			t.Errorf("%s ended as %v: %s", o.Url, got, o.Detail)
		}
	}
	for _, p := range pages(t, js) {
		if p.GetFinalUrl() != p.GetRequestedUrl() {
			t.Errorf("the final URL of %s is %s, not in canonical form", p.GetRequestedUrl(), p.GetFinalUrl())
		}
	}
}

// TestRobotsRulesApplyToTheTargetAsGiven disallows the URL that a redirect gives, but
// not its canonical form.
func TestRobotsRulesApplyToTheTargetAsGiven(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			fmt.Fprint(w, "User-agent: *\nDisallow: /*;jsessionid\n")
		case "/a":
			http.Redirect(w, r, "/a;jsessionid=1A2B", http.StatusFound)
		default:
			html(w, "<p>the article")
		}
	})
	publish(t, js, site.URL+"/a")
	run(t, nc, js, quickConfig())
	if got := endingOf(waitForOutcomes(t, js, fetch, 1)[0]); got != (ending{rejected, "robots_denied"}) {
		t.Errorf("ended as %v", got)
	}
	if _, err := fetchOne(t, site.URL+"/a"); err == nil || !strings.Contains(err.Error(), "disallows") {
		t.Errorf("without a pipeline: %v", err)
	}
}

// TestCookiesAreReturnedUnchanged has a site that compares the cookies of a redirect
// byte by byte.
func TestCookiesAreReturnedUnchanged(t *testing.T) {
	for _, cookie := range []string{
		"plain=1", `quoted="a b"`, `json={"consent":true,"by":"a"}`, "city=Zürich", "spaces=a b, c", "bracket[x]=1",
		"equals=a=b", "latin=Z\xfcrich",
	} {
		for _, path := range []string{"/a", "/100%", "/100%/b"} {
			site := serveRaw(t, func(request string) string {
				target, _, _ := strings.Cut(strings.TrimPrefix(request, "GET "), " ")
				switch {
				case target == "/robots.txt":
					return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
				case strings.Contains(request, "\r\nCookie: "+cookie+"\r\n"):
					return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>the article"
				}
				return "HTTP/1.1 302 Found\r\nLocation: " + target + "\r\nSet-Cookie: " + cookie +
					"; Path=/; SameSite=Lax\r\nContent-Length: 0\r\n\r\n"
			})
			if _, err := fetchOne(t, site+path); err != nil {
				t.Errorf("%s for %s: %v", cookie, path, err)
			}
		}
	}
}

// TestCookiesThatAreNotUTF8 has a chain of redirects through two hosts, of which the
// second compares the cookies of the first byte by byte.
func TestCookiesThatAreNotUTF8(t *testing.T) {
	const cookie, name = "city=Z\xfcrich", "\xe9t\xe9=1"
	second := serveRaw(t, func(request string) string {
		if strings.Contains(request, "\r\nCookie: "+cookie+"; "+name+"\r\n") {
			return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>the article"
		}
		return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	})
	first := serveRaw(t, func(request string) string {
		if !strings.HasPrefix(request, "GET /a ") {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		return "HTTP/1.1 302 Found\r\nLocation: " + second + "/b\r\nSet-Cookie: " + cookie +
			"; Path=/\r\nSet-Cookie: " + name + "; Path=/\r\nContent-Length: 0\r\n\r\n"
	})
	nc, js := natstest.Start(t)
	run(t, nc, js, quickConfig())
	publish(t, js, first+"/a")
	if o := waitForOutcomes(t, js, fetch, 1)[0]; endingOf(o) != (ending{produced, ""}) {
		t.Errorf("ended as %v: %s", endingOf(o), o.GetDetail())
	}
}

// TestRobotsRedirectsWithoutAPipeline redirects robots.txt.
func TestRobotsRedirectsWithoutAPipeline(t *testing.T) {
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			http.Redirect(w, r, "/rules/robots.txt", http.StatusMovedPermanently)
		case "/rules/robots.txt":
			fmt.Fprint(w, "User-agent: *\nDisallow: /closed\n")
		default:
			html(w, "<p>the article")
		}
	})
	if _, err := fetchOne(t, site.URL+"/closed"); err == nil || !strings.Contains(err.Error(), "disallows") {
		t.Errorf("a disallowed page: %v", err)
	}
	if site.count("/closed") != 0 {
		t.Error("the disallowed page was fetched")
	}
	if _, err := fetchOne(t, site.URL+"/open"); err != nil {
		t.Error(err)
	}
}
