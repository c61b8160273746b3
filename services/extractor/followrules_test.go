package extractor

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// The other pages of a live article are requested for its first page, if the request or else the configuration
// demands it.
func TestWhichArticlesAreFollowed(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		configured bool
		requested  *bool
		page, most int
		source     datelinev1.PageSource
		want       bool
	}{
		"configured":                 {true, nil, 1, 2, datelinev1.PageSource_PAGE_SOURCE_FETCH, true},
		"not configured":             {false, nil, 1, 2, datelinev1.PageSource_PAGE_SOURCE_FETCH, false},
		"requested":                  {false, &yes, 1, 2, datelinev1.PageSource_PAGE_SOURCE_UNSPECIFIED, true},
		"configured, not requested":  {true, &no, 1, 2, datelinev1.PageSource_PAGE_SOURCE_FETCH, false},
		"second page":                {true, nil, 2, 2, datelinev1.PageSource_PAGE_SOURCE_FETCH, false},
		"limited to the first page":  {true, nil, 1, 1, datelinev1.PageSource_PAGE_SOURCE_FETCH, false},
		"page of an archive":         {true, nil, 1, 2, datelinev1.PageSource_PAGE_SOURCE_ARCHIVE, false},
		"page of a file":             {true, nil, 1, 2, datelinev1.PageSource_PAGE_SOURCE_FILE, false},
		"page of a file, on request": {true, &yes, 1, 2, datelinev1.PageSource_PAGE_SOURCE_FILE, false},
	} {
		e := &Extractor{config: Config{Follow: c.configured, MaxPages: c.most}}
		page := fetchedPage{
			Page:  &datelinev1.Page{Source: c.source, Request: &datelinev1.FetchRequest{Follow: c.requested}},
			found: &article.Article{Page: c.page},
		}
		if got := e.follows(page); got != c.want {
			t.Errorf("%s: followed %v, want %v", name, got, c.want)
		}
	}
}

// A page leads to the one that it links to as the next, if that is a later page of the same site and request.
func TestWhichPagesBelongTogether(t *testing.T) {
	t.Parallel()
	type side struct {
		request, url, next string
		number             int // 0 if the page is missing
	}
	pageOf := func(s side) fetchedPage {
		p := fetchedPage{Page: &datelinev1.Page{
			RequestedUrl: s.url, FinalUrl: s.url, Request: &datelinev1.FetchRequest{RequestId: s.request},
		}}
		if s.number > 0 {
			p.found = &article.Article{Page: s.number, NextPage: s.next}
		}
		return p
	}
	first := side{"one", "https://bay.example/a", "https://bay.example/a?page=2", 1}
	for name, c := range map[string]struct {
		next side
		want bool
	}{
		"second page":        {side{"one", "https://bay.example/a?page=2", "", 2}, true},
		"a page is missing":  {side{"one", "https://bay.example/a?page=2", "", 0}, true},
		"another page":       {side{"one", "https://bay.example/a?page=3", "", 3}, false},
		"another request":    {side{"two", "https://bay.example/a?page=2", "", 2}, false},
		"missing, other one": {side{"two", "https://bay.example/a?page=2", "", 0}, false},
		"the same number":    {side{"one", "https://bay.example/a?page=2", "", 1}, false},
	} {
		if got := leadsTo(pageOf(first), pageOf(c.next)); got != c.want {
			t.Errorf("%s: leads to it %v, want %v", name, got, c.want)
		}
	}
	moved := pageOf(side{"one", "https://bay.example/a?page=2", "", 2})
	moved.FinalUrl = "https://sea.example/a?page=2"
	if leadsTo(pageOf(first), moved) {
		t.Error("the first page leads to a page of another site")
	}
	last := first
	last.next = ""
	if leadsTo(pageOf(last), pageOf(side{"one", "", "", 2})) {
		t.Error("a page without a link leads to another one")
	}
}

// TestArticlesWithMorePagesThanAllowed extracts the pages of an article of three pages, of which two are allowed.
func TestArticlesWithMorePagesThanAllowed(t *testing.T) {
	config := DefaultConfig()
	config.MaxPages = 2
	e, js := newExtractor(t, config)
	first := storePage(t, js, voyagePage(1, following("one")))
	if result := e.extract(t.Context(), first); result.Err != nil {
		t.Fatal(result.Err)
	}
	request := requests(t, js)[0]
	second := storePage(t, js, voyagePage(2, request))
	result := e.extract(t.Context(), second)
	if result.Err != nil || len(result.Publish) != 1 || result.Outcome.GetReason() != "joined" {
		t.Fatalf("the second page gives %d messages and the outcome %v (%v)", len(result.Publish), result.Outcome,
			result.Err)
	}
	record := &datelinev1.Article{}
	if err := proto.Unmarshal(result.Publish[0].Data, record); err != nil {
		t.Fatal(err)
	}
	if record.GetComplete() || record.GetPages() != 3 || len(record.GetPageUrls()) != 2 || len(requests(t, js)) != 1 {
		t.Errorf("%d requests, and the record %v; want one, and a record of two pages of three", len(requests(t, js)),
			record)
	}
	third := following("one")
	third.Continuation = &datelinev1.Continuation{
		PageSequences: []uint64{first.Sequence, second.Sequence}, FirstUrl: voyageURL,
	}
	for name, change := range map[string]func(*datelinev1.Page){
		"an article":  func(*datelinev1.Page) {},
		"not fetched": func(page *datelinev1.Page) { page.Body, page.FailureReason = nil, "not_found" },
	} {
		page := voyagePage(3, third)
		change(page)
		result := e.extract(t.Context(), storePage(t, js, page))
		if result.Err != nil || len(result.Publish) > 0 || result.Outcome.GetReason() != "not_continued" ||
			!strings.HasPrefix(result.Outcome.GetDetail(), "page 3 of an article: ") {
			t.Errorf("%s: %d messages, outcome %v, error %v; want a rejection", name, len(result.Publish),
				result.Outcome, result.Err)
		}
	}
}

