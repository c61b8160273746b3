package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config web.Config
		want   string
	}{
		"default":          {web.DefaultConfig(), ""},
		"nothing served":   {web.Config{}, ""},
		"loopback by name": {web.Config{Addr: "localhost:80"}, ""},
		"IPv6 loopback":    {web.Config{Addr: "[::1]:80"}, ""},
		"open to all":      {web.Config{Addr: ":8080"}, "there is no read-token"},
		"open to a network": {web.Config{Addr: "192.168.0.7:8080", OperateToken: operateToken},
			"there is no read-token"},
		"open with tokens": {web.Config{Addr: ":8080", ReadToken: readToken, OperateToken: operateToken}, ""},
		"short token":      {web.Config{OperateToken: "secret"}, "use at least 16"},
		"same token twice": {web.Config{ReadToken: readToken, OperateToken: readToken}, "are the same"},
	} {
		err := c.config.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func cookie(token string) []string { return []string{"Cookie", "dateline_token=" + token} }

// newGuardedServer serves one article and requires tokens.
func newGuardedServer(t *testing.T) *testServer {
	server := newTestServer(t, web.Config{Addr: ":8080", ReadToken: readToken, OperateToken: operateToken})
	server.put(t, article("a", "A", "x", noon))
	return server
}

// TestGuard sends its requests in order: the last ones erase the article.
func TestGuard(t *testing.T) {
	server := newGuardedServer(t)
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/api/v1/articles", nil, 401},
		{"GET", "/api/v1/openapi.json", nil, 401},
		{"GET", "/api/v1/articles", bearer("wrong"), 401},
		{"GET", "/api/v1/articles", bearer(""), 401},
		{"GET", "/api/v1/articles", bearer(readToken), 200},
		{"GET", "/api/v1/articles", bearer(operateToken), 200},
		// The password is the token, the user name does not matter: any:the-token-of-readers,
		// and then the other way round.
		{"GET", "/api/v1/feed.atom", []string{"Authorization", "Basic YW55OnRoZS10b2tlbi1vZi1yZWFkZXJz"}, 200},
		{"GET", "/api/v1/feed.atom", []string{"Authorization", "Basic dGhlLXRva2VuLW9mLXJlYWRlcnM6YW55"}, 401},
		{"GET", "/", nil, 303},
		{"GET", "/articles/id-a-0000", nil, 303},
		{"GET", "/", cookie(readToken), 200},
		{"GET", "/static/style.css", nil, 200},
		{"GET", "/login", nil, 200},
		{"GET", "/nothing", bearer(readToken), 404},
		{"GET", "/api/v1/nothing", bearer(readToken), 404},
		{"DELETE", "/api/v1/articles/id-a-0000", nil, 401},
		{"DELETE", "/api/v1/articles/id-a-0000", bearer(readToken), 403},
		{"POST", "/articles/id-a-0000/erase", nil, 401},
		{"POST", "/articles/id-a-0000/erase", cookie(readToken), 403},
		{"POST", "/dead-letters/1/requeue", bearer(readToken), 403},
		// A page of another site makes the operator's browser send a request.
		{"POST", "/articles/id-a-0000/erase", append(cookie(operateToken), "Sec-Fetch-Site", "cross-site"), 403},
		{"POST", "/articles/id-a-0000/erase", append(cookie(operateToken), "Origin", "https://evil.test"), 403},
		{"GET", "/api/v1/articles/id-a-0000", bearer(readToken), 200},
		{"POST", "/articles/id-a-0000/erase", append(cookie(operateToken), "Sec-Fetch-Site", "same-origin"), 303},
		{"GET", "/api/v1/articles/id-a-0000", bearer(readToken), 404},
	} {
		if status, _, body := server.request(t, c.method, c.path, c.headers...); status != c.want {
			t.Errorf("%s %s %v: status %d, want %d: %.200s", c.method, c.path, c.headers, status, c.want, body)
		}
	}
}

// TestReadTokenAlone checks that readers need the token, and that an empty token of
// operators lets nobody operate.
func TestReadTokenAlone(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: ":8080", ReadToken: readToken})
	server.put(t, article("a", "A", "x", noon))
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/api/v1/articles/id-a-0000", nil, 401},
		{"GET", "/api/v1/articles/id-a-0000", bearer(""), 401},
		{"DELETE", "/api/v1/articles/id-a-0000", nil, 401},
		{"DELETE", "/api/v1/articles/id-a-0000", bearer(""), 401},
		{"DELETE", "/api/v1/articles/id-a-0000", bearer(readToken), 403},
		{"POST", "/articles/id-a-0000/erase", cookie(""), 401},
		{"POST", "/articles/id-a-0000/erase", cookie(readToken), 403},
		{"GET", "/api/v1/articles/id-a-0000", bearer(readToken), 200},
	} {
		if status, _, body := server.request(t, c.method, c.path, c.headers...); status != c.want {
			t.Errorf("%s %s %v: status %d, want %d: %.200s", c.method, c.path, c.headers, status, c.want, body)
		}
	}
}

func TestLogin(t *testing.T) {
	server := newGuardedServer(t)
	status, headers, _ := server.request(t, http.MethodGet, "/?q=a&host=b")
	if status != http.StatusSeeOther || headers.Get("Location") != "/login?next="+url.QueryEscape("/?q=a&host=b") {
		t.Errorf("a page without a token: status %d to %s, want 303 to the login", status, headers.Get("Location"))
	}
	for form, want := range map[string]struct {
		status int
		next   string
	}{
		"token=" + readToken + "&next=/sources":           {303, "/sources"},
		"token=" + operateToken + "&next=//evil.test/x":   {303, "/"},
		"token=" + readToken + "&next=https://evil.test/": {303, "/"},
		"token=" + readToken + "&next=/%5Cevil.test":      {303, "/"},
		"token=wrong&next=/":                              {403, ""},
		"token=&next=/":                                   {403, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/login", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		set, next := response.Header.Get("Set-Cookie"), response.Header.Get("Location")
		if response.StatusCode != want.status || next != want.next ||
			(want.status == http.StatusSeeOther) != strings.Contains(set, "HttpOnly; SameSite=Strict") {
			t.Errorf("logging in with %s: status %d to %q with cookie %q, want %d to %q",
				form, response.StatusCode, next, set, want.status, want.next)
		}
	}
}

func TestGuardWithoutTokens(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/", "localhost:8080", 200},
		{"GET", "/api/v1/articles", "[::1]:8080", 200},
		{"GET", "/api/v1/articles", "rebound.test", 421},
		{"DELETE", "/api/v1/articles/x", "localhost", 403},
		{"POST", "/dead-letters/1/requeue", "localhost", 403},
	} {
		if status, _, body := server.request(t, c.method, c.path, "Host", c.host); status != c.want {
			t.Errorf("%s %s of %s: status %d, want %d: %s", c.method, c.path, c.host, status, c.want, body)
		}
	}
}
