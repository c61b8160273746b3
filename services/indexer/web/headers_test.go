package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestHeaders checks the headers of each kind of response.
func TestHeaders(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t)
	_, _, page := server.request(t, http.MethodGet, "/", bearer(readToken)...)
	style := regexp.MustCompile(`/static/style\.css\?v=\w+`).FindString(page)
	if style == "" {
		t.Fatalf("the page has no style sheet: %s", page)
	}
	const html, problem, private = "text/html; charset=utf-8", "application/problem+json", "private, no-cache"
	for _, c := range []struct {
		method, path, token string
		status              int
		contentType, cache  string
		further             []string // a name and a value, in turn
	}{
		{"GET", "/", readToken, 200, html, private, nil},
		{"GET", "/nothing", readToken, 404, html, private, nil},
		{"GET", "/tokens", operateToken, 200, html, private, nil},
		{"GET", style, "", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable", nil},
		{"GET", "/static/style.css?v=0", "", 200, "text/css; charset=utf-8", "public, max-age=3600", nil},
		{"GET", "/static/page.js", "", 200, "text/javascript; charset=utf-8", "public, max-age=3600", nil},
		{"GET", "/api/v1/articles", readToken, 200, "application/json", private, nil},
		{"GET", "/api/v1/articles/none", readToken, 404, problem, private, nil},
		{"GET", "/api/v1/nothing", readToken, 404, problem, private, nil},
		{"GET", "/api/v1/feed.atom", readToken, 200, "application/atom+xml; charset=utf-8", private, nil},
		{"GET", "/api/v1/feed.json", readToken, 200, "application/feed+json; charset=utf-8", private, nil},
		{"GET", "/api/v1/export?format=csv", readToken, 200, "text/csv; charset=utf-8", private,
			[]string{"Content-Disposition", `attachment; filename="articles.csv"`}},
		{"GET", "/api/v1/articles", "", 401, problem, private, []string{"WWW-Authenticate", `Bearer realm="dateline"`}},
		{"DELETE", "/api/v1/articles/id-a-0000", readToken, 403, problem, private, nil},
		{"POST", "/logout", "", 303, "", private, []string{
			"Location", "/", "Set-Cookie", "dateline_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"}},
	} {
		status, headers, body := server.request(t, c.method, c.path, bearer(c.token)...)
		if status != c.status {
			t.Errorf("%s %s: status %d, want %d: %.200s", c.method, c.path, status, c.status, body)
		}
		for want := range slices.Chunk(append([]string{
			"Content-Type", c.contentType, "Cache-Control", c.cache, "X-Content-Type-Options", "nosniff",
			"Referrer-Policy", "no-referrer", "Cross-Origin-Opener-Policy", "same-origin",
			"Cross-Origin-Resource-Policy", "same-origin",
		}, c.further...), 2) {
			if got := headers.Get(want[0]); got != want[1] {
				t.Errorf("%s %s: the header %s is %q, want %q", c.method, c.path, want[0], got, want[1])
			}
		}
		if policy := headers.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s %s: Content-Security-Policy %q", c.method, c.path, policy)
		}
	}
}

// TestCreatedTokenIsNotCached checks the page that shows a token once.
func TestCreatedTokenIsNotCached(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/tokens",
		strings.NewReader("name=alice&scope=read&days=30"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+operateToken)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Cache-Control"); response.StatusCode != http.StatusOK || got != "no-store" {
		t.Errorf("status %d, Cache-Control %q; want 200 and no-store", response.StatusCode, got)
	}
}

// TestTailIsNotBuffered checks that a proxy neither holds the events back nor keeps them.
func TestTailIsNotBuffered(t *testing.T) {
	t.Parallel()
	server := newTestServer(t, web.DefaultConfig())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/tail", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("the header %s is %q, want %q", name, got, want)
		}
	}
}

// TestTitles checks that each page has its own title, and that the navigation marks it.
func TestTitles(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t)
	server.put(t, article("b", "B", "x y", noon), article("untitled", "", "z", noon))
	changed := article("b", "B", "x y z", noon)
	server.put(t, changed)
	for _, c := range []struct{ path, title, marked string }{
		{"/", "Articles", "/"},
		{"/?q=ferry", "ferry", "/"},
		{"/values?field=tag", "Tags", ""},
		{"/searches", "Saved searches", ""},
		{"/articles/id-b-0000", "B", ""},
		{"/articles/id-untitled-0000", "https://example.com/untitled", ""},
		{"/articles/id-b-0000/changes", "Changes: B", ""},
		{"/pipeline", "Pipeline", "/pipeline"},
		{"/sources", "Sources", "/sources"},
		{"/sources/example.com", "The Example", "/sources"},
		{"/discovery", "Discovery", "/discovery"},
		{"/subscriptions", "Subscriptions", "/subscriptions"},
		{"/urls", "URLs", "/urls"},
		{"/urls?url=https://example.com/b", "https://example.com/b", "/urls"},
		{"/dead-letters", "Dead letters", "/dead-letters"},
		{"/dead-letters?stage=notify", "Dead letters", "/dead-letters"},
		{"/tokens", "Tokens", "/tokens"},
		{"/audit", "Audit log", "/tokens"},
		{"/api", "API", ""},
		{"/login", "Log in", ""},
		{"/nothing", "Not Found", ""},
		{"/hosts/example.com", "example.com", ""},
	} {
		_, _, body := server.request(t, http.MethodGet, c.path, bearer(operateToken)...)
		if want := fmt.Sprintf("<title>%s – Dateline</title>", c.title); !strings.Contains(body, want) {
			t.Errorf("%s has the title %q, want %q", c.path, regexp.MustCompile(`<title>.*`).FindString(body), want)
		}
		marked := regexp.MustCompile(`<a href="([^"]*)" aria-current="page"`).FindAllStringSubmatch(body, -1)
		if c.marked == "" && len(marked) > 0 || c.marked != "" && (len(marked) != 1 || marked[0][1] != c.marked) {
			t.Errorf("%s: the navigation marks %q, want %q", c.path, marked, c.marked)
		}
	}
}

// TestRequestsAreMeasured counts the durations of requests by part and class.
func TestRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t)
	wanted := map[string]uint64{"api 3xx": 0, "api 5xx": 0, "page 5xx": 0}
	for i, c := range []struct{ method, path, token, labels string }{
		{"GET", "/", readToken, "page 2xx"},
		{"GET", "/", "", "page 3xx"},
		{"GET", "/nothing", readToken, "page 4xx"},
		{"GET", "/api/v1/articles", readToken, "api 2xx"},
		{"GET", "/api/v1/articles", "", "api 4xx"},
	} {
		for range i + 1 {
			server.request(t, c.method, c.path, bearer(c.token)...)
		}
		wanted[c.labels] = uint64(i + 1)
	}
	families, err := server.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, family := range families {
		if family.GetName() != "dateline_http_request_duration_seconds" {
			continue
		}
		for _, one := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range one.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			got[labels["part"]+" "+labels["class"]] = one.GetHistogram().GetSampleCount()
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("the requests are counted as %v, want %v", got, wanted)
	}
}
