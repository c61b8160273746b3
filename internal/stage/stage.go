// Package stage is the run loop that every stage shares: it pulls messages,
// hands them to the stage in bounded batches, keeps them alive meanwhile,
// publishes what came of them, writes the ledger, and acks last.
package stage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Input is one message to work on.
type Input struct {
	Subject string
	Header  nats.Header
	Data    []byte
	// Stream and Sequence name the message: no other has the same.
	Stream   string
	Sequence uint64
	// Stored is when the stream took the message.
	Stored time.Time
	// Attempt counts the deliveries, this one included.
	Attempt int

	span trace.Span // of the work on it; nil where there are none
}

// Trace returns a context that has the span of the work on the input.
func (in *Input) Trace(ctx context.Context) context.Context {
	if in.span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, in.span)
}

// Result is what came of one input. Outcome names the input; its verdict is
// read only where Err is nil.
type Result struct {
	// Publish is stored, in order, before the outcome is.
	Publish []*nats.Msg
	// Outcome says what is known of the input: InputId always, URL and
	// request where known. A nil Outcome writes nothing to the ledger, for
	// the ledger's own consumer.
	Outcome *datelinev1.Outcome
	// Err is why there is no result; see Permanent, Transient, Unavailable.
	Err error
}

// Handler turns inputs into results, aligned with them. It must be ready to see
// an input again.
type Handler func(ctx context.Context, inputs []*Input) []Result

// Config of a loop. All fields are required where nothing else is said.
type Config struct {
	Stage    datelinev1.Stage
	Consumer jetstream.Consumer
	Writer   *ledger.Writer
	Handle   Handler
	Metrics  *Metrics
	Log      *slog.Logger
	// Traces makes a span for each input; nil makes none.
	Traces *tracing.Tracer

	// Workers is how many batches are handled at once. While what came of a batch is
	// stored, its worker handles the next.
	Workers int
	// Batch is the most inputs in one call of Handle, and BatchWait how long
	// a batch that is not full waits for more; 0 does not wait.
	Batch     int
	BatchWait time.Duration
	// MaxAttempts is how often an input is tried before it is dead-lettered.
	MaxAttempts int
	// DrainTimeout bounds the work that is finished after the context ends.
	DrainTimeout time.Duration
}

// A message that was delivered this many times MaxAttempts without ever ending
// in an outcome takes its process down with it, and is dead-lettered unseen.
// The factor leaves room for plain restarts, which count as deliveries too.
const poisonFactor = 10

// settleAtOnce is how many results of a batch are published at the same time:
// the way to the server and its disk would else be waited for once for each.
const settleAtOnce = 8

// Retry delays grow from the first to the last by doubling, with a quarter of
// jitter so that what failed together does not return together.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// Loop runs one stage. Make it with New.
type Loop struct {
	Config
	held  inProgress
	slots slots
}

// New returns a loop ready to run.
func New(config Config) *Loop {
	// As many messages wait as are handled and as are stored: enough to hide the way
	// to the server, and few to be given back when the process ends.
	return &Loop{Config: config, slots: make(slots, 3*config.Workers*config.Batch)}
}

// Run works until ctx ends, then finishes what it has pulled, for at most
// DrainTimeout. What it cannot finish is delivered again to another. It returns
// an error only where the consumer cannot be read at all.
func (l *Loop) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	stopDrain := context.AfterFunc(ctx, func() { time.AfterFunc(l.DrainTimeout, stopWork) })
	defer stopDrain()

	beat, stopBeat := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() { l.held.keepAlive(beat, l.beat()) })

	incoming := make(chan jetstream.Msg, cap(l.slots))
	var workers sync.WaitGroup
	for range l.Workers {
		workers.Go(func() { l.work(work, incoming) })
	}
	readErr := l.pull(ctx, incoming)
	if readErr != nil {
		time.AfterFunc(l.DrainTimeout, stopWork)
	}
	close(incoming)
	workers.Wait()
	stopBeat()
	beating.Wait()
	return readErr
}

// beat is a third of the time that the server waits for a sign of life.
func (l *Loop) beat() time.Duration { return l.Consumer.CachedInfo().Config.AckWait / 3 }

// batches yields groups of at most Batch messages until incoming is closed.
func (l *Loop) batches(incoming <-chan jetstream.Msg) func(yield func([]jetstream.Msg) bool) {
	return func(yield func([]jetstream.Msg) bool) {
		for first := range incoming {
			if !yield(l.fill([]jetstream.Msg{first}, incoming)) {
				return
			}
		}
	}
}

