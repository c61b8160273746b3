package tracing

import (
	"context"
	"net/http"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// LinkHeader names the header with a span that led to a message without being its
// parent: the span of a message that was split or that is sent again. Its value has
// the form of a traceparent (W3C Trace Context, section 3.2).
const LinkHeader = "Dateline-Trace-Link"

// parentKey is the header with the parent span.
const parentKey = "traceparent"

var w3c propagation.TraceContext

// carrier adapts the headers of a message. NATS headers are case-sensitive, but some
// clients capitalise them like HTTP headers. So Get tries both spellings.
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

// Inject writes the span of ctx into the headers of a message as its parent.
func Inject(ctx context.Context, header nats.Header) { w3c.Inject(ctx, carrier(header)) }

// InjectLink writes the span of ctx into the headers of a message that starts a new
// trace.
func InjectLink(ctx context.Context, header nats.Header) {
	if parent := Parent(ctx); parent != "" {
		header.Set(LinkHeader, parent)
	}
}

// Relink turns the parent in the headers of a message that is sent again into a link.
func Relink(header nats.Header) {
	parent := carrier(header).Get(parentKey)
	for _, name := range []string{parentKey, "Traceparent", "tracestate", "Tracestate"} {
		header.Del(name)
	}
	if parent != "" {
		header.Set(LinkHeader, parent)
	}
}

// Parent returns the traceparent of the span of ctx, or an empty string if there is
// none.
func Parent(ctx context.Context) string {
	headers := propagation.MapCarrier{}
	w3c.Inject(ctx, headers)
	return headers[parentKey]
}

// parse parses a traceparent. The result is an invalid context if parent is empty or
// malformed.
func parse(parent string) trace.SpanContext {
	if parent == "" {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.MapCarrier{parentKey: parent}))
}

// received returns the span that published a message, or an invalid context if the
// headers do not name one.
func received(header nats.Header) trace.SpanContext {
	if len(header) == 0 {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), carrier(header)))
}
