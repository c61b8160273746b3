package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// maxAnswer bounds the response to any search of the tests.
const maxAnswer = 4 << 20

// searchOf returns a query string with n filters of a parameter, each of the given
// size.
func searchOf(parameter string, n, size int) string {
	values := url.Values{}
	for i := range n {
		values.Add(parameter, fmt.Sprintf("%0*d", size, i))
	}
	return values.Encode()
}

// TestSearchCannotBeAmplified sends requests of up to 21 KB whose answers repeat every
// filter in the link of every other. One such request made a page of 79 MB.
func TestSearchCannotBeAmplified(t *testing.T) {
	server := newFerryServer(t)
	attacks := map[string]string{
		"many short filters": searchOf("tag", 3000, 1), "some long filters": searchOf("tag", 20, 1000),
		"many fields":       strings.Join([]string{searchOf("tag", 45, 3), searchOf("host", 45, 3)}, "&"),
		"a long text":       "q=" + strings.Repeat("a", 20_000),
		"a long date":       "from=" + strings.Repeat("1", 20_000),
		"repeated accesses": strings.Repeat("access=free&", 1500),
	}
	for name, query := range attacks {
		for _, path := range []string{"/?", "/api/v1/articles?", "/api/v1/feed.atom?", "/api/v1/export?"} {
			status, _, body := server.request(t, http.MethodGet, path+query)
			if status/100 != 4 || len(body) > maxAnswer {
				t.Errorf("%s to %s: status %d with %d bytes, want 4xx", name, path, status, len(body))
			}
		}
	}
}

// TestLargestSearchIsBounded sends the largest search that is accepted.
func TestLargestSearchIsBounded(t *testing.T) {
	server := newFerryServer(t)
	status, _, body := server.request(t, http.MethodGet, "/?"+searchOf("tag", 50, 160))
	if status != http.StatusOK || len(body) > maxAnswer {
		t.Errorf("status %d with %d bytes, want 200 with at most %d", status, len(body), maxAnswer)
	}
	if !strings.Contains(body, "Remove </span>") {
		t.Error("the filters cannot be removed")
	}
}

// TestForeignPagesCannotSendCostlyRequests sends the requests by which a page of
// another site has a visitor's browser search and export.
func TestForeignPagesCannotSendCostlyRequests(t *testing.T) {
	server := newFerryServer(t)
	for _, c := range []struct {
		path, site, dest, user string
		want                   int
	}{
		{"/?q=ferry", "cross-site", "image", "", 403},
		{"/?q=ferry", "cross-site", "iframe", "?1", 403},
		{"/?q=ferry", "cross-site", "document", "", 403}, // a script opened a window
		{"/?q=ferry", "same-site", "empty", "", 403},     // another port of this machine
		{"/api/v1/export", "cross-site", "empty", "", 403},
		{"/sources", "cross-site", "script", "", 403},
		{"/?q=ferry", "cross-site", "document", "?1", 200}, // a person followed a link
		{"/?q=ferry", "same-origin", "document", "", 200},
		{"/?q=ferry", "none", "document", "?1", 200},
		{"/?q=ferry", "", "", "", 200}, // not a browser
		{"/static/style.css", "cross-site", "style", "", 200},
	} {
		status, _, _ := server.request(t, http.MethodGet, c.path,
			"Sec-Fetch-Site", c.site, "Sec-Fetch-Dest", c.dest, "Sec-Fetch-User", c.user)
		if status != c.want {
			t.Errorf("%+v: status %d", c, status)
		}
	}
}
