package fetcher_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// TestRefusedEntriesHaveAnOutcome has entries of the frontier that cannot be fetched.
// Their outcomes have the key of the entry, by which an audit finds that they are not
// lost, and their URLs can be requested again.
func TestRefusedEntriesHaveAnOutcome(t *testing.T) {
	const requested = "https://example.com/news"
	entry := func(request, url string) *datelinev1.FrontierEntry {
		return &datelinev1.FrontierEntry{Url: url, Request: &datelinev1.FetchRequest{Url: request, RequestId: "r1"}}
	}
	for name, test := range map[string]struct {
		entry *datelinev1.FrontierEntry
		tail  string // follows the encoded entry
	}{
		"damaged at the end":    {entry(requested, requested), "\xff"},
		"invalid next URL":      {entry(requested, "ftp://example.com/other"), ""},
		"invalid requested URL": {entry("ftp://example.com/news", requested), ""},
		"no valid URL":          {entry("ftp://example.com/news", "ftp://example.com/news"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			nc, js := natstest.Start(t)
			claimed := claim(t, js, requested)
			data, err := proto.Marshal(test.entry)
			if err != nil {
				t.Fatal(err)
			}
			queue := subject.Frontier(3, subject.LaneFresh, "com.example")
			if _, err := js.Publish(t.Context(), queue, append(data, test.tail...)); err != nil {
				t.Fatal(err)
			}
			run(t, nc, js, quickConfig())
			got := waitForOutcomes(t, js, fetch, 1)[0]
			if endingOf(got) != (ending{dead, "malformed"}) || ledger.KeyOf(got) != ledger.KeyOfEntry(test.entry) {
				t.Errorf("the outcome does not match the entry: %v", got)
			}
			if test.entry.GetRequest().GetUrl() == requested && claimed() {
				t.Error("the next request for the URL is a duplicate")
			}
		})
	}
}

// TestPageIsNotFetchedAgainAfterACrash has an entry that a fetcher has finished, but not removed before it
// crashed: the page, the outcome and the mark are stored.
func TestPageIsNotFetchedAgainAfterACrash(t *testing.T) {
	for name, carries := range map[string]bool{"mark in the bucket": false, "mark in the entry": true} {
		t.Run(name, func(t *testing.T) {
			nc, js := natstest.Start(t)
			site := newWeb(t, page)
			url, err := weburl.Parse(site.URL + "/a")
			if err != nil {
				t.Fatal(err)
			}
			claim(t, js, url.String())
			marks, err := seen.Open(t.Context(), js)
			if err != nil {
				t.Fatal(err)
			}
			mark, _, err := marks.Get(t.Context(), url.ID())
			if err != nil {
				t.Fatal(err)
			}
			entry := &datelinev1.FrontierEntry{
				Url: url.String(), Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: mark.Request},
			}
			if carries {
				entry.Mark = mark.Proto() // as it was before the visit
			}
			if err := marks.Finish(t.Context(), url.ID(), mark, mark.Request, seen.Version{}, time.Now()); err != nil {
				t.Fatal(err)
			}
			data, err := proto.Marshal(entry)
			if err != nil {
				t.Fatal(err)
			}
			queue := subject.Frontier(weburl.Partition(url.Host(), subject.Partitions), subject.LaneFresh, url.SubjectHost())
			if _, err := js.Publish(t.Context(), queue, data); err != nil {
				t.Fatal(err)
			}
			run(t, nc, js, quickConfig())
			natstest.Eventually(t, "the entry is removed", func() bool {
				return natstest.Count(t, js, subject.StreamFrontier) == 0
			})
			if requests := site.requests(); len(requests) > 0 || len(outcomes(t, js, fetch)) > 0 {
				t.Errorf("%d requests and %d outcomes after the crash", len(requests), len(outcomes(t, js, fetch)))
			}
		})
	}
}

// claim marks a URL as requested. claimed reports whether it still is.
func claim(t *testing.T, js jetstream.JetStream, text string) (claimed func() bool) {
	t.Helper()
	url, err := weburl.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	marks, err := seen.Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	mark := seen.Mark{Request: "r1", Input: "1-1", Time: time.Now()}
	if c := marks.ClaimAll(t.Context(), []seen.Claim{{Key: url.ID(), Mark: mark}})[0]; !c.OK {
		t.Fatalf("claiming the URL: %+v", c)
	}
	return func() bool {
		mark, _, err := marks.Get(t.Context(), url.ID())
		if err != nil {
			t.Fatal(err)
		}
		return mark.Request != ""
	}
}
