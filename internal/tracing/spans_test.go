package tracing_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/tracetest"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestEndsOfSpans ends spans in each way.
func TestEndsOfSpans(t *testing.T) {
	dead, produced := datelinev1.Verdict_VERDICT_DEAD, datelinev1.Verdict_VERDICT_PRODUCED
	for name, c := range map[string]struct {
		outcome *datelinev1.Outcome
		err     error
		failed  bool
		verdict string
		reason  string
	}{
		"produced": {&datelinev1.Outcome{Verdict: produced, Reason: "joined"}, nil, false, "produced", "joined"},
		"dead":     {&datelinev1.Outcome{Verdict: dead, Reason: "timeout"}, nil, true, "dead", "timeout"},
		"unknown":  {nil, nil, false, "", ""},
		"to be tried again": {
			&datelinev1.Outcome{Verdict: produced, Reason: "joined"}, errors.New("timed out"), true, "", "",
		},
	} {
		collector := tracetest.Start(t)
		traces := start(t, tracing.Config{Endpoint: collector.URL, SampleRatio: 1})
		_, span := traces.Receive(t.Context(), "extract", nil, false)
		if c.outcome != nil {
			c.outcome.Url, c.outcome.RequestId = "https://example.com/a", "request-1"
		}
		tracing.End(span, c.outcome, c.err)
		traces.Close(t.Context())
		spans := collector.Spans()
		if len(spans) != 1 {
			t.Fatalf("%s: %d spans", name, len(spans))
		}
		got := spans[0]
		if got.Failed != c.failed || got.Attributes["dateline.verdict"] != c.verdict || got.Name != "extract" ||
			got.Attributes["dateline.reason"] != c.reason || got.Attributes["url.full"] != c.outcome.GetUrl() ||
			got.Attributes["dateline.request_id"] != c.outcome.GetRequestId() {
			t.Errorf("%s: the span is %+v", name, got)
		}
	}
}

// TestRequestsAreChildren makes requests within the span of a stage, which continues a trace.
func TestRequestsAreChildren(t *testing.T) {
	collector := tracetest.Start(t)
	traces := start(t, tracing.Config{Endpoint: collector.URL, SampleRatio: 1})
	ctx, stage := traces.Resume(t.Context(), "fetch", parent)
	_, good := traces.Client(ctx, "GET good")
	tracing.EndRequest(good, "good.example", http.StatusNotFound, nil)
	_, bad := traces.Client(ctx, "GET bad")
	tracing.EndRequest(bad, "bad.example", 0, errors.New("reset"))
	stage.End()
	header := nats.Header{}
	tracing.InjectLink(ctx, header)
	if header.Get(tracing.LinkHeader) != tracing.Parent(ctx) {
		t.Errorf("the link is %q, want %q", header.Get(tracing.LinkHeader), tracing.Parent(ctx))
	}
	traces.Close(t.Context())
	whole := collector.Named("fetch")
	if len(whole) != 1 || whole[0].Trace != traceID || whole[0].Parent != spanID {
		t.Fatalf("the span of the stage is %+v", whole)
	}
	for name, failed := range map[string]bool{"good": false, "bad": true} {
		spans := collector.Named("GET " + name)
		if len(spans) != 1 || spans[0].Failed != failed || spans[0].Parent != whole[0].ID ||
			spans[0].Attributes["server.address"] != name+".example" {
			t.Errorf("the span of the %s request is %+v", name, spans)
		}
		if _, known := spans[0].Attributes["http.response.status_code"]; known == failed {
			t.Errorf("the %s request has a status: %v", name, known)
		}
	}
	for what, tracer := range map[string]*tracing.Tracer{"none": nil, "off": start(t, tracing.DefaultConfig())} {
		ctx, span := tracer.Resume(t.Context(), "fetch", parent)
		if got := tracing.Parent(ctx); (got != "") != (tracer != nil) || span.IsRecording() {
			t.Errorf("%s: the parent is %q, recording %v", what, got, span.IsRecording())
		}
		_, request := tracer.Client(ctx, "GET")
		tracing.EndRequest(request, "a.example", http.StatusOK, nil)
		if request.IsRecording() {
			t.Errorf("%s: a request is recorded", what)
		}
	}
}

// TestSampling has the share of traced URLs at its limits. The decision of the publisher takes precedence.
func TestSampling(t *testing.T) {
	undecided, no := "", strings.TrimSuffix(parent, "01")+"00"
	for _, c := range []struct {
		ratio  float64
		parent string
		want   int
	}{
		{1, undecided, 1}, {0, undecided, 0}, {0, parent, 1}, {1, no, 0},
	} {
		config := tracing.Config{SampleRatio: c.ratio}
		if err := config.Validate(); err != nil {
			t.Error(err)
		}
		collector := tracetest.Start(t)
		config.Endpoint = collector.URL + "/"
		traces := start(t, config)
		_, span := traces.Resume(t.Context(), "fetch", c.parent)
		span.End()
		traces.Close(t.Context())
		if got := len(collector.Spans()); got != c.want {
			t.Errorf("the share %v and the parent %q: %d spans, want %d", c.ratio, c.parent, got, c.want)
		}
	}
}

// TestExports checks the address, the type and the resource of exports, and which answers are failures. A failure is
// logged again after a success.
func TestExports(t *testing.T) {
	var status atomic.Int32
	var seen atomic.Pointer[collectorpb.ExportTraceServiceRequest]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := &collectorpb.ExportTraceServiceRequest{}
		if err = errors.Join(err, proto.Unmarshal(body, request)); err != nil || r.URL.Path != "/own/path" ||
			r.Header.Get("Content-Type") != "application/x-protobuf" || r.Method != http.MethodPost {
			t.Errorf("%s %s of the type %q, %v", r.Method, r.URL, r.Header.Get("Content-Type"), err)
		}
		seen.Store(request)
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	var log strings.Builder
	for answer, failed := range map[int]bool{200: false, 202: false, 299: false, 301: true, 400: true, 500: true} {
		status.Store(int32(answer))
		log.Reset()
		config := tracing.Config{Endpoint: server.URL + "/own/path", SampleRatio: 1}
		traces, err := tracing.New(t.Context(), config, "trial", "v1", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, span := traces.Receive(t.Context(), "intake", nil, false)
		span.End()
		traces.Close(t.Context())
		if got := strings.Contains(log.String(), "trace export failed"); got != failed {
			t.Errorf("the answer %d is a failure: %v, want %v: %s", answer, got, failed, log.String())
		}
	}
	attributes := map[string]string{}
	for _, a := range seen.Load().GetResourceSpans()[0].GetResource().GetAttributes() {
		attributes[a.GetKey()] = a.GetValue().GetStringValue()
	}
	if attributes["service.name"] != "trial" || attributes["service.version"] != "v1" ||
		attributes["service.namespace"] != "dateline" {
		t.Errorf("the resource is %v", attributes)
	}
	if _, err := tracing.New(t.Context(), tracing.Config{Endpoint: "collector"}, "trial", "v1", silent); err == nil {
		t.Error("an invalid endpoint is accepted")
	}
}
