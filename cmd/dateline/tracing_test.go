package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracetest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the lines that contain a text.
func (l *logBuffer) lines(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lacksText := func(line string) bool { return !strings.Contains(line, text) }
	return slices.DeleteFunc(strings.Split(l.text.String(), "\n"), lacksText)
}

// tracedPipeline is a pipeline that sends its spans to a collector. The collector has
// all of them once the pipeline has been stopped.
type tracedPipeline struct {
	*running
	t         *testing.T
	log       logBuffer
	collector *tracetest.Collector
}

func newTracedPipeline(t *testing.T) *tracedPipeline {
	p := &tracedPipeline{t: t, collector: tracetest.Start(t)}
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Tracing.Endpoint = p.collector.URL
	cfg.Fetcher.MaxAttempts = 3
	p.running = runPipeline(t, cfg, cfg.Admin.Logger(&p.log))
	return p
}

func (p *tracedPipeline) publish(name, text string, headers ...string) {
	p.t.Helper()
	msg := nats.NewMsg(name)
	for i := 0; i < len(headers); i += 2 {
		msg.Header.Set(headers[i], headers[i+1])
	}
	msg.Data = []byte(text)
	if _, err := p.Bus.JS.PublishMsg(p.t.Context(), msg); err != nil {
		p.t.Fatal(err)
	}
}

// await waits until the ledger has n outcomes of a stage.
func (p *tracedPipeline) await(stage datelinev1.Stage, n int64) {
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

// tracedSite serves pages, and answers the first request for /flaky with an error. It
// returns its origin.
func tracedSite(t *testing.T) string {
	var requested sync.Once
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("the site receives the trace id")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, harbourPage(r.URL.Path))
	})
	mux.HandleFunc("GET /flaky", func(w http.ResponseWriter, r *http.Request) {
		first := false
		requested.Do(func() { first = true })
		if first {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, "/page/flaky", http.StatusFound)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// shape formats the spans below a parent as a tree of names, sorted by name.
func shape(spans []tracetest.Span, parent string) string {
	var below []string
	for _, span := range spans {
		if span.Parent == parent {
			below = append(below, span.Name+shape(spans, span.ID))
		}
	}
	if len(below) == 0 {
		return ""
	}
	slices.Sort(below)
	return "(" + strings.Join(below, " ") + ")"
}

func ofTrace(spans []tracetest.Span, trace string) []tracetest.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s tracetest.Span) bool { return s.Trace != trace })
}

const (
	publisherTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	publisherSpan   = "00f067aa0ba902b7"
	publisherParent = "00-" + publisherTrace + "-" + publisherSpan + "-01"
)

// TestTrace checks that a URL has one trace through all stages, despite redirects and
// failures: the trace of its publisher, if there is one. The log has the trace's id in
// each line about the URL.
func TestTrace(t *testing.T) {
	t.Parallel()
	p, site := newTracedPipeline(t), tracedSite(t)
	p.publish(subject.URLs, site+"/page/one", "traceparent", publisherParent)
	p.publish(subject.URLs, site+"/flaky")
	p.publish(subject.URLs, site+"/page/two\n"+site+"/page/three")
	p.await(datelinev1.Stage_STAGE_INDEX, 4)
	p.checkRevision(site + "/page/one")
	p.stop()
	p.checkPublisherTrace(site + "/page/one")
	p.checkFlakyTrace(site + "/flaky")
	p.checkLinks()
	p.checkLog(site)
}

// checkRevision checks that one revision carries the publisher's trace.
func (p *tracedPipeline) checkRevision(url string) {
	p.t.Helper()
	found := 0
	for _, msg := range natstest.Messages(p.t, p.Bus.JS, subject.StreamRevisions) {
		event := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			p.t.Fatal(err)
		}
		parent := msg.Header.Get("traceparent")
		if strings.HasPrefix(parent, "00-"+publisherTrace) && event.GetArticle().GetFinalUrl() == url {
			found++
		}
	}
	if found != 1 {
		p.t.Errorf("%d revisions carry the publisher's trace, want 1", found)
	}
}

