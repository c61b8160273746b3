package seen

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestVersionOf checks which validators of a response are kept, and that they are sent back as they were received.
func TestVersionOf(t *testing.T) {
	const date = "Sun, 01 Mar 2026 06:00:00 GMT"
	longest := strings.Repeat("x", maxValidator)
	for name, test := range map[string]struct {
		header         http.Header
		etag, modified string
	}{
		"both":               {http.Header{"Etag": {`"a"`}, "Last-Modified": {date}}, `"a"`, date},
		"only a date":        {http.Header{"Last-Modified": {date}}, "", date},
		"none":               {http.Header{"Server": {"a"}}, "", ""},
		"not UTF-8":          {http.Header{"Etag": {"\xe9\u00e9"}}, "\xe9\u00e9", ""},
		"the longest":        {http.Header{"Etag": {longest}}, longest, ""},
		"too long":           {http.Header{"Etag": {longest + "x"}, "Last-Modified": {date}}, "", date},
		"another header":     {http.Header{"Etag": {"a\r\nCookie: b"}}, "", ""},
		"a control":          {http.Header{"Etag": {"a\x7f"}}, "", ""},
		"the last character": {http.Header{"Etag": {" ~"}}, " ~", ""},
	} {
		version := VersionOf("id", test.header)
		etag, modified := version.Validators()
		if etag != test.etag || modified != test.modified {
			t.Errorf("%s: the validators are %.40q and %q, want %.40q and %q", name, etag, modified, test.etag, test.modified)
		}
		if known := version.URL == "id"; known != (test.etag+test.modified != "") {
			t.Errorf("%s: the version is of the URL %q", name, version.URL)
		}
	}
}

// TestFinishKeepsTheVersion ends requests that fetch a page, and requests that do not, because it has not changed. The
// next request is conditional all the same.
func TestFinishKeepsTheVersion(t *testing.T) {
	_, js := natstest.Start(t)
	marks, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	first, second := Version{URL: "url", ETag: "first"}, Version{URL: "other", LastModified: "second"}
	for i, test := range []struct{ fetched, want Version }{
		{Version{}, Version{}}, {first, first}, {Version{}, first}, {Version{}, first}, {second, second}, {Version{}, second},
	} {
		request := string(rune('a' + i))
		mark := Mark{Request: request, Input: request, Time: time.Now()}
		claimed := marks.ClaimAll(t.Context(), []Claim{{Key: "url", Mark: mark, Force: true}})[0]
		if !claimed.OK || claimed.Err != nil {
			t.Fatalf("claim %d: %+v", i, claimed)
		}
		if err := marks.Finish(t.Context(), "url", claimed.Mark, request, test.fetched, time.Now()); err != nil {
			t.Fatal(err)
		}
		got, _, err := marks.Get(t.Context(), "url")
		if err != nil || got.Version != test.want || !got.Done || got.Request != request {
			t.Errorf("after request %d: the mark is %+v (%v), want the version %+v", i, got, err, test.want)
		}
	}
}
