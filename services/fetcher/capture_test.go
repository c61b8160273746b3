package fetcher_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
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
		case "/same":
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			writePage(w)
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
	for _, path := range []string{"/page", "/moved", "/reset", "/private", "/same"} {
		publish(t, js, site.URL+path)
	}
	waitForOutcomes(t, js, fetch, 5)
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

// writePage writes an HTML page.
func writePage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html><body><p>The river rose.</p></body></html>"))
}
