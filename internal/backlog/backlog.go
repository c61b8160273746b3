// Package backlog tells in metrics what lies on the streams, how much of it
// waits for whom, and for how long. It asks the server beside the scrapes, so
// that none of them ever waits for it.
package backlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// Interval is how often the server is asked.
	Interval = 5 * time.Second
	// timeout bounds what is asked in one round.
	timeout = 4 * time.Second
)

// Input is a stream and the durable consumer through which it is read; empty
// where there is none to watch.
type Input struct{ Stream, Consumer string }

// Watch keeps the metrics of some inputs. Make it with New.
type Watch struct {
	js      jetstream.JetStream
	inputs  []Input
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time
	// oldest remembers when the message above a consumer's ack floor was stored:
	// a page need not be read again only to learn that.
	oldest map[Input]waiting
	failed bool // in the last round, which was logged
}

type waiting struct {
	floor  uint64
	stored time.Time
}

// New registers the metrics of the inputs. Run keeps them.
func New(js jetstream.JetStream, reg prometheus.Registerer, log *slog.Logger, now func() time.Time, inputs ...Input) *Watch {
	return &Watch{js: js, inputs: inputs, metrics: newMetrics(reg, inputs), log: log, now: now, oldest: map[Input]waiting{}}
}

// Run asks the server every Interval until ctx ends. What cannot be had is
// counted, and its metrics stay as they were.
func (w *Watch) Run(ctx context.Context) error {
	ticker := time.NewTicker(Interval)
	defer ticker.Stop()
	for {
		w.Refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Refresh asks the server once.
func (w *Watch) Refresh(ctx context.Context) {
	round, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := w.account(round)
	for _, input := range w.inputs {
		err = errors.Join(err, w.read(round, input))
	}
	if err != nil && ctx.Err() == nil && !w.failed {
		w.log.Warn("the state of streams cannot be had; their metrics stay as they were until it can", "error", err)
	}
	w.failed = err != nil
}

func (w *Watch) account(ctx context.Context) error {
	info, err := w.js.AccountInfo(ctx)
	if err != nil {
		return w.missed(ctx, fmt.Errorf("asking for the account's storage: %w", err))
	}
	w.metrics.storage.Set(float64(info.Store))
	w.metrics.storageLimit.Set(bound(info.Limits.MaxStore))
	return nil
}

// bound is a limit as metrics have it: 0 for none.
func bound(limit int64) float64 { return float64(max(limit, 0)) }

func (w *Watch) missed(ctx context.Context, err error) error {
	if !errors.Is(ctx.Err(), context.Canceled) {
		w.metrics.errors.Inc()
	}
	return err
}

func (w *Watch) read(ctx context.Context, input Input) error {
	stream, err := w.js.Stream(ctx, input.Stream)
	if err != nil {
		return w.missed(ctx, fmt.Errorf("reading stream %s: %w", input.Stream, err))
	}
	info := stream.CachedInfo()
	labels := prometheus.Labels{"stream": input.Stream}
	w.metrics.messages.With(labels).Set(float64(info.State.Msgs))
	w.metrics.bytes.With(labels).Set(float64(info.State.Bytes))
	w.metrics.limit.With(labels).Set(bound(info.Config.MaxBytes))
	var first time.Time
	if info.State.Msgs > 0 {
		first = info.State.FirstTime
	}
	w.metrics.age.With(labels).Set(w.age(first))
	if input.Consumer == "" {
		return nil
	}
	consumer, err := stream.Consumer(ctx, input.Consumer)
	if err != nil {
		return w.missed(ctx, fmt.Errorf("reading consumer %s: %w", input.Consumer, err))
	}
	state := consumer.CachedInfo()
	labels["consumer"] = input.Consumer
	w.metrics.pending.With(labels).Set(float64(state.NumPending))
	w.metrics.ackPending.With(labels).Set(float64(state.NumAckPending))
	w.metrics.redelivered.With(labels).Set(float64(state.NumRedelivered))
	oldest, err := w.oldestWaiting(ctx, input, stream, state)
	if err != nil {
		return w.missed(ctx, err)
	}
	w.metrics.waiting.With(labels).Set(w.age(oldest))
	return nil
}

func (w *Watch) age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, w.now().Sub(since).Seconds())
}

func (w *Watch) oldestWaiting(ctx context.Context, input Input, stream jetstream.Stream, state *jetstream.ConsumerInfo) (time.Time, error) {
	if known, ok := w.oldest[input]; ok && known.floor == state.AckFloor.Stream && !known.stored.IsZero() && waits(state) {
		return known.stored, nil
	}
	stored, err := OldestWaiting(ctx, stream, state)
	if err == nil {
		w.oldest[input] = waiting{state.AckFloor.Stream, stored}
	}
	return stored, err
}

func waits(state *jetstream.ConsumerInfo) bool {
	return state.NumPending > 0 || state.NumAckPending > 0
}

// OldestWaiting is when the first message was stored that a consumer has not
// acked, by the server's clock; zero where it has acked all. The stream and the
// consumer's state are as they were read last.
func OldestWaiting(ctx context.Context, stream jetstream.Stream, state *jetstream.ConsumerInfo) (time.Time, error) {
	info := stream.CachedInfo()
	next := state.AckFloor.Stream + 1
	switch {
	case !waits(state):
		return time.Time{}, nil
	case info.State.Msgs > 0 && next <= info.State.FirstSeq:
		return info.State.FirstTime, nil
	}
	// The message itself may be gone: the first one that is left counts.
	msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(">"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the oldest message of stream %s that waits for %s: %w", info.Config.Name, state.Name, err)
	}
	return msg.Time, nil
}
