package web_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// newToken creates a token before the server has read any.
func newToken(t *testing.T, server *testServer, name string, scope access.Scope, life time.Duration) string {
	t.Helper()
	now := time.Now()
	text, _, err := access.Of(server.store).Create(t.Context(), name, []access.Scope{scope}, now.Add(life),
		now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// auditOf returns what the audit log has, oldest first.
func auditOf(t *testing.T, server *testServer) []access.Entry {
	t.Helper()
	entries, err := access.Of(server.store).Entries(t.Context(), access.EntryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(entries) / 2 {
		entries[i], entries[len(entries)-1-i] = entries[len(entries)-1-i], entries[i]
	}
	return entries
}

// TestScopes sends its requests in order: one of the last ones erases the article.
func TestScopes(t *testing.T) {
	server := newGuardedServer(t)
	reads := newToken(t, server, "rita", access.Read, time.Hour)
	subscribes := newToken(t, server, "sam", access.Subscribe, time.Hour)
	operates := newToken(t, server, "olga", access.Operate, time.Hour)
	expired := newToken(t, server, "eve", access.Operate, -time.Minute)
	const search = "name=Ferries&query=q%3Dferry"
	for _, c := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/api/v1/articles", reads, 200},
		{"GET", "/api/v1/articles", subscribes, 200},
		{"GET", "/api/v1/articles", expired, 401},
		{"GET", "/api/v1/articles", "dateline_" + strings.Repeat("A", 26), 401},
		{"POST", "/searches", reads, 403},
		{"POST", "/searches", subscribes, 303},
		{"GET", "/searches", reads, 200},
		{"DELETE", "/api/v1/articles/id-a-0000", reads, 403},
		{"DELETE", "/api/v1/articles/id-a-0000", subscribes, 403},
		{"DELETE", "/api/v1/articles/id-a-0000", expired, 401},
		{"GET", "/api/v1/tokens", reads, 403},
		{"GET", "/api/v1/audit", subscribes, 403},
		{"GET", "/tokens", readToken, 403},
		{"GET", "/audit", readToken, 403},
		{"DELETE", "/api/v1/articles/id-a-0000", operates, 200},
		{"POST", "/dead-letters/99/drop", operateToken, 404},
		{"GET", "/api/v1/export?format=csv&q=ferry", reads, 200},
		{"GET", "/api/v1/tokens", operates, 200},
		{"GET", "/audit", operateToken, 200},
	} {
		status, body := server.form(t, c.method, c.path, c.token, search)
		if status != c.want {
			t.Errorf("%s %s: status %d, want %d: %.200s", c.method, c.path, status, c.want, body)
		}
	}
	want := []access.Entry{
		{Actor: "sam", Action: "search", Object: "/searches", Result: "done"},
		{Actor: "olga", Action: "erase", Object: "/api/v1/articles/id-a-0000", Result: "done"},
		{Actor: "operate-token", Action: "drop", Object: "/dead-letters/99/drop", Result: "failed with status 404"},
		{Actor: "rita", Action: "export", Object: "/api/v1/export?format=csv&q=ferry", Result: "done"},
	}
	got := auditOf(t, server)
	if len(got) != len(want) {
		t.Fatalf("the audit log has %+v, want %+v", got, want)
	}
	for i, entry := range got {
		entry.ID, entry.Time = 0, time.Time{}
		if entry != want[i] {
			t.Errorf("entry %d of the audit log is %+v, want %+v", i, entry, want[i])
		}
	}
}

// form sends a request with a token and, unless it only reads, a form.
func (server *testServer) form(t *testing.T, method, path, token, form string) (status int, body string) {
	t.Helper()
	if method != http.MethodPost {
		status, _, body = server.request(t, method, path, bearer(token)...)
		return status, body
	}
	return server.sendBodyWith(t, token, path, "application/x-www-form-urlencoded", form)
}

// TestWithoutAuditLog checks that nothing is changed if the audit log cannot be written.
func TestWithoutAuditLog(t *testing.T) {
	server := newGuardedServer(t)
	if _, err := server.store.SQL().Writer.ExecContext(t.Context(), "DROP TABLE audit_log"); err != nil {
		t.Fatal(err)
	}
	if status, _, body := server.request(t, "DELETE", "/api/v1/articles/id-a-0000",
		bearer(operateToken)...); status != 503 {
		t.Errorf("erasing without the audit log: status %d, want 503: %s", status, body)
	}
	if status, _, body := server.request(t, "GET", "/api/v1/articles/id-a-0000", bearer(readToken)...); status != 200 {
		t.Errorf("the article after that: status %d, want 200: %s", status, body)
	}
}

func TestTokensPage(t *testing.T) {
	server := newGuardedServer(t)
	status, body := server.form(t, "POST", "/tokens", operateToken, "name=alice&scope=subscribe&days=30")
	shown := regexp.MustCompile(`dateline_[A-Z2-7]{26}`).FindString(body)
	if status != 200 || shown == "" {
		t.Fatalf("creating a token: status %d, and the page shows no token: %s", status, body)
	}
	if status, _, _ := server.request(t, "GET", "/searches", bearer(shown)...); status != 200 {
		t.Errorf("the token that the page shows: status %d, want 200", status)
	}
	tokens, err := access.Of(server.store).Tokens(t.Context())
	if err != nil || len(tokens) != 1 || !tokens[0].ExpiryTime.Equal(tokens[0].AddTime.AddDate(0, 0, 30)) {
		t.Errorf("the tokens are %+v, %v; want one that expires after 30 days", tokens, err)
	}
	_, _, body = server.request(t, "GET", "/tokens", bearer(operateToken)...)
	if strings.Contains(body, shown) || !strings.Contains(body, "alice") || !strings.Contains(body, "subscribe") {
		t.Errorf("the list of tokens must have alice and not the token: %s", body)
	}
	for form, want := range map[string]string{
		"name=alice&scope=read":        "one has this name",
		"name=a+b&scope=read":          "lower-case",
		"name=b&scope=root":            "does not exist",
		"name=b&scope=read&days=x":     "not a number of days",
		"name=b&scope=read&days=-1":    "not a number of days",
		"name=b&scope=read&days=99999": "not a number of days",
	} {
		if status, body := server.form(t, "POST", "/tokens", operateToken, form); status != 400 ||
			!strings.Contains(body, want) {
			t.Errorf("creating %s: status %d, want 400 with %q: %s", form, status, want, body)
		}
	}
	if status, body := server.form(t, "POST", "/tokens/alice/revoke", operateToken, ""); status != 303 {
		t.Errorf("revoking: status %d, want 303: %s", status, body)
	}
	if _, _, body := server.request(t, "GET", "/tokens", bearer(operateToken)...); !strings.Contains(body, "No tokens.") {
		t.Errorf("the list after revoking: %s", body)
	}
	_, _, body = server.request(t, "GET", "/audit?action=token", bearer(operateToken)...)
	if !strings.Contains(body, "/tokens/alice/revoke") || !strings.Contains(body, "operate-token") ||
		strings.Contains(body, shown) {
		t.Errorf("the audit log: %s", body)
	}
}

func TestTokensOfTheAPI(t *testing.T) {
	server := newGuardedServer(t)
	status, body := server.sendBody(t, "/api/v1/tokens", "application/json",
		`{"name": "bot", "scopes": ["operate"], "expiry_time": "2126-03-04T05:06:07Z"}`)
	var created struct{ Name, Token string }
	if err := json.Unmarshal([]byte(body), &created); err != nil || status != 201 || created.Name != "bot" ||
		!strings.HasPrefix(created.Token, "dateline_") {
		t.Fatalf("creating a token: status %d, %v: %s", status, err, body)
	}
	tokens, err := access.Of(server.store).Tokens(t.Context())
	if err != nil || len(tokens) != 1 || time.Until(tokens[0].AddTime) > 0 ||
		!tokens[0].ExpiryTime.Equal(time.Date(2126, 3, 4, 5, 6, 7, 0, time.UTC)) {
		t.Errorf("the tokens are %+v, %v; want one that expires in 2126", tokens, err)
	}
	if status, body := server.sendBody(t, "/api/v1/tokens", "application/json",
		`{"name": "Bot", "scopes": ["operate"]}`); status != 400 || !strings.Contains(body, "lower-case") {
		t.Errorf("a bad name: status %d, want 400: %s", status, body)
	}
	if status, _, body := server.request(t, "DELETE", "/api/v1/tokens/bot", bearer(created.Token)...); status != 204 {
		t.Errorf("a token that revokes itself: status %d, want 204: %s", status, body)
	}
	if status, _, body := server.request(t, "DELETE", "/api/v1/tokens/bot", bearer(operateToken)...); status != 404 {
		t.Errorf("revoking again: status %d, want 404: %s", status, body)
	}
	_, _, body = server.request(t, "GET", "/api/v1/audit?actor=bot", bearer(operateToken)...)
	var entries []access.Entry
	if err := json.Unmarshal([]byte(body), &entries); err != nil || len(entries) != 1 || entries[0].Action != "token" ||
		entries[0].Result != "done" {
		t.Errorf("the audit log of bot is %s, %v", body, err)
	}
}

// TestPagesOfTheAuditLog follows the link to older entries, which keeps the filter.
func TestPagesOfTheAuditLog(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t)
	all := access.Of(server.store)
	for i := range 102 {
		for _, one := range [][2]string{{"alice", "erase"}, {"alice", "drop"}, {"bob", "erase"}} {
			id, err := all.Begin(t.Context(), one[0], one[1], fmt.Sprintf("object-%s-%s-%03d", one[0], one[1], i), noon)
			if err != nil {
				t.Fatal(err)
			}
			if err := all.End(t.Context(), id, "result of "+one[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	objects := regexp.MustCompile(`object-\w+-\w+-\d+`)
	path, seen := "/audit?actor=alice&action=erase", 0
	for n, want := range []int{100, 2} {
		status, _, body := server.request(t, "GET", path, bearer(operateToken)...)
		found := objects.FindAllString(body, -1)
		if status != 200 || len(found) != want {
			t.Fatalf("page %d, %s: status %d with %d entries, want %d", n+1, path, status, len(found), want)
		}
		for _, object := range found {
			if seen++; object != fmt.Sprintf("object-alice-erase-%03d", 102-seen) {
				t.Errorf("page %d: entry %d is %s", n+1, seen, object)
			}
		}
		link := regexp.MustCompile(`href="(/audit\?[^"]*before=[^"]*)"`).FindStringSubmatch(body)
		if (link != nil) != (n == 0) {
			t.Fatalf("page %d links to %q", n+1, link)
		}
		if link != nil {
			path = html.UnescapeString(link[1])
		}
	}
	if status, _, body := server.request(t, "GET", "/audit?before=x", bearer(operateToken)...); status != 400 {
		t.Errorf("before=x: status %d, want 400: %s", status, body)
	}
}

// TestLogInWithAStoredToken checks that one logs in with a token of the store, also if the settings have none.
func TestLogInWithAStoredToken(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	server.put(t, article("a", "A", "x", noon))
	text := newToken(t, server, "olga", access.Operate, time.Hour)
	_, _, body := server.request(t, "GET", "/")
	if !strings.Contains(body, `href="/login"`) {
		t.Error("the page has no link to log in, though a token exists")
	}
	if status, body := server.sendBodyWith(t, "", "/login", "application/x-www-form-urlencoded",
		"token="+text); status != 303 {
		t.Errorf("logging in: status %d, want 303: %s", status, body)
	}
	if status, body := server.sendBodyWith(t, "", "/login", "application/x-www-form-urlencoded",
		"token=anything"); status != 403 {
		t.Errorf("logging in with another text: status %d, want 403: %s", status, body)
	}
	if _, _, body := server.request(t, "GET", "/articles/id-a-0000", cookie(text)...); !strings.Contains(body, "/erase") {
		t.Error("the page of an article has no form to erase it")
	}
	if status, _, _ := server.request(t, "DELETE", "/api/v1/articles/id-a-0000"); status != 403 {
		t.Errorf("erasing without a token: status %d, want 403", status)
	}
}
