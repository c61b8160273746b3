package stage

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// poisonFactor is the multiple of MaxAttempts after which a message that never
// ended in an outcome is dead-lettered without calling the handler: it probably
// crashes the process. The factor leaves room for ordinary restarts, which count
// as deliveries too.
const poisonFactor = 10

// batch holds messages that are handled together, with their inputs and results
// in the same order.
type batch struct {
	msgs    []jetstream.Msg
	inputs  []*Input
	results []Result
	took    time.Duration
}

// work handles one batch after another until incoming is closed. A batch is
// stored while the next one is handled, because storing mostly waits for the
// server and its disk. Batches are stored in order.
func (l *Loop) work(ctx context.Context, incoming <-chan jetstream.Msg) {
	var settling sync.WaitGroup
	defer settling.Wait()
	for msgs := range l.batches(incoming) {
		b := l.handle(ctx, msgs)
		settling.Wait()
		settling.Go(func() {
			defer l.releaseSlots(msgs)
			l.settle(ctx, b)
		})
	}
}

// Process handles messages that the caller has read in another way, together, and stores
// their results. It may be called while Run works. Messages that no consumer delivered
// must implement Ack, Nak and the like themselves.
func (l *Loop) Process(ctx context.Context, msgs []jetstream.Msg) {
	l.settle(ctx, l.handle(ctx, msgs))
}

// batches yields groups of at most Batch messages until incoming is closed. A message
// that was delivered more than MaxAttempts times is a group of its own: it may crash
// the process, and the messages beside it would be taken for the cause as well.
func (l *Loop) batches(incoming <-chan jetstream.Msg) func(yield func([]jetstream.Msg) bool) {
	return func(yield func([]jetstream.Msg) bool) {
		for first := range incoming {
			var group []jetstream.Msg
			for _, msg := range l.fill([]jetstream.Msg{first}, incoming) {
				if newInput(msg).Attempt <= l.MaxAttempts {
					group = append(group, msg)
				} else if !yield([]jetstream.Msg{msg}) {
					return
				}
			}
			if len(group) > 0 && !yield(group) {
				return
			}
		}
	}
}

// fill adds messages to a batch until it is full or BatchWait is over.
func (l *Loop) fill(msgs []jetstream.Msg, incoming <-chan jetstream.Msg) []jetstream.Msg {
	if l.Batch == 1 {
		return msgs
	}
	timer := time.NewTimer(l.BatchWait)
	defer timer.Stop()
	for len(msgs) < l.Batch {
		select {
		case msg, ok := <-incoming:
			if !ok {
				return msgs
			}
			msgs = append(msgs, msg)
		case <-timer.C:
			return msgs
		}
	}
	return msgs
}

// handle calls the handler for a batch. It returns an empty batch if ctx has
// ended: the server delivers the messages again.
func (l *Loop) handle(ctx context.Context, msgs []jetstream.Msg) batch {
	if ctx.Err() != nil {
		return batch{}
	}
	l.Metrics.inFlight.Add(float64(len(msgs)))
	b := batch{msgs: msgs, inputs: make([]*Input, len(msgs))}
	for i, msg := range msgs {
		in := newInput(msg)
		if l.Traces != nil {
			_, in.span = l.Traces.Receive(ctx, subject.StageName(l.Stage), in.Header, in.Attempt > 1)
		}
		b.inputs[i] = in
	}
	if first := b.inputs[0]; len(msgs) == 1 && first.Attempt > poisonFactor*l.MaxAttempts {
		l.skip(ctx, first)
		b.results = []Result{poisoned(first)}
		return b
	}
	start := time.Now()
	b.results = l.attempt(ctx, b.inputs)
	b.took = time.Since(start)
	return b
}

func newInput(msg jetstream.Msg) *Input {
	in := &Input{Subject: msg.Subject(), Header: msg.Headers(), Data: msg.Data(), Attempt: 1}
	if meta, err := msg.Metadata(); err == nil {
		in.Stream, in.Sequence, in.Stored = meta.Stream, meta.Sequence.Stream, meta.Timestamp
		in.Attempt = int(meta.NumDelivered)
	}
	return in
}

// releaseSlots makes room for other messages.
func (l *Loop) releaseSlots(msgs []jetstream.Msg) {
	for _, msg := range msgs {
		l.held.remove(msg)
	}
	l.slots.release(len(msgs))
}
