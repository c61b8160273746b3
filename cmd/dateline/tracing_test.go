package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracetest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// log is a text that several goroutines write.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns those that contain a text.
func (l *log) lines(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(strings.Split(l.text.String(), "\n"), func(line string) bool { return !strings.Contains(line, text) })
}

// traced is a pipeline whose spans go to a collector.
type traced struct {
	*pipeline.Pipeline
	t         *testing.T
	log       log
	collector *tracetest.Collector
	// stop ends the pipeline, so that all of its spans are delivered.
	stop func()
}

func newTraced(t *testing.T) *traced {
	p := &traced{t: t, collector: tracetest.Start(t)}
	cfg := testConfig(t.TempDir())
	cfg.Tracing.Endpoint = p.collector.URL
	cfg.Fetcher.AllowPrivate, cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = true, time.Millisecond, 0
	cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay = 3, 10*time.Millisecond
	var err error
	if p.Pipeline, err = pipeline.Open(t.Context(), cfg, cfg.Admin.Logger(&p.log)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, p.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

func (p *traced) publish(subject, text string, headers ...string) {
	p.t.Helper()
	msg := nats.NewMsg(subject)
	for i := 0; i < len(headers); i += 2 {
		msg.Header.Set(headers[i], headers[i+1])
	}
	msg.Data = []byte(text)
	if _, err := p.Bus.JS.PublishMsg(p.t.Context(), msg); err != nil {
		p.t.Fatal(err)
	}
}

// await waits until the ledger has n outcomes of a stage.
func (p *traced) await(stage datelinev1.Stage, n int64) {
	p.t.Helper()
	natstest.Eventually(p.t, fmt.Sprint(n, " outcomes of ", stage), func() bool {
		tally, err := p.Store.Tally(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		var ended int64
		for _, c := range tally {
			if c.Stage == stage {
				ended += c.Count
			}
		}
		return ended >= n
	})
}

const page = "<!doctype html><html lang=en><title>Harbour</title><article><h1>Harbour reopens</h1><p>" +
	"The harbour of Tarn opened again on Monday after three weeks of repairs to its northern wall, the harbour master said.</p><p>" +
	"Eleven boats left within the first hour, and the fish market expects to sell again on Thursday, as it did before the storm.</p></article>"

// harbour answers with a page, and the first time that it is asked for /flaky
// with an error.
func harbour(t *testing.T) string {
	var once sync.Once
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("a site is told of the trace")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.ReplaceAll(page, "Tarn", r.URL.Path))
	})
	mux.HandleFunc("GET /flaky", func(w http.ResponseWriter, r *http.Request) {
		target := "/page/flaky"
		once.Do(func() { target = "" })
		if target == "" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, target, http.StatusFound)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// shape writes a trace as its spans below each other, in the order of their names.
func shape(spans []tracetest.Span, parent string) string {
	var below []string
	for _, span := range spans {
		if span.Parent == parent {
			below = append(below, span.Name+shape(spans, span.ID))
		}
	}
	if slices.Sort(below); len(below) == 0 {
		return ""
	}
	return "(" + strings.Join(below, " ") + ")"
}

func ofTrace(spans []tracetest.Span, trace string) []tracetest.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s tracetest.Span) bool { return s.Trace != trace })
}

const (
	publisherTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	publisherSpan  = "00f067aa0ba902b7"
)

