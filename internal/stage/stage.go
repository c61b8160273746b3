// Package stage provides the processing loop that all stages share. It pulls
// messages, passes them to the stage's handler in bounded batches, keeps them
// alive meanwhile, publishes the results, records the outcomes, and acks last.
package stage

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Input is one message to process.
type Input struct {
	Subject string
	Header  nats.Header
	Data    []byte
	// Stream and Sequence identify the message.
	Stream   string
	Sequence uint64
	// Stored is the time at which the stream stored the message.
	Stored time.Time
	// Attempt is the number of deliveries, including this one.
	Attempt int

	span trace.Span // of processing the input; nil without tracing
}

// Trace returns ctx with the span of processing the input.
func (in *Input) Trace(ctx context.Context) context.Context {
	if in.span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, in.span)
}

// MessageID identifies the input's message. It is the input's id in the ledger unless the
// message carries an id. It contains the time because a stream that is declared again
// uses the same sequence numbers.
func (in *Input) MessageID() string { return ledger.MessageID(in.Stream, in.Sequence, in.Stored) }

// Result is the result of processing one input.
type Result struct {
	// Publish holds the messages to store, in order, before the outcome.
	Publish []*nats.Msg
	// Outcome describes the input: InputId always, URL and request if known. Its
	// verdict is ignored if Err is set. Without an Outcome nothing is recorded,
	// which only the ledger's own loop uses.
	Outcome *datelinev1.Outcome
	// Err is the failure, if any; see Permanent, Transient and Unavailable.
	Err error
}

// Handler processes inputs and returns one result for each, in the same order. It
// may be called with the same input again.
type Handler func(ctx context.Context, inputs []*Input) []Result

// Config configures a loop. All fields are required unless their comment says
// otherwise.
type Config struct {
	Stage    datelinev1.Stage
	Consumer jetstream.Consumer
	Writer   *ledger.Writer
	Handle   Handler
	// Skipped is called for an input that becomes a dead letter without a result of
	// Handle, because the handler panicked or the input crashes the process. Optional.
	Skipped func(context.Context, *Input)
	Metrics *Metrics
	Log     *slog.Logger
	// Traces creates a span for each input. Optional.
	Traces *tracing.Tracer

	// Workers is the number of batches that are handled at the same time. A
	// worker handles its next batch while the previous one is being stored.
	Workers int
	// Batch is the maximum number of inputs in one call of Handle.
	Batch int
	// BatchWait is the maximum time to wait for a batch to fill up. Default 0: no
	// wait.
	BatchWait time.Duration
	// MaxBytes is the maximum size of all messages that are pulled but not settled, in bytes.
	// MaxMessage is the size of the largest message. Default 0: only their number is bounded.
	MaxBytes, MaxMessage int64
	// MaxAttempts is the number of attempts after which an input is dead-lettered.
	MaxAttempts int
	// DrainTimeout is the maximum time to finish pulled messages after the context
	// of Run has ended.
	DrainTimeout time.Duration
}

// slotsPerWorker is the number of batches that are pulled for each worker: one
// that is handled, one that is stored, and one that hides the round trip to the
// server. More would only have to be returned when the process ends.
const slotsPerWorker = 3

// Loop runs one stage.
type Loop struct {
	Config
	held  heldMessages
	slots slots
}

// New returns a loop.
func New(config Config) *Loop {
	return &Loop{
		Config: config, slots: make(slots, slotsPerWorker*config.Workers*config.Batch),
		held: heldMessages{removed: make(chan struct{}, 1)},
	}
}

// Run processes messages until ctx ends, and then finishes those that it has
// pulled for at most DrainTimeout. The server delivers unfinished messages again,
// to any replica. Run returns an error only if the consumer cannot be read.
func (l *Loop) Run(ctx context.Context) error {
	pulling, stopPulling := context.WithCancel(ctx)
	defer stopPulling()
	work, stopWork := loop.Drain(pulling, l.DrainTimeout)
	defer stopWork()

	alive, stopAlive := context.WithCancel(context.WithoutCancel(ctx))
	var keeping sync.WaitGroup
	keeping.Go(func() { l.held.keepAlive(alive, l.keepAliveInterval()) })

	incoming := make(chan jetstream.Msg, cap(l.slots))
	var workers sync.WaitGroup
	for range l.Workers {
		workers.Go(func() { l.work(work, incoming) })
	}
	err := l.pull(ctx, incoming)
	stopPulling() // after an error too, the workers have DrainTimeout
	close(incoming)
	workers.Wait()
	stopAlive()
	keeping.Wait()
	return err
}

// keepAliveShare is the share of the consumer's ack wait after which a message is
// reported to be in progress: two reports may be lost.
const keepAliveShare = 3

func (l *Loop) keepAliveInterval() time.Duration {
	return l.Consumer.CachedInfo().Config.AckWait / keepAliveShare
}
