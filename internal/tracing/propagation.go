package tracing

import (
	"context"
	"net/http"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// LinkHeader has the form of the traceparent header (W3C Trace Context, section
// 3.2), and names a span that has led here without being the parent: that of a
// message that was split, or of one that is sent again.
const LinkHeader = "Dateline-Trace-Link"

// parentKey is the header that names the parent.
const parentKey = "traceparent"

var w3c propagation.TraceContext

// carrier are a message's headers. NATS keeps upper and lower case apart, and
// clients that treat them as HTTP's begin them with a capital.
type carrier nats.Header

func (c carrier) Get(key string) string {
	if text := nats.Header(c).Get(key); text != "" {
		return text
	}
	return nats.Header(c).Get(http.CanonicalHeaderKey(key))
}

func (c carrier) Set(key, value string) { nats.Header(c).Set(key, value) }

func (c carrier) Keys() []string {
	var keys []string
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

// Inject writes the span of a context into the headers of a message.
func Inject(ctx context.Context, header nats.Header) { w3c.Inject(ctx, carrier(header)) }

// InjectLink is Inject for a message that begins a trace of its own.
func InjectLink(ctx context.Context, header nats.Header) {
	if parent := Parent(ctx); parent != "" {
		header.Set(LinkHeader, parent)
	}
}

// Relink makes a link of the parent in the headers of a message that is sent again.
func Relink(header nats.Header) {
	parent := carrier(header).Get(parentKey)
	for _, name := range []string{parentKey, "Traceparent", "tracestate", "Tracestate"} {
		header.Del(name)
	}
	if parent != "" {
		header.Set(LinkHeader, parent)
	}
}

// Parent is the traceparent of the span of a context; empty where there is none.
func Parent(ctx context.Context) string {
	headers := propagation.MapCarrier{}
	w3c.Inject(ctx, headers)
	return headers[parentKey]
}

// parse reads a traceparent; what is none gives an invalid context.
func parse(parent string) trace.SpanContext {
	if parent == "" {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.MapCarrier{parentKey: parent}))
}

// received reads the span that published a message; an invalid context where the
// headers name none.
func received(header nats.Header) trace.SpanContext {
	if len(header) == 0 {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), carrier(header)))
}
