package stage_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const extract = datelinev1.Stage_STAGE_EXTRACT

// harness runs loops over the stream PAGES.
type harness struct {
	t  *testing.T
	nc *nats.Conn
	js jetstream.JetStream
}

func newHarness(t *testing.T) *harness {
	nc, js := natstest.Start(t)
	return &harness{t, nc, js}
}

// publish publishes n inputs, whose payloads are their numbers.
func (h *harness) publish(n int) {
	h.t.Helper()
	for i := range n {
		if _, err := h.js.Publish(h.t.Context(), subject.Pages("com.example"), []byte(strconv.Itoa(i))); err != nil {
			h.t.Fatal(err)
		}
	}
}

// config returns the configuration of a loop without batches.
func (h *harness) config(handle stage.Handler) stage.Config {
	h.t.Helper()
	consumer, err := h.js.Consumer(h.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		h.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	metrics := stage.NewMetrics(prometheus.NewRegistry(), extract)
	return stage.Config{
		Stage: extract, Consumer: consumer, Handle: handle, Metrics: metrics, Log: log,
		Writer: ledger.NewWriter(ledger.Config{
			JS: h.js, Stage: extract, Log: log, Now: time.Now,
			Count: metrics.CountOutcome, CountUnkept: metrics.CountUnkept,
		}),
		Workers: 2, Batch: 1, MaxAttempts: 2, DrainTimeout: 30 * time.Second,
	}
}

// run starts a loop. stop ends it and returns the error of Run.
func (h *harness) run(config stage.Config) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- stage.New(config).Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	h.t.Cleanup(func() { _ = stop() })
	return stop
}

// setAckWait sets the time after which the server delivers a message again.
func (h *harness) setAckWait(ackWait time.Duration) {
	h.t.Helper()
	consumer, err := h.js.Consumer(h.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		h.t.Fatal(err)
	}
	config := consumer.CachedInfo().Config
	config.AckWait = ackWait
	if _, err := h.js.UpdateConsumer(h.t.Context(), subject.StreamPages, config); err != nil {
		h.t.Fatal(err)
	}
}

// limit sets the maximum size of a stream.
func (h *harness) limit(name string, bytes int64) {
	h.t.Helper()
	stream, err := h.js.Stream(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxBytes = bytes
	if _, err := h.js.UpdateStream(h.t.Context(), config); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) outcomes() []*datelinev1.Outcome {
	h.t.Helper()
	var all []*datelinev1.Outcome
	for _, msg := range natstest.Messages(h.t, h.js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			h.t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func (h *harness) letters() []*datelinev1.DeadLetter {
	h.t.Helper()
	var all []*datelinev1.DeadLetter
	for _, msg := range natstest.Messages(h.t, h.js, subject.StreamDead) {
		l := &datelinev1.DeadLetter{}
		if err := proto.Unmarshal(msg.Data, l); err != nil {
			h.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// settled waits until n outcomes are stored and every input is acked.
func (h *harness) settled(n int) []*datelinev1.Outcome {
	h.t.Helper()
	natstest.Eventually(h.t, strconv.Itoa(n)+" outcomes, and every input acked", func() bool {
		pending, waiting := h.pending()
		return natstest.Count(h.t, h.js, subject.StreamOutcomes) >= n && pending == 0 && waiting == 0
	})
	outcomes := h.outcomes()
	if len(outcomes) != n {
		h.t.Fatalf("got %d outcomes, want %d: %v", len(outcomes), n, outcomes)
	}
	return outcomes
}

// pending returns the number of inputs that are delivered but not acked, and of those that wait.
func (h *harness) pending() (unacked, waiting int) {
	h.t.Helper()
	consumer, err := h.js.Consumer(h.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		h.t.Fatal(err)
	}
	info := consumer.CachedInfo()
	return info.NumAckPending, int(info.NumPending)
}

// each returns a handler that calls a function for each input.
func each(f func(in *stage.Input) stage.Result) stage.Handler {
	return func(_ context.Context, inputs []*stage.Input) []stage.Result {
		results := make([]stage.Result, len(inputs))
		for i, in := range inputs {
			results[i] = f(in)
		}
		return results
	}
}

// produced returns the result of an input that becomes an article of the given size.
func produced(in *stage.Input, size int) stage.Result {
	msg := nats.NewMsg(subject.Articles("en", "com.example"))
	msg.Header.Set(nats.MsgIdHdr, "article:"+string(in.Data))
	msg.Data = make([]byte, size)
	return stage.Result{
		Publish: []*nats.Msg{msg},
		Outcome: &datelinev1.Outcome{InputId: "page-" + string(in.Data), Verdict: datelinev1.Verdict_VERDICT_PRODUCED},
	}
}

func failed(in *stage.Input, err error) stage.Result {
	return stage.Result{
		Outcome: &datelinev1.Outcome{InputId: "page-" + string(in.Data), Url: "https://example.com/"},
		Err:     err,
	}
}