// TestTrace: one URL is one trace through all stages, that of its publisher where
// there is one, whatever redirects and failures come between; and its id is in
// each line of the log about the URL.
func TestTrace(t *testing.T) {
	t.Parallel()
	p, site := newTraced(t), harbour(t)
	p.publish(subject.URLs, site+"/page/one", "traceparent", "00-"+publisherTrace+"-"+publisherSpan+"-01")
	p.publish(subject.URLs, site+"/flaky")
	p.publish(subject.URLs, site+"/page/two\n"+site+"/page/three")
	p.await(datelinev1.Stage_STAGE_INDEX, 4)
	revisions := natstest.Messages(t, p.Bus.JS, subject.StreamRevisions)
	p.stop()
	spans := p.collector.Spans()

	one := ofTrace(spans, publisherTrace)
	const straight = "(intake(fetch(GET extract(index))))"
	withRobots := strings.Replace(straight, "(GET", "(GET GET robots.txt", 1)
	if got := shape(one, publisherSpan); got != straight && got != withRobots {
		t.Errorf("the trace of the publisher's URL is %s", got)
	}
	for _, span := range one {
		if strings.HasPrefix(span.Name, "GET") {
			continue
		}
		if span.Attributes["url.full"] != site+"/page/one" || span.Attributes["dateline.verdict"] != "produced" || span.Failed || span.Service != "dateline" {
			t.Errorf("a span is %+v", span)
		}
	}
	told := 0
	for _, msg := range revisions {
		event := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(msg.Header.Get("traceparent"), "00-"+publisherTrace) && strings.HasSuffix(event.GetArticle().GetFinalUrl(), "/page/one") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d revisions are told of with the publisher's trace, want one", told)
	}

	traces := map[string]bool{}
	for _, span := range p.collector.Named("intake") {
		traces[span.Trace] = true
		if trace := ofTrace(spans, span.Trace); span.Attributes["url.full"] == site+"/flaky" {
			fetches := slices.DeleteFunc(trace, func(s tracetest.Span) bool { return s.Name != "fetch" })
			if len(fetches) != 2 || fetches[0].Failed == fetches[1].Failed {
				t.Errorf("the visits to the flaky page are %+v", fetches)
			}
		}
	}
	// The message with two URLs has a trace, and each of its URLs one of its own.
	if len(traces) != 5 {
		t.Errorf("there are %d traces, want 5", len(traces))
	}
	linked := 0
	for _, span := range p.collector.Named("intake") {
		if len(span.Links) == 1 && shape(ofTrace(spans, span.Trace), "") != "" {
			linked++
		}
	}
	if linked != 2 {
		t.Errorf("%d URLs are linked with the message that they came in, want 2", linked)
	}

	lines := p.log.lines(site + "/page/one ")
	if len(lines) < 4 {
		t.Errorf("the log has %d lines about a URL:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, line := range append(lines, p.log.lines("msg=retry")...) {
		if !strings.Contains(line, " trace=") || strings.Contains(line, "/page/one") && !strings.Contains(line, "trace="+publisherTrace) {
			t.Errorf("a line lacks the trace: %s", line)
		}
	}
}

// TestTraceAgain: what is delivered again, or sent again by hand, begins a new
// trace that is linked with the old.
func TestTraceAgain(t *testing.T) {
	t.Parallel()
	p := newTraced(t)
	// It asks for a body that is not there, which fails for good at the extractor.
	body, err := proto.Marshal(&datelinev1.Page{Id: "gone", RequestedUrl: "https://example.com/a", FinalUrl: "https://example.com/a", BodyObject: &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "gone"}})
	if err != nil {
		t.Fatal(err)
	}
	p.publish(subject.Pages("com.example"), string(body), "Traceparent", "00-"+publisherTrace+"-"+publisherSpan+"-01")
	p.await(datelinev1.Stage_STAGE_EXTRACT, 1)
	letters, err := deadletter.Open(t.Context(), p.Bus.JS)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := letters.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := letters.Requeue(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the second letter", func() bool { _, err := letters.Get(t.Context(), 2); return err == nil })
	p.stop()
	spans := p.collector.Named("extract")
	if len(spans) != 2 || spans[0].Trace != publisherTrace || spans[0].Parent != publisherSpan || !spans[0].Failed {
		t.Fatalf("the spans are %+v", spans)
	}
	if again := spans[1]; again.Parent != "" || again.Trace == publisherTrace || !slices.Equal(again.Links, []string{publisherTrace + ":" + publisherSpan}) {
		t.Errorf("the span of the second time is %+v", again)
	}
}
