package extractor

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

const storyURL = "https://thenewregion.com/posts/2054/-better-understanding-reached-in-second-round-of-us-iran-talks"

// storyPage returns a fetched page that contains an article.
func storyPage(t *testing.T) *datelinev1.Page {
	t.Helper()
	body, err := os.ReadFile("article/testdata/classic.html")
	if err != nil {
		t.Fatal(err)
	}
	return &datelinev1.Page{
		Id: "page-1", RequestedUrl: "https://thenewregion.com/posts/2054", FinalUrl: storyURL, Body: body,
		Headers:   []*datelinev1.Header{{Name: "content-type", Value: "text/html; charset=utf-8"}},
		FetchTime: timestamppb.New(time.Date(2025, 4, 21, 8, 0, 0, 0, time.UTC)),
		Request:   &datelinev1.FetchRequest{RequestId: "request-1", Labels: map[string]string{"team": "iran"}},
	}
}

// input returns the message of a page as the stage receives it.
func input(t *testing.T, page *datelinev1.Page) *stage.Input {
	t.Helper()
	data, err := proto.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	return &stage.Input{Subject: subject.Pages("com.thenewregion"), Stream: subject.StreamPages, Sequence: 7, Data: data}
}

// newExtractor returns an extractor on a server of its own.
func newExtractor(t *testing.T, config Config) (*Extractor, jetstream.JetStream) {
	t.Helper()
	_, js := natstest.Start(t)
	e, err := New(t.Context(), config, dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.bodies.Close)
	return e, js
}

func compress(t *testing.T, data []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(data, nil)
}

func TestExtractPublishesRecord(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	bodies, err := js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bodies.PutBytes(t.Context(), "page-1", storyPage(t).GetBody()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*datelinev1.Page){
		"body in message": func(*datelinev1.Page) {},
		"compressed body": func(p *datelinev1.Page) { p.Body, p.BodyCompression = compress(t, p.GetBody()), "zstd" },
		"body in object store": func(p *datelinev1.Page) {
			p.Body, p.BodyObject = nil, &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "page-1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			page := storyPage(t)
			page.RequestedUrl = "https://short.example/2054"
			change(page)
			result := e.handle(t.Context(), []*stage.Input{input(t, page)})[0]
			if result.Err != nil || len(result.Publish) != 1 {
				t.Fatalf("published %d messages, error %v, want one message", len(result.Publish), result.Err)
			}
			msg, record := result.Publish[0], &datelinev1.Article{}
			if err := proto.Unmarshal(msg.Data, record); err != nil {
				t.Fatal(err)
			}
			if msg.Subject != "articles.en.com.thenewregion" || msg.Header.Get(jetstream.MsgIDHeader) != "article:page-1" {
				t.Errorf("subject and id = %q, %q", msg.Subject, msg.Header.Get(jetstream.MsgIDHeader))
			}
			if !strings.Contains(record.GetTitle(), "second round of US-Iran talks") || record.GetRequestId() != "request-1" ||
				record.GetLabels()["team"] != "iran" || record.GetRawPage().GetSequence() != 7 || record.GetExtractTime() == nil {
				t.Errorf("record = %v", record)
			}
			outcome := result.Outcome
			if outcome.GetVerdict() != datelinev1.Verdict_VERDICT_PRODUCED || outcome.GetOutputId() != record.GetId() ||
				outcome.GetInputId() != "page-1" || outcome.GetHost() != "thenewregion.com" ||
				outcome.GetUrl() != page.GetRequestedUrl() || outcome.GetRequestId() != "request-1" ||
				outcome.GetLabels()["team"] != "iran" {
				t.Errorf("outcome = %v", outcome)
			}
		})
	}
	if got := testutil.ToFloat64(e.metrics.pages.WithLabelValues("article")); got != 3 {
		t.Errorf("counted articles = %v, want 3", got)
	}
}

// TestSourceHasEveryFact converts a page to the form that the article package reads.
func TestSourceHasEveryFact(t *testing.T) {
	page := storyPage(t)
	page.ContentEncoding = "br"
	page.Request.Continuation = &datelinev1.Continuation{FirstUrl: "https://thenewregion.com/first"}
	page.Request.Listed = &datelinev1.ListedItem{Title: "listed"}
	got := sourceOf(page, []byte("body"))
	want := article.Page{
		URL: storyURL, ContentType: "text/html; charset=utf-8", ContentEncoding: "br", Body: []byte("body"),
		FetchTime: page.GetFetchTime().AsTime(), FirstURL: "https://thenewregion.com/first",
		Hints: article.Hints{Title: "listed"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for field := range reflect.TypeFor[article.Page]().NumField() {
		if reflect.ValueOf(want).Field(field).IsZero() {
			t.Errorf("the test lacks the fact %s", reflect.TypeFor[article.Page]().Field(field).Name)
		}
	}
}

func TestExtractRejectsPageWithoutArticle(t *testing.T) {
	e, _ := newExtractor(t, DefaultConfig())
	page := storyPage(t)
	page.Body = []byte("%PDF-1.7 \x00\x01")
	result := e.extract(t.Context(), input(t, page))
	if result.Err != nil || len(result.Publish) != 0 {
		t.Fatalf("published %d messages, error %v, want neither", len(result.Publish), result.Err)
	}
	o := result.Outcome
	if o.GetVerdict() != datelinev1.Verdict_VERDICT_REJECTED || o.GetReason() != "not_html" || o.GetDetail() == "" {
		t.Errorf("outcome = %v, want rejected as not_html", o)
	}
	if got := testutil.ToFloat64(e.metrics.pages.WithLabelValues(kindUnread)); got != 1 {
		t.Errorf("counted unread pages = %v, want 1", got)
	}
}

func TestExtractFails(t *testing.T) {
	e, _ := newExtractor(t, DefaultConfig())
	for name, test := range map[string]struct {
		change    func(*datelinev1.Page)
		permanent bool
		want      string
	}{
		"no id":               {func(p *datelinev1.Page) { p.Id = "" }, true, "is not a Page"},
		"broken zstd":         {func(p *datelinev1.Page) { p.BodyCompression = "zstd" }, true, "decompressing"},
		"unknown compression": {func(p *datelinev1.Page) { p.BodyCompression = "lzw" }, true, `unknown compression "lzw"`},
		"expired body": {func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "gone"}
		}, true, "no longer in object store"},
		"unknown bucket": {func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: "no-such-bucket", Name: "page-1"}
		}, true, `in the object store "no-such-bucket"`},
		"invalid bucket name": {func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: "a b.>", Name: "page-1"}
		}, true, `in the object store "a b.>"`},
		"object without name": {func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: subject.BucketBodies}
		}, true, "has 0 bytes"},
		"long object name": {func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: strings.Repeat("x", 70_000)}
		}, true, "has 70000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			page := storyPage(t)
			test.change(page)
			result := e.extract(t.Context(), input(t, page))
			if result.Err == nil || !strings.Contains(result.Err.Error(), test.want) ||
				stage.IsPermanent(result.Err) != test.permanent {
				t.Errorf("error = %v, want %q, permanent %v", result.Err, test.want, test.permanent)
			}
			if result.Outcome.GetInputId() == "" || len(result.Publish) != 0 {
				t.Errorf("outcome = %v, published %d messages, want an input id and no message",
					result.Outcome, len(result.Publish))
			}
		})
	}
}

