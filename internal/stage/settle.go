package stage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// settleConcurrency is the number of results of a batch that are published at the
// same time, so that they share the round trips to the server and its disk.
const settleConcurrency = 8

// redeliveryBackoff is the delay before a failed input is delivered again.
var redeliveryBackoff = loop.Backoff{First: time.Second, Last: 5 * time.Minute}

// settle stores the results of a batch, until each of its messages is acked or
// returned to the server.
func (l *Loop) settle(ctx context.Context, b batch) {
	var settling sync.WaitGroup
	tokens := make(chan struct{}, settleConcurrency)
	for _, i := range l.settleTogether(ctx, b) {
		tokens <- struct{}{}
		settling.Go(func() {
			defer func() { <-tokens }()
			l.settleOne(ctx, b.msgs[i], b.inputs[i], b.results[i], b.took)
		})
	}
	settling.Wait()
	l.Metrics.inFlight.Sub(float64(len(b.msgs)))
}

// settleTogether stores the results that consist of an outcome, together in one write,
// and then acks their messages. It returns the indexes of the other results, and those
// of all results if the write fails.
func (l *Loop) settleTogether(ctx context.Context, b batch) (rest []int) {
	var plain []int
	var ended []ledger.Ended
	for i, r := range b.results {
		if r.Err != nil || len(r.Publish) > 0 || r.Outcome == nil || len(ended) == bus.MaxBatch {
			rest = append(rest, i)
			continue
		}
		in := b.inputs[i]
		r.Outcome.Attempt = int32(in.Attempt)
		plain = append(plain, i)
		ended = append(ended, ledger.Ended{Outcome: r.Outcome, Took: b.took, Sequence: in.Sequence, Trace: in.Trace})
	}
	if len(ended) < 2 {
		return append(rest, plain...)
	}
	if err := l.Writer.Outcomes(ctx, ended); err != nil {
		l.Log.DebugContext(ctx, "storing outcomes together failed, storing each", "stage", subject.StageName(l.Stage),
			"outcomes", len(ended), "error", err)
		return append(rest, plain...)
	}
	for _, i := range plain {
		l.Metrics.duration.Observe(b.took.Seconds())
		l.settled(b.inputs[i].Trace(ctx), b.msgs[i], b.inputs[i], b.results[i])
	}
	return rest
}

// settled acks a message whose result is stored.
func (l *Loop) settled(ctx context.Context, msg jetstream.Msg, in *Input, r Result) {
	if in.span != nil {
		tracing.End(in.span, r.Outcome, nil)
	}
	if err := msg.Ack(); err != nil {
		l.Log.WarnContext(ctx, "ack failed, message will be delivered again and recognised as processed", "error", err)
	}
}

// settleOne stores the result of one input and then acks its message. If that
// fails, it returns the message to the server for a later attempt.
func (l *Loop) settleOne(ctx context.Context, msg jetstream.Msg, in *Input, r Result, took time.Duration) {
	ctx = in.Trace(ctx)
	l.Metrics.duration.Observe(took.Seconds())
	err := l.store(ctx, in, r, took)
	if err == nil {
		l.settled(ctx, msg, in, r)
		return
	}
	if in.span != nil {
		tracing.End(in.span, r.Outcome, err)
	}
	switch {
	case ctx.Err() != nil:
		// The drain is over: the server delivers the message again.
	default:
		failed := classify(err)
		delay := redeliveryBackoff.Delay(in.Attempt)
		l.Metrics.CountRetry(failed.reason)
		l.Log.InfoContext(ctx, "retry", "stage", subject.StageName(l.Stage), "reason", failed.reason,
			"attempt", in.Attempt, "delay", delay, "url", r.Outcome.GetUrl(), "error", err)
		if err := msg.NakWithDelay(delay); err != nil {
			l.Log.WarnContext(ctx, "nak failed, message will be delivered again after the ack wait", "error", err)
		}
	}
}

// store publishes the messages of a result and records its outcome, or the dead
// letter of a failed input. An error means that the input must be delivered again.
func (l *Loop) store(ctx context.Context, in *Input, r Result, took time.Duration) error {
	err := r.Err
	if err == nil {
		if err = l.Writer.Publish(ctx, r.Publish...); err == nil {
			if r.Outcome == nil { // the ledger's own loop
				l.Metrics.CountOutcome(datelinev1.Verdict_VERDICT_PRODUCED, "")
				return nil
			}
			r.Outcome.Attempt = int32(in.Attempt)
			return l.Writer.Outcome(ctx, r.Outcome, took, in.Sequence)
		}
		if errors.Is(err, ledger.ErrTooLarge) {
			err = Permanent(outcome.TooLarge, fmt.Errorf("the result exceeds the largest message that NATS accepts: %w", err))
		}
	}
	failed := classify(err)
	if r.Outcome == nil || failed.canRetry(in.Attempt, l.MaxAttempts) {
		return err
	}
	r.Outcome.Reason, r.Outcome.Detail, r.Outcome.Attempt = string(failed.reason), err.Error(), int32(in.Attempt)
	source := ledger.Source{Sequence: in.Sequence, Subject: in.Subject, Header: in.Header, Data: in.Data}
	return l.Writer.Bury(ctx, r.Outcome, took, source)
}
