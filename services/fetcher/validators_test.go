package fetcher_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestETagsAreSentBackUnchanged has a site that compares the ETags of conditional
// requests byte by byte, and answers 304 with another form of the ETag.
func TestETagsAreSentBackUnchanged(t *testing.T) {
	tags := []struct{ sent, confirmed string }{
		{`W/"weak"`, `"weak"`},
		{`"strong"`, `W/"strong"`},
		{`"suffix-gzip"`, `"suffix"`},
		{`"suffix;br"`, `W/"suffix"`},
		{`unquoted`, `"unquoted"`},
		{`w/"lower case"`, ``},
		{"\"Z\u00fcrich\"", "W/\"Z\u00fcrich\""},
		{"\"Z\xfcrich\"", "\"Z\xfcrich\""}, // not UTF-8
	}
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	site := serveRaw(t, func(request string) string {
		var page int
		if _, err := fmt.Sscanf(request, "GET /%d ", &page); err != nil {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		tag := tags[page]
		if strings.Contains(request, "\r\nIf-None-Match: "+tag.sent+"\r\n") {
			return "HTTP/1.1 304 Not Modified\r\nETag: " + tag.confirmed + "\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\nETag: " + tag.sent +
			"\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>the article"
	})
	run(t, nc, js, quickConfig())
	for page := range tags {
		publish(t, js, fmt.Sprintf("%s/%d", site, page))
	}
	waitForOutcomes(t, js, fetch, len(tags))
	for page, tag := range tags {
		url := fmt.Sprintf("%s/%d", site, page)
		natstest.Eventually(t, "the freshness window ends", func() bool {
			before := len(outcomes(t, js, intake))
			publish(t, js, url)
			return waitForOutcomes(t, js, intake, before+1)[before].GetVerdict() == produced
		})
		all := waitForOutcomes(t, js, fetch, len(tags)+page+1)
		want := ending{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"}
		if got := endingOf(all[len(all)-1]); got != want {
			t.Errorf("ETag %q, confirmed as %q: ended as %v, want %v", tag.sent, tag.confirmed, got, want)
		}
	}
}
