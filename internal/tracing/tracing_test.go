package tracing_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/tracetest"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var silent = slog.New(slog.DiscardHandler)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

func start(tb testing.TB, config tracing.Config) *tracing.Tracer {
	tb.Helper()
	traces, err := tracing.New(tb.Context(), config, "trial", "v1", silent)
	if err != nil {
		tb.Fatal(err)
	}
	return traces
}

func header(pairs ...string) nats.Header {
	h := nats.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = []string{pairs[i+1]}
	}
	return h
}

// TestReceive checks the parent and the links of a span.
func TestReceive(t *testing.T) {
	for name, c := range map[string]struct {
		header      nats.Header
		redelivered bool
		sameTrace   bool
		links       string
	}{
		"parent":                        {header("traceparent", parent), false, true, ""},
		"parent, capitalised like HTTP": {header("Traceparent", parent), false, true, ""},
		"redelivered":                   {header("traceparent", parent), true, false, traceID + ":" + spanID},
		"split or sent again":           {header(tracing.LinkHeader, parent), false, false, traceID + ":" + spanID},
		"no headers":                    {nil, true, false, ""},
		"malformed parent":              {header("traceparent", "00-nothing-01"), false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			collector := tracetest.Start(t)
			traces := start(t, tracing.Config{Endpoint: collector.URL, SampleRatio: 1})
			ctx, span := traces.Receive(t.Context(), "extract", c.header, c.redelivered)
			out := nats.Header{}
			tracing.Inject(ctx, out)
			outcome := &datelinev1.Outcome{Url: "https://example.com/a", Verdict: datelinev1.Verdict_VERDICT_DEAD}
			tracing.End(span, outcome, nil)
			traces.Close(t.Context())
			spans := collector.Spans()
			if len(spans) != 1 {
				t.Fatalf("%d spans were exported, want 1", len(spans))
			}
			got := spans[0]
			if in := got.Trace == traceID && got.Parent == spanID; in != c.sameTrace || !in && got.Parent != "" {
				t.Errorf("span is %+v", got)
			}
			if links := strings.Join(got.Links, " "); links != c.links {
				t.Errorf("links are %q, want %q", links, c.links)
			}
			if want := "00-" + got.Trace + "-" + got.ID + "-01"; out.Get("traceparent") != want {
				t.Errorf("published messages have the parent %q, want %q", out.Get("traceparent"), want)
			}
			if !got.Failed || got.Attributes["url.full"] != "https://example.com/a" ||
				got.Attributes["dateline.verdict"] != "dead" || got.Service != "trial" {
				t.Errorf("span is %+v", got)
			}
		})
	}
}

// TestWithoutCollector checks that ids are propagated without a collector, and that a
// nil Tracer propagates nothing.
func TestWithoutCollector(t *testing.T) {
	traces := start(t, tracing.DefaultConfig())
	defer traces.Close(t.Context())
	ctx, span := traces.Receive(t.Context(), "intake", header("traceparent", parent), false)
	if got := tracing.Parent(ctx); !strings.HasPrefix(got, "00-"+traceID+"-") || span.IsRecording() {
		t.Errorf("the context has the parent %q and is recorded: %v", got, span.IsRecording())
	}
	var log strings.Builder
	telemetry.DefaultConfig().Logger(&log).InfoContext(ctx, "outcome")
	if !strings.Contains(log.String(), "trace="+traceID) {
		t.Errorf("the log line has no trace id: %s", log.String())
	}
	ctx, span = traces.Receive(t.Context(), "intake", nil, false)
	if tracing.Parent(ctx) == "" {
		t.Error("a new trace has no id")
	}
	span.End()

	var none *tracing.Tracer
	ctx, span = none.Receive(t.Context(), "intake", header("traceparent", parent), false)
	out := nats.Header{}
	tracing.Inject(ctx, out)
	tracing.InjectLink(ctx, out)
	tracing.End(span, nil, nil)
	none.Close(ctx)
	if len(out) != 0 {
		t.Errorf("headers are %v", out)
	}
}

// TestRelink checks that both spellings of the parent header become a link.
func TestRelink(t *testing.T) {
	for _, spelling := range []string{"traceparent", "Traceparent"} {
		h := header(spelling, parent, "Content-Type", "text/plain")
		tracing.Relink(h)
		if len(h) != 2 || h.Get(tracing.LinkHeader) != parent {
			t.Errorf("headers are %v", h)
		}
	}
	plain := header("Content-Type", "text/plain")
	if tracing.Relink(plain); len(plain) != 1 {
		t.Errorf("headers are %v", plain)
	}
}

// TestCollectorRefuses checks that repeated failures are logged once and do not block.
func TestCollectorRefuses(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	var log strings.Builder
	config := tracing.Config{Endpoint: server.URL, SampleRatio: 1}
	traces, err := tracing.New(t.Context(), config, "trial", "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, span := traces.Receive(t.Context(), "intake", nil, false)
		span.End()
	}
	traces.Close(t.Context())
	if requests.Load() == 0 || strings.Count(log.String(), "trace export failed") != 1 {
		t.Errorf("after %d requests the log is %q", requests.Load(), log.String())
	}
}

// TestRefusedExportIsRepeated checks that spans reach a collector that refuses them at first.
func TestRefusedExportIsRepeated(t *testing.T) {
	statuses := []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusOK}
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[min(int(requests.Add(1)), len(statuses))-1])
	}))
	defer server.Close()
	var log strings.Builder
	config := tracing.Config{Endpoint: server.URL, SampleRatio: 1}
	traces, err := tracing.New(t.Context(), config, "trial", "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := traces.Receive(t.Context(), "intake", nil, false)
	span.End()
	traces.Close(t.Context())
	if requests.Load() != int32(len(statuses)) || log.Len() > 0 {
		t.Errorf("after %d requests the log is %q", requests.Load(), log.String())
	}
}

func TestInvalidConfig(t *testing.T) {
	for _, config := range []tracing.Config{
		{Endpoint: "collector:4318"}, {Endpoint: "ftp://collector"}, {Endpoint: "http://"},
		{SampleRatio: -0.1}, {SampleRatio: 1.5},
	} {
		if config.Validate() == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
	if err := tracing.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

// BenchmarkStage measures the cost of a stage's span: reading the context from the
// headers of a message and writing it into those of another.
func BenchmarkStage(b *testing.B) {
	for name, traces := range map[string]*tracing.Tracer{"none": nil, "off": start(b, tracing.DefaultConfig())} {
		b.Run(name, func(b *testing.B) {
			in := header("traceparent", parent)
			outcome := &datelinev1.Outcome{Url: "https://example.com/a"}
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				ctx, span := traces.Receive(b.Context(), "extract", in, false)
				tracing.Inject(ctx, nats.Header{})
				tracing.End(span, outcome, nil)
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu returns the CPU time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
