// Package tracing follows a URL through the stages. Each stage has a span, and all
// spans of a URL belong to one trace, whose id is in every log line about the URL.
// The trace context is propagated in the headers of messages (W3C Trace Context).
// Spans are recorded and exported only if a collector is configured. The ids always
// exist.
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
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// exportTimeout bounds an export to the collector, and flushTimeout the
	// last one at the end of the process.
	exportTimeout = 10 * time.Second
	flushTimeout  = 3 * time.Second
	// maxQueue is the maximum number of spans that wait for export. Further
	// spans are dropped.
	maxQueue = 4096
)

// Tracer creates spans. Use New to create one. A nil Tracer creates neither spans nor
// ids.
type Tracer struct {
	// provider and tracer are nil if spans are not exported.
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns the tracer of a process. The configuration must be valid. Close the
// tracer at the end of the process.
func New(ctx context.Context, config Config, service, version string, log *slog.Logger) (*Tracer, error) {
	endpoint, err := config.url()
	if err != nil {
		return nil, err
	}
	if endpoint == "" {
		return &Tracer{}, nil
	}
	otlp, err := otlptrace.New(ctx, newCollector(endpoint))
	if err != nil {
		return nil, fmt.Errorf("creating trace exporter: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(config.SampleRatio))),
		sdktrace.WithBatcher(&exporter{SpanExporter: otlp, log: log},
			sdktrace.WithMaxQueueSize(maxQueue), sdktrace.WithExportTimeout(exportTimeout)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.namespace", "dateline"),
			attribute.String("service.name", service),
			attribute.String("service.version", version),
		)),
	)
	return &Tracer{provider, provider.Tracer("github.com/dateline-news/dateline")}, nil
}

// Close exports the remaining spans, for at most flushTimeout, and shuts down the
// tracer. Spans that cannot be exported are lost; the exporter logs that.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil || t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
}

// exporter logs the first of several consecutive exports that fail.
type exporter struct {
	sdktrace.SpanExporter
	log    *slog.Logger
	failed bool
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && !e.failed {
		e.log.Warn("trace export failed, dropping spans: check the collector and tracing.endpoint", "error", err)
	}
	e.failed = err != nil
	return nil
}

// Receive starts the span of a stage that processes a message. The span is a child of
// the span that published the message. If the message is redelivered, it starts a new
// trace with a link to the old one, whose spans may have ended long ago.
func (t *Tracer) Receive(
	ctx context.Context, name string, header nats.Header, redelivered bool,
) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	parent, link := received(header), parse(header.Get(LinkHeader))
	if parent.IsValid() && redelivered {
		parent, link = trace.SpanContext{}, parent
	}
	return t.start(ctx, name, parent, link)
}

// Resume starts a span that continues the trace of a traceparent.
func (t *Tracer) Resume(ctx context.Context, name, parent string) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	return t.start(ctx, name, parse(parent), trace.SpanContext{})
}

func (t *Tracer) start(
	ctx context.Context, name string, parent, link trace.SpanContext,
) (context.Context, trace.Span) {
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

// unrecorded returns the context of a new trace that is not recorded. Its id appears
// only in the log.
func unrecorded() trace.SpanContext {
	var id trace.TraceID
	var span trace.SpanID
	binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64()|1) // never all zero
	binary.NativeEndian.PutUint64(span[:], rand.Uint64()|1)
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span})
}

// Client starts the span of a request to an external server.
func (t *Tracer) Client(ctx context.Context, name string) (context.Context, trace.Span) {
	if t == nil || t.tracer == nil {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// End ends the span of a stage that processed an input, and records the result: an
// outcome, which is nil if it is unknown, or an error that causes redelivery.
func End(span trace.Span, outcome *datelinev1.Outcome, err error) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("url.full", outcome.GetUrl()),
		attribute.String("dateline.request_id", outcome.GetRequestId()),
		attribute.Int("dateline.attempt", int(outcome.GetAttempt())),
	)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return
	}
	if outcome.GetVerdict() == datelinev1.Verdict_VERDICT_UNSPECIFIED {
		return // another stage or attempt finishes the input
	}
	span.SetAttributes(
		attribute.String("dateline.verdict", subject.VerdictName(outcome.GetVerdict())),
		attribute.String("dateline.reason", outcome.GetReason()),
	)
	if outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD {
		span.SetStatus(codes.Error, outcome.GetDetail())
	}
}

// EndRequest ends the span of a request, and records the status of the response,
// which is 0 if it is unknown, or the error.
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