// TestEarlierPagesThatCannotBeRead continues an article whose earlier pages have no article, or none any more.
func TestEarlierPagesThatCannotBeRead(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	gone := voyagePage(1, following("one"))
	gone.Body, gone.BodyObject = nil, &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "gone"}
	empty := voyagePage(1, following("one"))
	empty.Body = []byte("<p>Sorry")
	stored, err := js.Publish(t.Context(), subject.Pages("example.bay"), []byte("no page"))
	if err != nil {
		t.Fatal(err)
	}
	for want, sequence := range map[string]uint64{
		"no longer in object store": storePage(t, js, gone).Sequence,
		"has no article":            storePage(t, js, empty).Sequence,
		"is not a page":             stored.Sequence,
	} {
		request := following("one")
		request.Continuation = &datelinev1.Continuation{PageSequences: []uint64{sequence}, FirstUrl: voyageURL}
		last := voyagePage(2, request)
		last.Body = []byte(strings.ReplaceAll(string(last.Body), `<a href="/voyage?page=3">3</a>`, ""))
		result := e.extract(t.Context(), storePage(t, js, last))
		if result.Err != nil || len(result.Publish) > 0 || result.Outcome.GetReason() != "not_continued" ||
			!strings.Contains(result.Outcome.GetDetail(), want) {
			t.Errorf("%d messages, outcome %v, error %v; want a rejection that says %q", len(result.Publish),
				result.Outcome, result.Err, want)
		}
	}
}

// TestRequestsForPagesAreLinked requests the next page within a span, which the request must link to.
func TestRequestsForPagesAreLinked(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	tracer, err := tracing.New(t.Context(), tracing.DefaultConfig(), "trial", "v1", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := tracer.Receive(t.Context(), "extract", nil, false)
	defer span.End()
	if result := e.extract(ctx, storePage(t, js, voyagePage(1, following("one")))); result.Err != nil {
		t.Fatal(result.Err)
	}
	stream, err := js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := msg.Header.Get(tracing.LinkHeader); got != tracing.Parent(ctx) || got == "" {
		t.Errorf("the request has the link %q, want %q", got, tracing.Parent(ctx))
	}
}

// TestExtractionOfStoredPages extracts pages without the stage.
func TestExtractionOfStoredPages(t *testing.T) {
	t.Parallel()
	extraction, err := NewExtraction(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	stored := func(number int, body string) StoredPage {
		page := voyagePage(number, following("one"))
		if body == "" {
			body = string(page.GetBody())
		}
		page.Body = nil
		return StoredPage{Page: page, Content: []byte(body)}
	}
	if record, err := extraction.Record(t.Context()); err == nil {
		t.Errorf("no pages give the record %v", record)
	}
	record, err := extraction.Record(t.Context(), stored(1, ""))
	if err != nil || record.GetFirstPageHash() != "" || !strings.Contains(record.GetText(), "Chapter 1") {
		t.Errorf("one page gives the record %v, %v", record, err)
	}
	record, err = extraction.Record(t.Context(), stored(1, ""), stored(2, ""), stored(3, ""))
	if err != nil || record.GetFirstPageHash() == "" || len(record.GetPageUrls()) != 3 || !record.GetComplete() ||
		record.GetRequestedUrl() != voyageURL || record.GetExtractTime() != nil || record.GetRawPage() != nil {
		t.Errorf("three pages give the record %v, %v", record, err)
	}
	if record, err = extraction.Record(t.Context(), stored(1, ""), stored(2, "<p>Sorry")); article.ReasonOf(err) == "" {
		t.Errorf("a page without an article gives the record %v, %v", record, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if record, err = extraction.Record(ended, stored(1, "")); err == nil {
		t.Errorf("after its end, the record is %v", record)
	}
	config := DefaultConfig()
	config.RulesDir = "no such folder"
	if _, err := NewExtraction(config); err == nil {
		t.Error("rules that cannot be read are no error")
	}
}

// What the stage does after an extraction that failed.
func TestFailuresOfExtraction(t *testing.T) {
	t.Parallel()
	e := &Extractor{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.failure(t.Context(), nil); err != nil {
		t.Errorf("success is the error %v", err)
	}
	if err := e.failure(ended, context.DeadlineExceeded); err == nil || stage.IsPermanent(err) {
		t.Errorf("at the end of the stage: %v", err)
	}
	if err := e.failure(t.Context(), context.DeadlineExceeded); err == nil || stage.IsPermanent(err) {
		t.Errorf("after the timeout: %v", err)
	}
	if err := e.failure(t.Context(), context.Canceled); !stage.IsPermanent(err) {
		t.Errorf("another error: %v", err)
	}
}
