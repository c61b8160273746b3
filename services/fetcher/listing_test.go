package fetcher_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	feed    = datelinev1.Purpose_PURPOSE_FEED
	sitemap = datelinev1.Purpose_PURPOSE_SITEMAP
)

// listingSite serves endpoints of every kind, and refuses a part by robots.txt.
func listingSite(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	serve := func(path, contentType, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Etag", `"one"`)
			if r.Header.Get("If-None-Match") == `"one"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = w.Write([]byte(body))
		})
	}
	serve("/robots.txt", "text/plain", "User-agent: *\nDisallow: /private/\n")
	serve("/feed.xml", "application/rss+xml", "<rss><channel><item><link>/a</link></item></channel></rss>")
	serve("/feed.json", "application/feed+json", "{}")
	serve("/private/feed.xml", "application/rss+xml", "<rss/>")
	serve("/map.xml.gz", "application/x-gzip", "\x1f\x8b"+strings.Repeat("m", 200_000))
	serve("/long.xml", "text/xml", "<rss>"+strings.Repeat(" ", 200_000))
	serve("/quote.xml", "text/html", `<rss><meta http-equiv="refresh" content="0; url=/elsewhere"></rss>`)
	mux.Handle("/moved.xml", http.RedirectHandler("/feed.xml", http.StatusMovedPermanently))
	mux.HandleFunc("/broken.xml", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// listings returns the responses that were passed to the discoverer, by request id.
func listings(t *testing.T, js jetstream.JetStream) map[string]*datelinev1.Page {
	t.Helper()
	all := map[string]*datelinev1.Page{}
	for _, msg := range natstest.Messages(t, js, subject.StreamListings) {
		page := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, page); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(msg.Subject, "listings."+subject.PurposeName(page.GetRequest().GetPurpose())+".") {
			t.Errorf("%s has the subject %s", page.GetRequestedUrl(), msg.Subject)
		}
		all[page.GetRequest().GetRequestId()] = page
	}
	return all
}

// TestListings requests endpoints. Each request ends with a message to the discoverer,
// also if it fails.
func TestListings(t *testing.T) {
	nc, js := natstest.Start(t)
	site := listingSite(t)
	config := quickConfig()
	config.MaxFeedBytes, config.MaxSitemapBytes = 100_000, 1<<20
	run(t, nc, js, config)
	tests := []struct {
		id, path string
		purpose  datelinev1.Purpose
		status   int32
		failure  string
	}{
		{"feed", "/feed.xml", feed, 200, ""},
		{"json", "/feed.json", feed, 200, ""},
		{"denied", "/private/feed.xml", feed, 0, "robots_denied"},
		{"gzip", "/map.xml.gz", sitemap, 200, ""},
		{"long", "/long.xml", feed, 200, ""},
		{"quote", "/quote.xml", feed, 200, ""},
		{"moved", "/moved.xml", feed, 200, ""},
		{"broken", "/broken.xml", feed, 502, "server_error"},
		{"gone", "/gone.xml", feed, 404, "not_found"},
		{"links", "/feed.xml", datelinev1.Purpose_PURPOSE_LINKS, 0, "not_html"},
		{"robots", "/robots.txt", datelinev1.Purpose_PURPOSE_ROBOTS, 200, ""},
	}
	for _, test := range tests {
		send(t, js, &datelinev1.FetchRequest{Url: site + test.path, RequestId: test.id, Purpose: test.purpose})
	}
	for _, o := range waitForOutcomes(t, js, fetch, len(tests)) {
		if endingOf(o) != (ending{produced, "listing"}) {
			t.Errorf("%s ended as %v", o.GetUrl(), endingOf(o))
		}
	}
	got := listings(t, js)
	for _, test := range tests {
		page := got[test.id]
		if page.GetStatus() != test.status || page.GetFailureReason() != test.failure {
			t.Errorf("%s: status %d, failure %q (%s)", test.id, page.GetStatus(), page.GetFailureReason(),
				page.GetFailureDetail())
		}
		if hasBody := len(page.GetBody()) > 0; hasBody != (test.failure == "") {
			t.Errorf("%s: has a body: %v", test.id, hasBody)
		}
	}
	if n := len(pages(t, js)) + natstest.Count(t, js, subject.StreamDead); n > 0 {
		t.Errorf("%d pages for the extractor or dead letters", n)
	}
	if moved := got["moved"]; len(moved.GetRedirects()) != 1 || moved.GetFinalUrl() != site+"/feed.xml" {
		t.Errorf("moved: %v to %s", moved.GetRedirects(), moved.GetFinalUrl())
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	long, err := decoder.DecodeAll(got["long"].GetBody(), nil)
	if err != nil || len(long) != 100_000 || !got["long"].GetTruncated() {
		t.Errorf("long: %d bytes, truncated: %v, %v", len(long), got["long"].GetTruncated(), err)
	}
}

// TestPolls polls a feed again and again, which the marks of seen URLs do not prevent,
// and requests the same URL as an article in between.
func TestPolls(t *testing.T) {
	nc, js := natstest.Start(t)
	url := listingSite(t) + "/feed.xml"
	run(t, nc, js, quickConfig())
	for i, test := range []struct {
		id      string
		force   bool
		failure string
	}{{"1", false, ""}, {"2", false, "not_modified"}, {"3", true, ""}, {"4", false, "not_modified"}} {
		send(t, js, &datelinev1.FetchRequest{Url: url, RequestId: test.id, Purpose: feed, Force: test.force})
		waitForOutcomes(t, js, fetch, i+1)
		if got := listings(t, js)[test.id].GetFailureReason(); got != test.failure {
			t.Errorf("poll %s: failure %q, want %q", test.id, got, test.failure)
		}
	}
	send(t, js, &datelinev1.FetchRequest{Url: url, RequestId: "4", Purpose: feed})
	send(t, js, &datelinev1.FetchRequest{Url: url, RequestId: "article"})
	send(t, js, &datelinev1.FetchRequest{Url: url, RequestId: "unknown", Purpose: 99})
	waitForOutcomes(t, js, intake, 7)
	for _, o := range outcomes(t, js, intake)[4:] {
		switch o.GetRequestId() {
		case "4":
			if o.GetVerdict() != duplicate {
				t.Errorf("the same poll again: %v", endingOf(o))
			}
		case "article":
			if endingOf(o) != (ending{produced, ""}) {
				t.Errorf("the URL as an article: %v", endingOf(o))
			}
		default:
			if endingOf(o) != (ending{dead, "malformed"}) {
				t.Errorf("an unknown purpose: %v", endingOf(o))
			}
		}
	}
}

// TestForcedPolls requests a feed by force after it has changed, as a trial does. The next poll gets the
// change as well.
func TestForcedPolls(t *testing.T) {
	var version atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		etag := fmt.Sprintf("\"%d\"", version.Load())
		w.Header().Set("Etag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
		}
	}))
	t.Cleanup(site.Close)
	nc, js := natstest.Start(t)
	run(t, nc, js, quickConfig())
	for i, test := range []struct {
		id      string
		force   bool
		version int64
		failure string
	}{
		{"1", false, 1, ""}, {"2", false, 1, "not_modified"}, {"trial", true, 2, ""}, {"3", false, 2, ""},
		{"4", false, 2, "not_modified"},
	} {
		version.Store(test.version)
		send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/f", RequestId: test.id, Purpose: feed, Force: test.force})
		waitForOutcomes(t, js, fetch, i+1)
		if got := listings(t, js)[test.id].GetFailureReason(); got != test.failure {
			t.Errorf("poll %s: failure %q, want %q", test.id, got, test.failure)
		}
	}
}
