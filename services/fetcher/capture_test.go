package fetcher_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// exchanges returns the exchanges that were published for the archiver, by the path of their
// URL.
func exchanges(t *testing.T, js jetstream.JetStream) map[string][]*datelinev1.Page {
	t.Helper()
	all := map[string][]*datelinev1.Page{}
	for _, msg := range natstest.Messages(t, js, subject.StreamExchanges) {
		p := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, p); err != nil {
			t.Fatal(err)
		}
		path := p.GetFinalUrl()[strings.LastIndexByte(p.GetFinalUrl(), '/')+1:]
		all[path] = append(all[path], p)
	}
	return all
}

// TestOtherExchangesAreCaptured fetches URLs that lead to no page.
func TestOtherExchangesAreCaptured(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /private\n"))
		case "/moved":
			http.Redirect(w, r, "/gone", http.StatusMovedPermanently)
		case "/gone":
			w.WriteHeader(http.StatusGone)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 80_000))
		case "/reset":
			panic(http.ErrAbortHandler)
		default:
			writePage(w)
		}
	}))
	t.Cleanup(site.Close)
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	config := quickConfig()
	config.CaptureExchanges = true
	stop := run(t, nc, js, config)
	for _, path := range []string{"/page", "/moved", "/reset", "/private"} {
		publish(t, js, site.URL+path)
	}
	waitForOutcomes(t, js, fetch, 4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got := exchanges(t, js)
	counts := map[string]int{}
	ids := []string{}
	for path, all := range got {
		counts[path] = len(all)
		for _, p := range all {
			ids = append(ids, p.GetId())
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 4 || counts["robots.txt"] != 1 || counts["gone"] != 1 || counts["reset"] != 2 {
		t.Fatalf("exchanges %v, want those of robots.txt, of the missing page and of both failed attempts", counts)
	}
	gone := got["gone"][0]
	if gone.GetStatus() != http.StatusGone || len(gone.GetRedirects()) != 1 ||
		gone.GetRedirects()[0].GetExchange().GetResponseHead() == nil ||
		gone.GetExchange().GetBodyTruncation() != datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH {
		t.Errorf("missing page: %v", gone)
	}
	if robots := got["robots.txt"][0]; robots.GetStatus() != http.StatusOK || len(robots.GetBody()) == 0 {
		t.Errorf("robots.txt: %v", robots)
	}
	if failed := got["reset"][0]; failed.GetFailureReason() != "reset" || failed.GetExchange() != nil {
		t.Errorf("failed attempt: %v", failed)
	}
}

// TestUnchangedPageIsCaptured visits a page again that has not changed since. The answer to the
// conditional request has no page, but it is an exchange.
func TestUnchangedPageIsCaptured(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		writePage(w)
	}))
	t.Cleanup(site.Close)
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	config := quickConfig()
	config.CaptureExchanges = true
	run(t, nc, js, config)
	for i, id := range []string{"first", "second"} {
		send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/page", RequestId: id, Revisit: true})
		waitForOutcomes(t, js, fetch, i+1)
	}
	got := exchanges(t, js)
	if len(got["page"]) != 1 || len(pages(t, js)) != 1 {
		t.Fatalf("%d pages and the exchanges %v, want a page and an exchange for /page", len(pages(t, js)), got)
	}
	same := got["page"][0]
	if same.GetStatus() != http.StatusNotModified || same.GetFailureReason() != "not_modified" ||
		same.GetRequest().GetRequestId() != "second" || len(same.GetBody()) > 0 {
		t.Errorf("exchange: %v", same)
	}
	request, response := string(same.GetExchange().GetRequestHead()), string(same.GetExchange().GetResponseHead())
	if !strings.Contains(request, "\r\nIf-None-Match: \"1\"\r\n") ||
		!strings.HasPrefix(response, "HTTP/1.1 304 Not Modified\r\n") || !strings.HasSuffix(response, "\r\n\r\n") {
		t.Errorf("request %q, response %q", request, response)
	}
	if same.GetExchange().GetBodyTruncation() != datelinev1.BodyTruncation_BODY_TRUNCATION_UNSPECIFIED {
		t.Errorf("a response without a body is truncated: %v", same.GetExchange().GetBodyTruncation())
	}
}

// TestListingsAreCapturedIfConfigured requests endpoints and an article with each combination of the
// settings. The article has its exchange on PAGES in any case.
func TestListingsAreCapturedIfConfigured(t *testing.T) {
	articleOnly := map[string]int{"robots.txt": 1, "missing": 1}
	all := map[string]int{"robots.txt": 2, "missing": 1, "feed.xml": 2, "map.xml.gz": 1, "links": 1, "broken.xml": 2}
	for _, test := range []struct {
		name                string
		exchanges, listings bool
		want                map[string]int
	}{
		{"neither", false, false, map[string]int{}},
		{"listings without exchanges", false, true, map[string]int{}},
		{"exchanges", true, false, articleOnly},
		{"both", true, true, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
			natstest.Reconcile(t, js, topology.Limits{Archive: true})
			config := quickConfig()
			config.CaptureExchanges, config.CaptureListings = test.exchanges, test.listings
			config.MaxSitemapBytes = 1 << 20
			run(t, nc, js, config)
			site := listingSite(t)
			for i, r := range []*datelinev1.FetchRequest{
				{Url: "/feed.xml", Purpose: feed}, {Url: "/feed.xml", Purpose: feed}, // the second one is not modified
				{Url: "/map.xml.gz", Purpose: sitemap}, {Url: "/links", Purpose: datelinev1.Purpose_PURPOSE_LINKS},
				{Url: "/robots.txt", Purpose: datelinev1.Purpose_PURPOSE_ROBOTS}, {Url: "/broken.xml", Purpose: feed},
				{Url: "/missing"},
			} {
				r.Url, r.RequestId = site+r.GetUrl(), strconv.Itoa(i)
				send(t, js, r)
				waitForOutcomes(t, js, fetch, i+1)
			}
			got := exchanges(t, js)
			counts := map[string]int{}
			for path, of := range got {
				counts[path] = len(of)
			}
			if !maps.Equal(counts, test.want) {
				t.Fatalf("exchanges %v, want %v", counts, test.want)
			}
			if !test.listings || !test.exchanges {
				return
			}
			read, same := got["feed.xml"][0], got["feed.xml"][1]
			if read.GetStatus() != http.StatusOK || len(read.GetBody()) == 0 || read.GetFailureReason() != "" {
				t.Errorf("feed: %v", read)
			}
			if same.GetStatus() != http.StatusNotModified || same.GetFailureReason() != "not_modified" {
				t.Errorf("feed that is not modified: %v", same)
			}
			if n := len(got["map.xml.gz"][0].GetBody()); n == 0 {
				t.Error("the sitemap has no body")
			}
		})
	}
}

// writePage writes an HTML page.
func writePage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html><body><p>The river rose.</p></body></html>"))
}
