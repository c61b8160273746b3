package stage_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracetest"
	"github.com/dateline-news/dateline/internal/tracing"
)

// The span of the first delivery is a child of the span that published the input.
// The span of a later delivery is linked with that span.
func TestSpanOfRedelivery(t *testing.T) {
	h := newHarness(t)
	collector := tracetest.Start(t)
	sampled := tracing.Config{Endpoint: collector.URL, SampleRatio: 1}
	traces, err := tracing.New(t.Context(), sampled, "trial", "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	msg := nats.NewMsg(subject.Pages("com.example"))
	msg.Header.Set("traceparent", "00-"+trace+"-"+span+"-01")
	msg.Header.Set(nats.MsgIdHdr, "page:1")
	msg.Data = []byte("1")
	for range 2 { // the second is a duplicate in spite of its other trace context
		if _, err := h.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		msg.Header.Set("traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	}
	config := h.config(each(func(in *stage.Input) stage.Result {
		if in.Attempt == 1 {
			return failed(in, stage.Transient(outcome.Timeout, errors.New("trial error")))
		}
		return produced(in, 10)
	}))
	config.Traces = traces
	stop := h.run(config)
	h.settled(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	traces.Close(t.Context())
	spans := collector.Named("extract")
	if len(spans) != 2 {
		t.Fatalf("got spans %+v, want 2", spans)
	}
	if first := spans[0]; first.Trace != trace || first.Parent != span || len(first.Links) != 0 || !first.Failed {
		t.Errorf("the span of the first delivery is %+v", first)
	}
	again := spans[1]
	if again.Trace == trace || again.Parent != "" || again.Failed || strings.Join(again.Links, " ") != trace+":"+span {
		t.Errorf("the span of the second delivery is %+v", again)
	}
	article := natstest.Messages(t, h.js, subject.StreamArticles)[0]
	if got := article.Header.Get("traceparent"); got != "00-"+again.Trace+"-"+again.ID+"-01" {
		t.Errorf("the article has the parent %q, want the span %+v", got, again)
	}
}