func (p *tracedPipeline) checkPublisherTrace(url string) {
	p.t.Helper()
	spans := ofTrace(p.collector.Spans(), publisherTrace)
	const straight = "(intake(fetch(GET extract(index))))"
	withRobots := strings.Replace(straight, "(GET", "(GET GET robots.txt", 1)
	if got := shape(spans, publisherSpan); got != straight && got != withRobots {
		p.t.Errorf("the trace of the publisher's URL is %s", got)
	}
	for _, span := range spans {
		if strings.HasPrefix(span.Name, "GET") {
			continue
		}
		if span.Attributes["url.full"] != url || span.Attributes["dateline.verdict"] != "produced" ||
			span.Failed || span.Service != "dateline" {
			p.t.Errorf("a span is %+v", span)
		}
	}
}

// checkFlakyTrace checks that a failed and a successful fetch are in one trace.
func (p *tracedPipeline) checkFlakyTrace(url string) {
	p.t.Helper()
	for _, span := range p.collector.Named("intake") {
		if span.Attributes["url.full"] != url {
			continue
		}
		isOther := func(s tracetest.Span) bool { return s.Name != "fetch" }
		fetches := slices.DeleteFunc(ofTrace(p.collector.Spans(), span.Trace), isOther)
		if len(fetches) != 2 || fetches[0].Failed == fetches[1].Failed {
			p.t.Errorf("the fetches of the flaky page are %+v", fetches)
		}
	}
}

// checkLinks checks that a message with two URLs has a trace, and that each of its URLs
// has its own, which links to that of the message.
func (p *tracedPipeline) checkLinks() {
	p.t.Helper()
	spans := p.collector.Spans()
	traces := map[string]bool{}
	linked := 0
	for _, span := range p.collector.Named("intake") {
		traces[span.Trace] = true
		if len(span.Links) == 1 && shape(ofTrace(spans, span.Trace), "") != "" {
			linked++
		}
	}
	if len(traces) != 5 {
		p.t.Errorf("there are %d traces, want 5", len(traces))
	}
	if linked != 2 {
		p.t.Errorf("%d URLs are linked to the message that contained them, want 2", linked)
	}
}

func (p *tracedPipeline) checkLog(site string) {
	p.t.Helper()
	lines := p.log.lines(site + "/page/one ")
	if len(lines) < 4 {
		p.t.Errorf("the log has %d lines about a URL:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, line := range append(lines, p.log.lines("msg=retry")...) {
		ofPublisher := strings.Contains(line, "trace="+publisherTrace)
		if !strings.Contains(line, " trace=") || strings.Contains(line, "/page/one") && !ofPublisher {
			p.t.Errorf("a line lacks the trace: %s", line)
		}
	}
}

// TestRequeuedTrace checks that a requeued input starts a new trace that links to the
// old one.
func TestRequeuedTrace(t *testing.T) {
	t.Parallel()
	p := newTracedPipeline(t)
	// The page refers to a body that does not exist, so it fails permanently.
	body, err := proto.Marshal(&datelinev1.Page{
		Id: "gone", RequestedUrl: "https://example.com/a", FinalUrl: "https://example.com/a",
		BodyObject: &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: "gone"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.publish(subject.Pages("com.example"), string(body), "Traceparent", publisherParent)
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
	natstest.Eventually(t, "the second dead letter", func() bool {
		_, err := letters.Get(t.Context(), 2)
		return err == nil
	})
	p.stop()
	spans := p.collector.Named("extract")
	if len(spans) != 2 || spans[0].Trace != publisherTrace || spans[0].Parent != publisherSpan || !spans[0].Failed {
		t.Fatalf("the spans are %+v", spans)
	}
	again, link := spans[1], publisherTrace+":"+publisherSpan
	if again.Parent != "" || again.Trace == publisherTrace || !slices.Equal(again.Links, []string{link}) {
		t.Errorf("the span of the requeued page is %+v", again)
	}
}
