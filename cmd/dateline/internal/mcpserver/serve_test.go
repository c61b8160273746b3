package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const token = "ReadTokenOfTheTest"

// serve serves a library over HTTP until the test ends, and returns the URL.
func serve(t *testing.T, l Library, token string) string {
	t.Helper()
	addr := natstest.FreeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	log := slog.New(slog.DiscardHandler)
	go func() { ended <- ServeHTTP(ctx, New(l, "test", log), addr, token, log) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	url := "http://" + addr + Path
	for {
		response, err := http.Get(url) //nolint:noctx // the test has a deadline
		if err == nil {
			response.Body.Close()
			return url
		}
		select {
		case err := <-ended:
			t.Fatal("the server ended:", err)
		default:
			loop.Sleep(ctx, 10*time.Millisecond)
		}
	}
}

// bearer adds a token to requests.
type bearer struct {
	token string
	next  *http.Transport
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

func TestHTTP(t *testing.T) {
	hit := store.Hit{ID: "0123456789", Article: record("ferry", "The ferry sails", "At noon.", 0)}
	for name, token := range map[string]string{"with a token": token, "without a token": ""} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, fixed{hits: []store.Hit{hit}}, token)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil)
			session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
				Endpoint: url, HTTPClient: &http.Client{Transport: bearer{token, transport}},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			list, err := session.ListTools(t.Context(), nil)
			if err != nil || len(list.Tools) != 6 {
				t.Fatalf("the tools are %+v, %v", list, err)
			}
			var found searchOutput
			call(t, session, "search", map[string]any{"query": "ferry"}, &found)
			if len(found.Articles) != 1 || found.Articles[0].Title != "The ferry sails" {
				t.Errorf("search finds %+v", found)
			}
			if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{
				Name: "search", Arguments: map[string]any{"limit": 1000},
			}); err != nil || !result.IsError {
				t.Errorf("a bad argument: %+v, %v", result, err)
			}
		})
	}
}

// ping is a request that the server answers.
const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func TestRefusedRequests(t *testing.T) {
	urls := map[bool]string{true: serve(t, fixed{}, token), false: serve(t, fixed{}, "")}
	for _, c := range []struct {
		name        string
		guarded     bool // whether the server has a token
		method      string
		host, token string
		header      map[string]string
		body        string
		want        int
	}{
		{name: "ping", want: http.StatusOK},
		{name: "ping with a token", guarded: true, token: token, want: http.StatusOK},
		{name: "no token", guarded: true, want: http.StatusUnauthorized},
		{name: "wrong token", guarded: true, token: token + "x", want: http.StatusUnauthorized},
		{name: "part of the token", guarded: true, token: token[:8], want: http.StatusUnauthorized},
		{name: "DNS rebinding", host: "evil.example", want: http.StatusMisdirectedRequest},
		{name: "DNS rebinding with a port", host: "evil.example:80", want: http.StatusMisdirectedRequest},
		{name: "other name with a token", guarded: true, token: token, host: "evil.example", want: http.StatusForbidden},
		{name: "page of another origin", header: map[string]string{"Origin": "https://evil.example"},
			want: http.StatusForbidden},
		{name: "page of a file", header: map[string]string{"Origin": "null"}, want: http.StatusForbidden},
		{name: "page of another origin with a token", guarded: true, token: token,
			header: map[string]string{"Origin": "http://127.0.0.1:1"}, want: http.StatusForbidden},
		{name: "not JSON", header: map[string]string{"Content-Type": "text/plain"}, want: http.StatusUnsupportedMediaType},
		{name: "broken JSON", body: "{", want: http.StatusBadRequest},
		{name: "large body", body: `{"a":"` + strings.Repeat("a", maxMessage) + `"}`,
			want: http.StatusRequestEntityTooLarge},
		{name: "events without a request", method: http.MethodGet, want: http.StatusMethodNotAllowed},
		{name: "end of a session", method: http.MethodDelete, want: http.StatusMethodNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.body == "" {
				c.body = ping
			}
			r, err := http.NewRequestWithContext(t.Context(), c.method, urls[c.guarded], strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			transport := &http.Transport{DisableKeepAlives: true}
			response, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if response.StatusCode != c.want || err != nil {
				t.Errorf("the status is %d, want %d: %s %v", response.StatusCode, c.want, body, err)
			}
		})
	}
}

// TestRequestsAreBounded fills all places with searches that do not end.
func TestRequestsAreBounded(t *testing.T) {
	b := blocked{started: make(chan struct{}, maxRequests), ended: make(chan struct{}, maxRequests)}
	url := serve(t, b, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	post := func(ctx context.Context) (status int, retryAfter string, err error) {
		const search = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{}}}`
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(search))
		if err != nil {
			return 0, "", err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return response.StatusCode, response.Header.Get("Retry-After"), err
	}
	results := make(chan string, maxRequests+1)
	for range maxRequests + 1 {
		go func() {
			status, retryAfter, err := post(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			results <- fmt.Sprint(status, " ", retryAfter)
		}()
	}
	if first := <-results; first != "503 1" {
		t.Errorf("the status and Retry-After of the first answer are %q, want those of a refusal", first)
	}
	for range maxCalls {
		<-b.started
	}
	cancel()
	for range maxRequests {
		<-results
	}
	for range maxCalls {
		<-b.ended
	}
}
