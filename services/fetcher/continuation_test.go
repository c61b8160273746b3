package fetcher_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestMissingPagesOfArticles requests later pages of articles that cannot be fetched. If at
// least two pages are known, the extractor learns why the next one is missing.
func TestMissingPagesOfArticles(t *testing.T) {
	nc, js := natstest.Start(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("User-agent: *\nDisallow: /private/\n"))
	})
	mux.HandleFunc("/broken/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	run(t, nc, js, quickConfig())
	tests := []struct {
		path    string
		before  int // pages known
		failure string
		want    ending
	}{
		{"/gone/3", 2, "not_found", ending{produced, "page_missing"}},
		{"/private/4", 3, "robots_denied", ending{produced, "page_missing"}},
		{"/broken/3", 2, "server_error", ending{produced, "page_missing"}},
		{"/gone/2", 1, "", ending{rejected, "not_found"}},
		{"/broken/2", 1, "", ending{dead, "server_error"}},
		{"/gone", 0, "", ending{rejected, "not_found"}},
	}
	for _, test := range tests {
		request := &datelinev1.FetchRequest{Url: server.URL + test.path, RequestId: test.path}
		if test.before > 0 {
			request.Continuation = &datelinev1.Continuation{FirstUrl: server.URL, PageSequences: make([]uint64, test.before)}
		}
		send(t, js, request)
	}
	ended := map[string]ending{}
	for _, o := range waitForOutcomes(t, js, fetch, len(tests)) {
		ended[o.GetRequestId()] = endingOf(o)
	}
	failures := map[string]string{}
	for _, page := range pages(t, js) {
		if len(page.GetBody()) > 0 || page.GetFailureDetail() == "" {
			t.Errorf("%s: %d bytes, failure %q", page.GetRequestedUrl(), len(page.GetBody()), page.GetFailureDetail())
		}
		failures[page.GetRequest().GetRequestId()] = page.GetFailureReason()
	}
	for _, test := range tests {
		if ended[test.path] != test.want || failures[test.path] != test.failure {
			t.Errorf("%s ended as %v and passed on %q, want %v and %q",
				test.path, ended[test.path], failures[test.path], test.want, test.failure)
		}
	}
	if n := natstest.Count(t, js, subject.StreamDead); n != 1 {
		t.Errorf("%d dead letters, want 1", n)
	}
}
