package extractor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const voyageURL = "https://bay.example/voyage"

// voyagePage returns a page of an article of three pages.
func voyagePage(number int, request *datelinev1.FetchRequest) *datelinev1.Page {
	url := voyageURL
	if number > 1 {
		url += fmt.Sprintf("?page=%d", number)
	}
	body := fmt.Sprintf(`<html lang=en><title>The long voyage of a small boat</title><article><h1>The long voyage of a
		small boat</h1><p>Chapter %[1]d tells how the crew repaired mast number %[1]d before the storm reached the bay.</p>
		<p>In the evening of day %[1]d the boat lay still again, and the harbour master wrote it down.</p></article>
		<a href="/voyage">1</a> <a href="/voyage?page=2">2</a> <a href="/voyage?page=3">3</a>`, number)
	return &datelinev1.Page{
		Id: fmt.Sprintf("%s.%d", request.GetRequestId(), number), RequestedUrl: url, FinalUrl: url, Request: request,
		Body: []byte(body), Headers: []*datelinev1.Header{{Name: "content-type", Value: "text/html; charset=utf-8"}},
	}
}

// store puts a page into the stream of pages and returns its input.
func storePage(t *testing.T, js jetstream.JetStream, page *datelinev1.Page) *stage.Input {
	t.Helper()
	in := input(t, page)
	ack, err := js.Publish(t.Context(), subject.Pages("example.bay"), in.Data)
	if err != nil {
		t.Fatal(err)
	}
	in.Sequence, in.Attempt = ack.Sequence, 1
	return in
}

// requests returns the requests in the stream of URLs.
func requests(t *testing.T, js jetstream.JetStream) []*datelinev1.FetchRequest {
	t.Helper()
	stream, err := js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	state := stream.CachedInfo().State
	var all []*datelinev1.FetchRequest
	for sequence := state.FirstSeq; state.Msgs > 0 && sequence <= state.LastSeq; sequence++ {
		msg, err := stream.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		request := &datelinev1.FetchRequest{}
		if err := proto.Unmarshal(msg.Data, request); err != nil {
			t.Fatal(err)
		}
		all = append(all, request)
	}
	return all
}

func following(id string) *datelinev1.FetchRequest {
	follow := true
	return &datelinev1.FetchRequest{
		RequestId: id, Url: voyageURL, Follow: &follow, Priority: datelinev1.Priority_PRIORITY_BACKFILL,
		Labels: map[string]string{"desk": "sea"}, RequestTime: timestamppb.New(time.Unix(1e9, 0)),
	}
}

func TestFollowRequestsEachPageOnce(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	first := storePage(t, js, voyagePage(1, following("one")))
	for range 2 { // the second time is a redelivery
		result := e.extract(t.Context(), first)
		if result.Err != nil || len(result.Publish) != 1 || !strings.Contains(result.Outcome.GetDetail(), "page=2") {
			t.Fatalf("the first page gives %d messages and the outcome %v (%v)",
				len(result.Publish), result.Outcome, result.Err)
		}
	}
	all := requests(t, js)
	want := following("one")
	want.Url, want.Follow, want.Force = voyageURL+"?page=2", nil, true
	want.Continuation = &datelinev1.Continuation{PageSequences: []uint64{first.Sequence}, FirstUrl: voyageURL}
	if len(all) != 1 || !proto.Equal(all[0], want) {
		t.Fatalf("requests: %v, want one for the second page, %v", all, want)
	}
	second := storePage(t, js, voyagePage(2, all[0]))
	if result := e.extract(t.Context(), second); result.Err != nil || len(result.Publish) != 0 ||
		result.Outcome.GetReason() != "continued" {
		t.Fatalf("the second page gives %d messages and the outcome %v (%v)",
			len(result.Publish), result.Outcome, result.Err)
	}
	third := storePage(t, js, voyagePage(3, requests(t, js)[1]))
	result := e.extract(t.Context(), third)
	if result.Err != nil || len(result.Publish) != 1 || result.Outcome.GetReason() != "joined" {
		t.Fatalf("the third page gives %d messages and the outcome %v (%v)",
			len(result.Publish), result.Outcome, result.Err)
	}
	record := &datelinev1.Article{}
	if err := proto.Unmarshal(result.Publish[0].Data, record); err != nil {
		t.Fatal(err)
	}
	if !record.GetComplete() || record.GetPages() != 3 || record.GetRequestedUrl() != voyageURL ||
		record.GetRawPage().GetSequence() != first.Sequence || record.GetFirstPageHash() == "" ||
		!strings.Contains(record.GetText(), "Chapter 3") {
		t.Errorf("the joined record is %v", record)
	}
}

