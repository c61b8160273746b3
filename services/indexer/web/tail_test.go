package web_test

import (
	"bufio"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func (server *testServer) announce(
	t *testing.T, change datelinev1.RevisionChange, name string, revision int32,
) {
	t.Helper()
	event := &datelinev1.RevisionEvent{Change: change, ArticleId: name, Revision: revision}
	if change != datelinev1.RevisionChange_REVISION_CHANGE_ERASED {
		event.Article = article(name, "Ferry\nreturns", "x", noon)
	}
	msg, err := library.RevisionMessage(event, "en", "www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

// follow opens a tail. next returns the lines of the next event, joined by |.
func (server *testServer) follow(t *testing.T, lastEventID string) (next func() string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/tail", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", lastEventID)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && lines.Text() != ": alive" { // then events from now on are sent
	}
	return func() string {
		var event []string
		for lines.Scan() {
			line := lines.Text()
			switch {
			case line == "" && event != nil:
				return strings.Join(event, "|")
			case line != "" && !strings.HasPrefix(line, ":"): // not a comment
				event = append(event, line)
			}
		}
		return fmt.Sprint("ended: ", lines.Err())
	}
}

func TestTail(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_NEW, "a", 1)
	fromNow := server.follow(t, "0") // 0 is not an event: start with new ones
	resumed := server.follow(t, "1")
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, "a", 2)
	// A replay is not news.
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_EXTRACTED_AGAIN, "a", 2)
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_RESTORED, "a", 2)
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_ERASED, "a", 0)
	for _, next := range []func() string{fromNow, resumed} {
		if got := next(); !regexp.MustCompile(`^id: 2-[0-9a-z]+\|event: changed\|data: {`).MatchString(got) ||
			!strings.Contains(got, `"title":"Ferry\nreturns"`) {
			t.Errorf("the first event is %q", got)
		}
		if got, want := next(), `event: erased|data: {"change":"erased","id":"a"}`; !strings.HasSuffix(got, want) {
			t.Errorf("the second event is %q, want %q", got, want)
		}
	}
	status, _, _ := server.request(t, http.MethodGet, "/api/v1/tail", "Last-Event-ID", "x")
	if status != http.StatusBadRequest {
		t.Errorf("an invalid Last-Event-ID: status %d, want 400", status)
	}
}

// TestTailsAreBounded follows with as many clients as there are places. One more is
// refused, and a client that leaves makes room for another.
func TestTailsAreBounded(t *testing.T) {
	const places = 64
	server := newTestServer(t, web.DefaultConfig())
	ask := func() (status int, leave func()) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/tail", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response.StatusCode, func() { response.Body.Close() }
	}
	var leave func()
	for n := range places {
		var status int
		if status, leave = ask(); status != http.StatusOK {
			t.Fatalf("client %d gets status %d", n+1, status)
		}
	}
	for range 2 {
		if status, _ := ask(); status != http.StatusTooManyRequests {
			t.Fatalf("one client too many gets status %d, want 429", status)
		}
		leave()
		natstest.Eventually(t, "the place is free again", func() bool {
			var status int
			status, leave = ask()
			return status == http.StatusOK
		})
	}
}
