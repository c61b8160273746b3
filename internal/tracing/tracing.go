// Package tracing follows a URL through the stages: a span for each, and one
// trace for all of them, whose id is in every log line about the URL. The context
// travels in the headers of messages (W3C Trace Context). Spans are recorded and
// exported only where a collector is configured; the ids are there always.
package tracing

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// exportTimeout bounds one delivery to the collector, and flushTimeout the
	// last one at the end of the process.
	exportTimeout = 10 * time.Second
	flushTimeout  = 3 * time.Second
	// maxQueue bounds the spans that wait for delivery; those beyond are dropped.
	maxQueue = 4096
)

// Tracer makes spans. Make it with New; a nil one makes none, and no ids.
type Tracer struct {
	// provider and tracer are nil where nothing is exported.
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns the tracer of a process. The configuration must be valid.
func New(ctx context.Context, config Config, service, version string, log *slog.Logger) (*Tracer, error) {
	endpoint, err := config.url()
	if err != nil {
		return nil, err
	}
	if endpoint == "" {
		return &Tracer{}, nil
	}
	otlp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("preparing the export of traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(config.SampleRatio))),
		sdktrace.WithBatcher(&exporter{SpanExporter: otlp, log: log}, sdktrace.WithMaxQueueSize(maxQueue), sdktrace.WithExportTimeout(exportTimeout)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.namespace", "dateline"), attribute.String("service.name", service), attribute.String("service.version", version),
		)),
	)
	return &Tracer{provider, provider.Tracer("github.com/dateline-news/dateline")}, nil
}

// Close delivers what is left, for at most a few seconds, and ends the tracer.
// What cannot be delivered is lost, and the exporter has logged it.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil || t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
}

// exporter logs the first of several deliveries that fail.
type exporter struct {
	sdktrace.SpanExporter
	log    *slog.Logger
	failed bool
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && !e.failed {
		e.log.Warn("traces cannot be delivered and are lost until they can: check the collector and tracing.endpoint", "error", err)
	}
	e.failed = err != nil
	return nil
}

// Receive begins the span of a stage's work on a message. It is a child of the
// span that published the message; of one that is delivered again it begins a new
// trace, linked with the old, whose spans may have ended long ago.
func (t *Tracer) Receive(ctx context.Context, name string, header nats.Header, again bool) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	parent, link := received(header), parse(header.Get(LinkHeader))
	if parent.IsValid() && again {
		parent, link = trace.SpanContext{}, parent
	}
	return t.begin(ctx, name, parent, link)
}

// Resume begins a span that goes on with the trace of a traceparent.
func (t *Tracer) Resume(ctx context.Context, name, parent string) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	return t.begin(ctx, name, parse(parent), trace.SpanContext{})
}

func (t *Tracer) begin(ctx context.Context, name string, parent, link trace.SpanContext) (context.Context, trace.Span) {
	if t.tracer == nil {
		if !parent.IsValid() {
			parent = unrecorded()
		}
		ctx = trace.ContextWithSpanContext(ctx, parent)
		return ctx, trace.SpanFromContext(ctx)
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	if link.IsValid() {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: link}))
	}
	return t.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, parent), name, options...)
}

// unrecorded begins a trace that nobody records: its id is in the log.
func unrecorded() trace.SpanContext {
	var id trace.TraceID
	var span trace.SpanID
	binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64()|1) // never all zero
	binary.NativeEndian.PutUint64(span[:], rand.Uint64()|1)
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span})
}

// Client begins the span of a request to a server outside.
func (t *Tracer) Client(ctx context.Context, name string) (context.Context, trace.Span) {
	if t == nil || t.tracer == nil {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// End ends the span of a stage's work on an input with how that ended: an outcome,
// nil where nothing is known, or an error that makes it come again.
func End(span trace.Span, outcome *datelinev1.Outcome, err error) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("url.full", outcome.GetUrl()), attribute.String("dateline.request_id", outcome.GetRequestId()),
		attribute.Int("dateline.attempt", int(outcome.GetAttempt())),
	)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return
	}
	if outcome.GetVerdict() == datelinev1.Verdict_VERDICT_UNSPECIFIED {
		return // it goes on elsewhere
	}
	span.SetAttributes(
		attribute.String("dateline.verdict", subject.VerdictName(outcome.GetVerdict())), attribute.String("dateline.reason", outcome.GetReason()),
	)
	if outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD {
		span.SetStatus(codes.Error, outcome.GetDetail())
	}
}

// EndRequest ends the span of a request with the status of the answer, 0 where
// that is not known, or the error.
func EndRequest(span trace.Span, host string, status int, err error) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("http.request.method", "GET"), attribute.String("server.address", host))
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}
