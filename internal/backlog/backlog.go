// Package backlog exposes metrics of the streams: their contents, how many messages
// wait for each consumer, and for how long. It polls the server independently of
// scrapes, so that a scrape never waits for the server.
package backlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/loop"
)

const (
	// Interval is the time between two polls of the server.
	Interval = 5 * time.Second
	// timeout bounds a poll.
	timeout = 4 * time.Second
)

// Input is a stream and the durable consumer that reads it. Consumer is empty if only the
// stream is watched.
type Input struct {
	Stream, Consumer string
	// Optional means that the consumer need not exist.
	Optional bool
}

// Watch updates the metrics of its inputs. Use New to create one.
type Watch struct {
	js      jetstream.JetStream
	inputs  []Input
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time
	// oldest caches when the message above a consumer's ack floor was stored,
	// because reading the time means reading the whole message, such as a page.
	oldest map[Input]oldestMessage
	failed bool // whether the last poll failed, which was logged
}

type oldestMessage struct {
	// created is when the stream was created. A stream that is declared again uses the
	// same sequence numbers for other messages.
	created time.Time
	floor   uint64
	stored  time.Time
}

// New registers the metrics of the inputs. Run updates them.
func New(
	js jetstream.JetStream, reg prometheus.Registerer, log *slog.Logger, now func() time.Time, inputs ...Input,
) *Watch {
	return &Watch{
		js: js, inputs: inputs, metrics: newMetrics(reg, inputs), log: log, now: now,
		oldest: map[Input]oldestMessage{},
	}
}

// Run polls the server every Interval until ctx ends. It counts failures. The metrics
// that could not be read keep their values.
func (w *Watch) Run(ctx context.Context) error {
	return loop.Every(ctx, Interval, func(ctx context.Context) error {
		w.Refresh(ctx)
		return nil
	})
}

// Refresh polls the server once.
func (w *Watch) Refresh(ctx context.Context) {
	poll, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := w.readAccount(poll)
	for _, input := range w.inputs {
		err = errors.Join(err, w.read(poll, input))
	}
	if err != nil && ctx.Err() == nil && !w.failed {
		w.log.Warn("reading the state of streams failed, their metrics keep the last values", "error", err)
	}
	w.failed = err != nil
}

func (w *Watch) readAccount(ctx context.Context) error {
	info, err := w.js.AccountInfo(ctx)
	if err != nil {
		return w.countFailure(ctx, fmt.Errorf("reading account: %w", err))
	}
	w.metrics.storage.Set(float64(info.Store))
	w.metrics.storageLimit.Set(bound(info.Limits.MaxStore))
	return nil
}

// bound returns a limit as the value of a metric, with 0 for unlimited.
func bound(limit int64) float64 { return float64(max(limit, 0)) }

// countFailure counts a failure, unless it was caused by cancellation, and returns it.
func (w *Watch) countFailure(ctx context.Context, err error) error {
	if !errors.Is(ctx.Err(), context.Canceled) {
		w.metrics.errors.Inc()
	}
	return err
}

func (w *Watch) read(ctx context.Context, input Input) error {
	stream, err := w.js.Stream(ctx, input.Stream)
	if err != nil {
		return w.countFailure(ctx, fmt.Errorf("reading stream %s: %w", input.Stream, err))
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
	if input.Optional && errors.Is(err, jetstream.ErrConsumerNotFound) {
		w.metrics.forget(input)
		return nil
	}
	if err != nil {
		return w.countFailure(ctx, fmt.Errorf("reading consumer %s: %w", input.Consumer, err))
	}
	state := consumer.CachedInfo()
	labels["consumer"] = input.Consumer
	w.metrics.pending.With(labels).Set(float64(state.NumPending))
	w.metrics.ackPending.With(labels).Set(float64(state.NumAckPending))
	w.metrics.redelivered.With(labels).Set(float64(state.NumRedelivered))
	oldest, err := w.oldestWaiting(ctx, input, stream, state)
	if err != nil {
		return w.countFailure(ctx, err)
	}
	w.metrics.waiting.With(labels).Set(w.age(oldest))
	return nil
}

// age returns the seconds since a time, or 0 if it is zero.
func (w *Watch) age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, w.now().Sub(since).Seconds())
}

// oldestWaiting is OldestWaiting with the cache.
func (w *Watch) oldestWaiting(
	ctx context.Context, input Input, stream jetstream.Stream, state *jetstream.ConsumerInfo,
) (time.Time, error) {
	known, created := w.oldest[input], stream.CachedInfo().Created
	isKnown := known.created.Equal(created) && known.floor == state.AckFloor.Stream && !known.stored.IsZero()
	if isKnown && hasUnacked(state) {
		return known.stored, nil
	}
	stored, err := OldestWaiting(ctx, stream, state)
	if err == nil {
		w.oldest[input] = oldestMessage{created, state.AckFloor.Stream, stored}
	}
	return stored, err
}

// hasUnacked reports whether there are messages that the consumer has not acked.
func hasUnacked(state *jetstream.ConsumerInfo) bool {
	return state.NumPending > 0 || state.NumAckPending > 0
}

// OldestWaiting returns when the first message that a consumer has not acked was
// stored, by the server's clock. It returns the zero time if the consumer has acked
// all messages. It uses the cached state of the stream and the given state of the
// consumer.
func OldestWaiting(
	ctx context.Context, stream jetstream.Stream, state *jetstream.ConsumerInfo,
) (time.Time, error) {
	info := stream.CachedInfo()
	next := state.AckFloor.Stream + 1
	switch {
	case !hasUnacked(state):
		return time.Time{}, nil
	case info.State.Msgs > 0 && next <= info.State.FirstSeq:
		return info.State.FirstTime, nil
	}
	// The message may have been deleted, so get the first remaining one.
	msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(">"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading oldest message of stream %s that waits for consumer %s: %w",
			info.Config.Name, state.Name, err)
	}
	return msg.Time, nil
}
