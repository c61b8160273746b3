package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/loop"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// refusals are the pauses before a refused export is repeated, within exportTimeout.
var refusals = loop.Backoff{First: 500 * time.Millisecond, Last: 4 * time.Second}

// errRefused means that the collector takes no spans for the moment.
var errRefused = errors.New("the collector refuses spans for the moment")

// collector sends spans over OTLP/HTTP. The client of OpenTelemetry does the same, but links
// gRPC and its gateway, which are 1.8 MB of every program.
type collector struct {
	url  string
	http *http.Client
}

func newCollector(url string) *collector {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // see net/http
	return &collector{url, &http.Client{Transport: transport, Timeout: exportTimeout}}
}

// Start does nothing: connections are opened when they are needed.
func (c *collector) Start(context.Context) error { return nil }

// Stop closes the connections.
func (c *collector) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends spans. It repeats exports that the collector refuses for the moment
// until ctx ends.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// TracesData has the encoding of ExportTraceServiceRequest.
	data, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encoding spans: %w", err)
	}
	return loop.Retry(ctx, refusals, func(ctx context.Context) error { return c.post(ctx, data) },
		func(err error) bool { return errors.Is(err, errRefused) })
}

// post sends spans once. The error is errRefused if the export may be repeated (OTLP
// specification, section "Retryable Response Codes").
func (c *collector) post(ctx context.Context, data []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("creating the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("sending spans: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)); err != nil {
		return fmt.Errorf("reading the answer of the collector: %w", err)
	}
	switch status := response.StatusCode; status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: it answers %s", errRefused, response.Status)
	default:
		if status/100 != 2 {
			return fmt.Errorf("the collector answers %s", response.Status)
		}
		return nil
	}
}