// TestContinuationsAreChecked publishes later pages that do not belong to the pages that
// they name.
func TestContinuationsAreChecked(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	first := storePage(t, js, voyagePage(1, following("one")))
	continuing := func(id, firstURL string, sequences ...uint64) *datelinev1.FetchRequest {
		return &datelinev1.FetchRequest{RequestId: id, Continuation: &datelinev1.Continuation{
			PageSequences: sequences, FirstUrl: firstURL,
		}}
	}
	elsewhere := voyagePage(3, continuing("one", voyageURL, first.Sequence))
	elsewhere.FinalUrl = "https://attacker.test/voyage?page=3"
	for name, c := range map[string]struct {
		page *datelinev1.Page
		want string
	}{
		"another request":    {voyagePage(3, continuing("two", voyageURL, first.Sequence)), "does not lead to"},
		"a page is left out": {voyagePage(3, continuing("one", voyageURL, first.Sequence)), "does not lead to"},
		"another article": {
			voyagePage(3, continuing("one", "https://bay.example/other", first.Sequence)), "another article",
		},
		"no pages": {voyagePage(3, continuing("one", voyageURL)), "limit"},
		"a page that is gone": {
			voyagePage(3, continuing("one", voyageURL, first.Sequence+1000)), "no longer stored",
		},
		"another site": {elsewhere, "another site"},
	} {
		result := e.extract(t.Context(), storePage(t, js, c.page))
		if result.Err != nil || len(result.Publish) != 0 || result.Outcome.GetReason() != "not_continued" ||
			!strings.Contains(result.Outcome.GetDetail(), c.want) {
			t.Errorf("%s: %d messages, outcome %v, error %v; want a rejection that says %q",
				name, len(result.Publish), result.Outcome, result.Err, c.want)
		}
	}
}

// TestPagesBeforeAMissingOneAreJoined ends an article of three pages with a last page that
// is missing in some way.
func TestPagesBeforeAMissingOneAreJoined(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	first := storePage(t, js, voyagePage(1, following("one")))
	if result := e.extract(t.Context(), first); result.Err != nil {
		t.Fatal(result.Err)
	}
	second := requests(t, js)[0]
	if result := e.extract(t.Context(), storePage(t, js, voyagePage(2, second))); result.Err != nil {
		t.Fatal(result.Err)
	}
	third := requests(t, js)[1]
	notFound := func(page *datelinev1.Page) {
		page.Body, page.Status, page.FailureReason, page.FailureDetail = nil, 404, "not_found", "bay.example answered 404"
	}
	for name, c := range map[string]struct {
		request *datelinev1.FetchRequest
		number  int
		change  func(*datelinev1.Page)
		reason  string // of the outcome
	}{
		"not fetched":     {third, 3, notFound, "joined"},
		"without article": {third, 3, func(page *datelinev1.Page) { page.Body = []byte("<p>Sorry") }, "joined"},
		"on another site": {third, 3, func(page *datelinev1.Page) { page.FinalUrl = "https://sea.example/" }, "joined"},
		"the first page":  {third, 3, func(page *datelinev1.Page) { page.FinalUrl = voyageURL }, "joined"},
		"second page":     {second, 2, notFound, "not_continued"},
		"no continuation": {&datelinev1.FetchRequest{RequestId: "one"}, 3, notFound, "not_continued"},
		"not linked":      {third, 4, notFound, "not_continued"},
		"of another request": {
			&datelinev1.FetchRequest{RequestId: "two", Continuation: third.GetContinuation()}, 3, notFound, "not_continued",
		},
	} {
		page := voyagePage(c.number, c.request)
		c.change(page)
		result := e.extract(t.Context(), storePage(t, js, page))
		if result.Err != nil || result.Outcome.GetReason() != c.reason || result.Outcome.GetDetail() == "" {
			t.Errorf("%s: outcome %v, error %v; want %s", name, result.Outcome, result.Err, c.reason)
		}
		if c.reason != "joined" {
			if len(result.Publish) > 0 || result.Outcome.GetVerdict() != datelinev1.Verdict_VERDICT_REJECTED {
				t.Errorf("%s: %d messages, outcome %v; want a rejection", name, len(result.Publish), result.Outcome)
			}
			continue
		}
		record := &datelinev1.Article{}
		if err := proto.Unmarshal(result.Publish[0].Data, record); err != nil {
			t.Fatal(err)
		}
		if record.GetComplete() || record.GetPages() != 3 || len(record.GetPageUrls()) != 2 ||
			record.GetRawPage().GetSequence() != first.Sequence || !strings.Contains(record.GetText(), "Chapter 2") ||
			strings.Contains(record.GetText(), "Chapter 3") {
			t.Errorf("%s: the record is %v, want two pages of three", name, record)
		}
	}
}

func TestFirstPageIsPublishedWithoutTheOthers(t *testing.T) {
	config := DefaultConfig()
	config.Follow = true
	e, js := newExtractor(t, config)
	if err := js.DeleteStream(t.Context(), subject.StreamURLs); err != nil {
		t.Fatal(err)
	}
	first := storePage(t, js, voyagePage(1, &datelinev1.FetchRequest{RequestId: "one"}))
	if result := e.extract(t.Context(), first); result.Err == nil || stage.IsPermanent(result.Err) {
		t.Errorf("first attempt: error %v, want one that may pass", result.Err)
	}
	first.Attempt = config.MaxAttempts
	result := e.extract(t.Context(), first)
	if result.Err != nil || len(result.Publish) != 1 || !strings.Contains(result.Outcome.GetDetail(), "failed") {
		t.Errorf("last attempt: %d messages, outcome %v, error %v; want the record of the first page",
			len(result.Publish), result.Outcome, result.Err)
	}
}