func (l *Loop) fill(batch []jetstream.Msg, incoming <-chan jetstream.Msg) []jetstream.Msg {
	if l.Batch == 1 {
		return batch
	}
	timer := time.NewTimer(l.BatchWait)
	defer timer.Stop()
	for len(batch) < l.Batch {
		select {
		case msg, ok := <-incoming:
			if !ok {
				return batch
			}
			batch = append(batch, msg)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

// work handles one batch after another until incoming is closed. What came of a
// batch is stored while the next one is handled, since the one waits for the server
// and its disk and the other does not; batches are stored in their order.
func (l *Loop) work(ctx context.Context, incoming <-chan jetstream.Msg) {
	var settling sync.WaitGroup
	defer settling.Wait()
	for msgs := range l.batches(incoming) {
		b := l.handle(ctx, msgs)
		settling.Wait()
		settling.Go(func() {
			defer l.leave(msgs)
			l.settle(ctx, b)
		})
	}
}

// batch is what came of messages that were handled together, aligned with them.
type batch struct {
	msgs    []jetstream.Msg
	inputs  []*Input
	results []Result
	took    time.Duration
}

func (l *Loop) handle(ctx context.Context, msgs []jetstream.Msg) batch {
	if ctx.Err() != nil {
		return batch{} // too late to begin: the server delivers them again
	}
	l.Metrics.inFlight.Add(float64(len(msgs)))
	b := batch{msgs: msgs, inputs: make([]*Input, len(msgs))}
	for i, msg := range msgs {
		b.inputs[i] = newInput(msg)
		if l.Traces != nil {
			_, b.inputs[i].span = l.Traces.Receive(ctx, subject.StageName(l.Stage), b.inputs[i].Header, b.inputs[i].Attempt > 1)
		}
	}
	if first := b.inputs[0]; l.Batch == 1 && first.Attempt > poisonFactor*l.MaxAttempts {
		b.results = []Result{poisoned(first)}
		return b
	}
	start := time.Now()
	b.results = l.attempt(ctx, b.inputs)
	b.took = time.Since(start)
	return b
}

// settle makes what came of a batch last, until each of its messages is acked or
// given back.
func (l *Loop) settle(ctx context.Context, b batch) {
	var settling sync.WaitGroup
	turns := make(chan struct{}, settleAtOnce)
	for i := range b.msgs {
		turns <- struct{}{}
		settling.Go(func() {
			defer func() { <-turns }()
			l.settleOne(ctx, b.msgs[i], b.inputs[i], b.results[i], b.took)
		})
	}
	settling.Wait()
	l.Metrics.inFlight.Sub(float64(len(b.msgs)))
}

// leave makes room for other messages.
func (l *Loop) leave(msgs []jetstream.Msg) {
	for _, msg := range msgs {
		l.held.remove(msg)
	}
	l.slots.release(len(msgs))
}

// settleOne stores what came of an input, then acks it; or gives it back.
func (l *Loop) settleOne(ctx context.Context, msg jetstream.Msg, in *Input, r Result, took time.Duration) {
	ctx = in.Trace(ctx)
	l.Metrics.duration.Observe(took.Seconds())
	err := l.store(ctx, in, r, took)
	if in.span != nil {
		tracing.End(in.span, r.Outcome, err)
	}
	switch {
	case err == nil:
		l.ack(ctx, msg)
	case ctx.Err() != nil:
		// Not ours to finish any more: the server delivers it again.
	default:
		f := classify(err)
		delay := retryDelay(in.Attempt)
		l.Metrics.CountRetry(f.reason)
		l.Log.InfoContext(ctx, "retry", "stage", subject.StageName(l.Stage), "reason", f.reason, "attempt", in.Attempt, "delay", delay,
			"url", r.Outcome.GetUrl(), "error", err)
		if err := msg.NakWithDelay(delay); err != nil {
			l.Log.WarnContext(ctx, "giving a message back; it returns after the ack wait", "error", err)
		}
	}
}

// store makes a result last. The error says that the input has to come again.
func (l *Loop) store(ctx context.Context, in *Input, r Result, took time.Duration) error {
	err := r.Err
	if err == nil {
		if err = l.Writer.Publish(ctx, r.Publish...); err == nil {
			if r.Outcome == nil { // of the ledger itself: it is counted all the same
				l.Metrics.CountOutcome(datelinev1.Verdict_VERDICT_PRODUCED, "")
				return nil
			}
			r.Outcome.Attempt = int32(in.Attempt)
			return l.Writer.Outcome(ctx, r.Outcome, took, in.Sequence)
		}
		if errors.Is(err, ledger.ErrTooLarge) {
			err = Permanent(outcome.TooLarge, fmt.Errorf("what came of it exceeds the largest message that NATS takes: %w", err))
		}
	}
	f := classify(err)
	if f.kind != permanent && (f.kind == unavailable || in.Attempt < l.MaxAttempts) || r.Outcome == nil {
		return err
	}
	r.Outcome.Reason, r.Outcome.Detail, r.Outcome.Attempt = string(f.reason), err.Error(), int32(in.Attempt)
	return l.Writer.Bury(ctx, r.Outcome, took, ledger.Source{Sequence: in.Sequence, Subject: in.Subject, Header: in.Header, Data: in.Data})
}

func (l *Loop) ack(ctx context.Context, msg jetstream.Msg) {
	if err := msg.Ack(); err != nil {
		l.Log.WarnContext(ctx, "acking a message; it comes again and is recognised", "error", err)
	}
}

func newInput(msg jetstream.Msg) *Input {
	in := &Input{Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(), Attempt: 1}
	if meta, err := msg.Metadata(); err == nil {
		in.Stream, in.Sequence, in.Stored, in.Attempt = meta.Stream, meta.Sequence.Stream, meta.Timestamp, int(meta.NumDelivered)
	}
	return in
}

func retryDelay(attempt int) time.Duration {
	delay := min(firstRetry<<min(attempt-1, 16), lastRetry)
	return delay + time.Duration(rand.Int64N(int64(delay)/4))
}