func TestExtractWaitsForTheObjectStore(t *testing.T) {
	e, js := newExtractor(t, DefaultConfig())
	if err := js.DeleteObjectStore(t.Context(), subject.BucketBodies); err != nil {
		t.Fatal(err)
	}
	page := storyPage(t)
	page.BodyObject = &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "page-1"}
	result := e.extract(t.Context(), input(t, page))
	if result.Err == nil || stage.IsPermanent(result.Err) ||
		!strings.Contains(result.Err.Error(), "opening object store "+subject.BucketBodies) {
		t.Errorf("error = %v, want that the object store is unavailable", result.Err)
	}
}

// TestPoisonPagesDoNotStallTheWorkers publishes pages whose ids, names and labels no
// message can repeat. Each of them stalled a worker for good.
func TestPoisonPagesDoNotStallTheWorkers(t *testing.T) {
	_, js := natstest.Start(t)
	config := DefaultConfig()
	config.Workers = 1
	e, err := New(t.Context(), config, dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 70_000)
	for _, poison := range []func(*datelinev1.Page){
		func(p *datelinev1.Page) { p.Id = long },
		func(p *datelinev1.Page) { p.Id, p.BodyCompression = long, "lzw" },
		func(p *datelinev1.Page) { p.Request.RequestId = strings.Repeat(long, 10) },
		func(p *datelinev1.Page) { p.Request.Labels = map[string]string{"x": strings.Repeat(long, 110)} },
		func(p *datelinev1.Page) {
			p.BodyObject = &datelinev1.ObjectReference{Bucket: "a b", Name: "page-1"}
		},
		func(*datelinev1.Page) {}, // an ordinary page
	} {
		page := storyPage(t)
		poison(page)
		if _, err := js.Publish(t.Context(), subject.Pages("com.thenewregion"), input(t, page).Data); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	natstest.Eventually(t, "every page has an outcome", func() bool {
		return natstest.Count(t, js, subject.StreamOutcomes) == 6
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestExtractStopsAtTimeout(t *testing.T) {
	config := DefaultConfig()
	config.Timeout = time.Nanosecond
	e, _ := newExtractor(t, config)
	result := e.extract(t.Context(), input(t, storyPage(t)))
	if result.Err == nil || stage.IsPermanent(result.Err) ||
		!strings.Contains(result.Err.Error(), "took longer than 1ns") {
		t.Errorf("error = %v, want a transient one about the timeout", result.Err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	result = e.extract(canceled, input(t, storyPage(t)))
	if !errors.Is(result.Err, context.Canceled) || stage.IsPermanent(result.Err) {
		t.Errorf("error after cancellation = %v, want %v, and no dead letter", result.Err, context.Canceled)
	}
}

func TestRunExtractsUntilCanceled(t *testing.T) {
	_, js := natstest.Start(t)
	e, err := New(t.Context(), DefaultConfig(), dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	if _, err := js.Publish(t.Context(), subject.Pages("com.thenewregion"), input(t, storyPage(t)).Data); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the record is published", func() bool {
		return natstest.Count(t, js, subject.StreamArticles) == 1
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestConfigValidateReportsEveryProblem(t *testing.T) {
	t.Parallel()
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("default configuration: %v", err)
	}
	err := Config{Workers: -1}.Validate()
	for _, want := range []string{"workers", "max-decoded-bytes", "max-attempts", "timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to name %s", err, want)
		}
	}
}

func TestConfigOptionsReadsRules(t *testing.T) {
	t.Parallel()
	config := DefaultConfig()
	config.RulesDir = t.TempDir()
	if err := os.WriteFile(config.RulesDir+"/valley.yaml", []byte("not: [rules"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Options(); err == nil || !strings.Contains(err.Error(), config.RulesDir) {
		t.Errorf("error of broken rules = %v, want it to name the directory", err)
	}
	config.RulesDir += "/none"
	if _, err := config.Options(); err == nil || !strings.Contains(err.Error(), "rules-dir") {
		t.Errorf("error of a missing directory = %v, want it to name the setting", err)
	}
}
