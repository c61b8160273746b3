package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// aheadInterval is the time between two looks at the queue.
	aheadInterval = time.Second
	// aheadMin is the number of waiting messages below which nobody waits for long.
	aheadMin = 1000
	// aheadWindow is the time after which the allowances of the hosts begin again, and
	// reading begins at the head of the queue.
	aheadWindow = time.Minute
	// aheadPerHost is the number of messages of a host that are admitted ahead of their
	// turn within a window, and aheadHosts the maximum number of hosts.
	aheadPerHost = 100
	aheadHosts   = 10_000
	// aheadMessages is the maximum number of messages that are read within a window,
	// aheadRead the number that is read at once, and aheadBatch the number that is
	// admitted at once.
	aheadMessages = 500_000
	aheadRead     = 1000
	aheadBatch    = 64
	// deleteTimeout bounds the deletion of a message.
	deleteTimeout = 5 * time.Second
)

// Ahead lets hosts take turns while many messages wait. Messages are admitted in the
// order in which they were published, so that a few URLs would wait for all of a bulk
// before them. Ahead reads the messages that wait, and admits the first ones of each
// host at once. They are not delivered later, because they are deleted.
//
// A message may be admitted ahead and in its turn at the same time, or by several
// replicas. That has the same effect as a second delivery: its claim recognises it.
type Ahead struct {
	js      jetstream.JetStream
	process func(context.Context, []jetstream.Msg)
	log     *slog.Logger
	now     func() time.Time

	created  time.Time // of the stream that next belongs to
	window   time.Time // begin
	next     uint64    // sequence from which to read on
	read     int       // messages read in this window
	admitted map[string]int
}

// NewAhead returns an Ahead that passes messages to process, which stores the results
// and then acks.
func NewAhead(
	js jetstream.JetStream, process func(context.Context, []jetstream.Msg), log *slog.Logger, now func() time.Time,
) *Ahead {
	return &Ahead{js: js, process: process, log: log, now: now}
}

// Run reads ahead until ctx ends.
func (a *Ahead) Run(ctx context.Context) error {
	return loop.Tick(ctx, aheadInterval, func(ctx context.Context) error {
		if err := a.look(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("reading ahead failed, retrying", "stream", subject.StreamURLs, "error", err)
		}
		return nil
	})
}

// look reads the messages that wait and were not read in this window, and admits those
// whose hosts have an allowance left.
func (a *Ahead) look(ctx context.Context) error {
	stream, err := a.js.Stream(ctx, subject.StreamURLs)
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", subject.StreamURLs, err)
	}
	consumer, err := stream.Consumer(ctx, subject.ConsumerIntake)
	if err != nil {
		return fmt.Errorf("reading consumer %s: %w", subject.ConsumerIntake, err)
	}
	info, created := consumer.CachedInfo(), stream.CachedInfo().Created
	if now := a.now(); now.Sub(a.window) >= aheadWindow || !created.Equal(a.created) {
		a.window, a.created, a.next, a.read, a.admitted = now, created, 0, 0, map[string]int{}
	}
	if info.NumPending < aheadMin {
		return nil
	}
	a.next = max(a.next, info.Delivered.Stream+1)
	for a.read < aheadMessages && ctx.Err() == nil {
		msgs, err := bus.ReadBatch(ctx, a.js, subject.StreamURLs, a.next, aheadRead)
		if err != nil || len(msgs) == 0 {
			return err
		}
		a.read += len(msgs)
		a.next = msgs[len(msgs)-1].Sequence + 1
		a.admit(ctx, stream, msgs)
	}
	return nil
}

// admit admits the messages whose hosts have an allowance left.
func (a *Ahead) admit(ctx context.Context, stream jetstream.Stream, msgs []*jetstream.RawStreamMsg) {
	var batch []jetstream.Msg
	for _, msg := range msgs {
		if host, ok := hostOf(msg); ok && a.allow(host) {
			batch = append(batch, waiting{msg, stream})
		}
		if len(batch) == aheadBatch {
			a.process(ctx, batch)
			batch = nil
		}
	}
	if len(batch) > 0 {
		a.process(ctx, batch)
	}
}

// allow reports whether a message of a host may be admitted ahead of its turn, and
// counts it.
func (a *Ahead) allow(host string) bool {
	n, known := a.admitted[host]
	if n >= aheadPerHost || !known && len(a.admitted) >= aheadHosts {
		return false
	}
	a.admitted[host] = n + 1
	return true
}

// hostOf returns the host of the first URL in a message. It is not ok if the message
// cannot be decoded, or waits as backfill by the choice of its publisher.
func hostOf(msg *jetstream.RawStreamMsg) (host string, ok bool) {
	requests, err := decode(msg.Header, msg.Data)
	if err != nil || requests[0].GetPriority() == datelinev1.Priority_PRIORITY_BACKFILL {
		return "", false
	}
	url, err := weburl.Parse(requests[0].GetUrl())
	return url.Host(), err == nil
}

// waiting is a message that still waits in the stream, as if it had been delivered.
type waiting struct {
	msg    *jetstream.RawStreamMsg
	stream jetstream.Stream
}

var _ jetstream.Msg = waiting{}

// Metadata returns that of a first delivery.
func (w waiting) Metadata() (*jetstream.MsgMetadata, error) {
	return &jetstream.MsgMetadata{
		Stream: subject.StreamURLs, Sequence: jetstream.SequencePair{Stream: w.msg.Sequence},
		NumDelivered: 1, Timestamp: w.msg.Time,
	}, nil
}

func (w waiting) Data() []byte         { return w.msg.Data }
func (w waiting) Headers() nats.Header { return w.msg.Header }
func (w waiting) Subject() string      { return w.msg.Subject }
func (w waiting) Reply() string        { return "" }

// Ack deletes the message.
func (w waiting) Ack() error { return w.DoubleAck(context.Background()) }

// DoubleAck deletes the message, unless the stream was created again and the sequence is
// that of another message.
func (w waiting) DoubleAck(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deleteTimeout)
	defer cancel()
	stored, err := w.stream.GetMsg(ctx, w.msg.Sequence)
	missing := errors.Is(err, jetstream.ErrMsgNotFound) // or a follower lags behind
	if err != nil && !missing {
		return err
	}
	if !missing && !stored.Time.Equal(w.msg.Time) {
		return nil
	}
	err = w.stream.DeleteMsg(ctx, w.msg.Sequence)
	if bus.IsGone(err) {
		return nil // it was delivered as well, and acked
	}
	return err
}

// The other answers leave the message where it waits.

func (w waiting) Nak() error                       { return nil }
func (w waiting) NakWithDelay(time.Duration) error { return nil }
func (w waiting) InProgress() error                { return nil }
func (w waiting) Term() error                      { return nil }
func (w waiting) TermWithReason(string) error      { return nil }
