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

// rig is a loop over PAGES whose handler the test gives.
type rig struct {
	t  *testing.T
	nc *nats.Conn
	js jetstream.JetStream
}

func newRig(t *testing.T) *rig {
	nc, js := natstest.Start(t)
	return &rig{t, nc, js}
}

// publish puts n numbered inputs on PAGES.
func (r *rig) publish(n int) {
	r.t.Helper()
	for i := range n {
		if _, err := r.js.Publish(r.t.Context(), "pages.com.example", []byte(strconv.Itoa(i))); err != nil {
			r.t.Fatal(err)
		}
	}
}

// config is that of a loop for single inputs.
func (r *rig) config(handle stage.Handler) stage.Config {
	r.t.Helper()
	consumer, err := r.js.Consumer(r.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		r.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	metrics := stage.NewMetrics(prometheus.NewRegistry(), extract)
	return stage.Config{
		Stage: extract, Consumer: consumer, Handle: handle, Metrics: metrics, Log: log,
		Writer:  ledger.NewWriter(r.js, extract, log, time.Now, metrics.CountOutcome),
		Workers: 2, Batch: 1, MaxAttempts: 2, DrainTimeout: 30 * time.Second,
	}
}

// run starts a loop. stop ends it, and returns what Run returned.
func (r *rig) run(config stage.Config) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- stage.New(config).Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	r.t.Cleanup(func() { stop() })
	return stop
}

// hurry shortens the time after which the server delivers again.
func (r *rig) hurry(ackWait time.Duration) {
	r.t.Helper()
	consumer, err := r.js.Consumer(r.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		r.t.Fatal(err)
	}
	config := consumer.CachedInfo().Config
	config.AckWait = ackWait
	if _, err := r.js.UpdateConsumer(r.t.Context(), subject.StreamPages, config); err != nil {
		r.t.Fatal(err)
	}
}

// limit bounds a stream's bytes.
func (r *rig) limit(name string, bytes int64) {
	r.t.Helper()
	stream, err := r.js.Stream(r.t.Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxBytes = bytes
	if _, err := r.js.UpdateStream(r.t.Context(), config); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) outcomes() []*datelinev1.Outcome {
	r.t.Helper()
	var all []*datelinev1.Outcome
	for _, msg := range natstest.Messages(r.t, r.js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func (r *rig) letters() []*datelinev1.DeadLetter {
	r.t.Helper()
	var all []*datelinev1.DeadLetter
	for _, msg := range natstest.Messages(r.t, r.js, subject.StreamDead) {
		l := &datelinev1.DeadLetter{}
		if err := proto.Unmarshal(msg.Data, l); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// settled waits until n outcomes are stored and no message is left to ack.
func (r *rig) settled(n int) []*datelinev1.Outcome {
	r.t.Helper()
	natstest.Eventually(r.t, strconv.Itoa(n)+" outcomes, and every input acked", func() bool {
		pending, waiting := r.pending()
		return natstest.Count(r.t, r.js, subject.StreamOutcomes) >= n && pending == 0 && waiting == 0
	})
	outcomes := r.outcomes()
	if len(outcomes) != n {
		r.t.Fatalf("%d outcomes, want %d: %v", len(outcomes), n, outcomes)
	}
	return outcomes
}

// pending is how many inputs were delivered and not acked, and how many wait.
func (r *rig) pending() (unacked, waiting int) {
	r.t.Helper()
	consumer, err := r.js.Consumer(r.t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		r.t.Fatal(err)
	}
	info := consumer.CachedInfo()
	return info.NumAckPending, int(info.NumPending)
}

// each makes a handler of a function for one input.
func each(f func(in *stage.Input) stage.Result) stage.Handler {
	return func(_ context.Context, inputs []*stage.Input) []stage.Result {
		results := make([]stage.Result, len(inputs))
		for i, in := range inputs {
			results[i] = f(in)
		}
		return results
	}
}

// produced is the result of an input that becomes an article of a size.
func produced(in *stage.Input, size int) stage.Result {
	msg := nats.NewMsg("articles.en.com.example")
	msg.Header.Set(nats.MsgIdHdr, "article:"+string(in.Data))
	msg.Data = make([]byte, size)
	return stage.Result{
		Publish: []*nats.Msg{msg},
		Outcome: &datelinev1.Outcome{InputId: "page-" + string(in.Data), Verdict: datelinev1.Verdict_VERDICT_PRODUCED},
	}
}

func failed(in *stage.Input, err error) stage.Result {
	return stage.Result{Outcome: &datelinev1.Outcome{InputId: "page-" + string(in.Data), Url: "https://example.com/"}, Err: err}
}
