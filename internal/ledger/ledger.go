// Package ledger writes down how each input of each stage ended: an outcome for
// every one, and the input itself, whole, for those that failed for good.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// MaxText bounds, in bytes, a URL or sentence that comes from outside.
const MaxText = 2048

// publishTimeout bounds the wait for one PubAck.
const publishTimeout = 10 * time.Second

// ErrTooLarge: a message exceeds what the server takes. It does not help to
// send it again.
var ErrTooLarge = nats.ErrMaxPayload

// Writer publishes outcomes, dead letters and what stages produce.
type Writer struct {
	js    jetstream.JetStream
	stage datelinev1.Stage
	log   *slog.Logger
	now   func() time.Time
	count func(datelinev1.Verdict, outcome.Reason)
}

// NewWriter returns the writer of a stage. count is told of each outcome that
// is stored.
func NewWriter(js jetstream.JetStream, stage datelinev1.Stage, log *slog.Logger, now func() time.Time, count func(datelinev1.Verdict, outcome.Reason)) *Writer {
	return &Writer{js: js, stage: stage, log: log, now: now, count: count}
}

// Outcome stores how the input ended that came in the message with this place
// in its stream; it fills in stage and time. It returns when the server has it.
func (w *Writer) Outcome(ctx context.Context, o *datelinev1.Outcome, took time.Duration, sequence uint64) error {
	o.Stage, o.Time = w.stage, timestamppb.New(w.now())
	o.Duration = durationpb.New(took)
	o.Url, o.Detail = Cut(o.Url), Cut(o.Detail)
	name := subject.StageName(w.stage)
	id := fmt.Sprintf("outcome:%s:%d:%s", name, sequence, o.InputId)
	msg, err := Message(subject.Outcomes(w.stage, o.Verdict), id, o)
	if err != nil {
		return err
	}
	if err := w.publish(ctx, msg); err != nil { // the trace has no stage after the last
		return err
	}
	w.count(o.Verdict, outcome.Reason(o.Reason))
	level := slog.LevelInfo
	if o.Verdict == datelinev1.Verdict_VERDICT_DEAD {
		level = slog.LevelWarn
	}
	w.log.Log(ctx, level, "outcome", "stage", name, "verdict", subject.VerdictName(o.Verdict), "reason", o.Reason,
		"url", o.Url, "request", o.RequestId, "attempt", o.Attempt, "detail", o.Detail)
	return nil
}

// Publish stores messages in their streams, with the trace of ctx, and returns when the server has all
// of them. A stream that is full or a server that is away makes it wait, for as
// long as ctx lives: that is how a full downstream slows its upstream. Any
// other refusal is returned.
func (w *Writer) Publish(ctx context.Context, msgs ...*nats.Msg) error {
	for _, msg := range msgs {
		tracing.Inject(ctx, msg.Header)
		if err := w.publish(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) publish(ctx context.Context, msg *nats.Msg) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		attempt, cancel := context.WithTimeout(ctx, publishTimeout)
		_, err := w.js.PublishMsg(attempt, msg)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || !worthWaiting(err):
			return fmt.Errorf("publishing to %s: %w", msg.Subject, err)
		}
		w.log.WarnContext(ctx, "a stream does not take messages now; it is tried again", "subject", msg.Subject, "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("publishing to %s: %w", msg.Subject, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// worthWaiting tells what passes by itself or by an operator's hand (a full
// stream, a server that is away) from what never will.
func worthWaiting(err error) bool {
	for _, lasting := range []error{nats.ErrMaxPayload, nats.ErrConnectionClosed, nats.ErrBadSubject, nats.ErrInvalidMsg} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	return !IsHostFull(err)
}

// IsHostFull reports whether a frontier subject holds as many URLs as it may
// (JetStream error 10077 with the per-subject bound).
func IsHostFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && strings.Contains(api.Description, "maximum messages per subject exceeded")
}

// Message encodes a contract message for a subject. Messages of one stream with
// the same id are stored once while the stream remembers the id.
func Message(subject, id string, m proto.Message) (*nats.Msg, error) {
	return MessageIn(nil, subject, id, m)
}

// MessageIn is Message with its payload in a buffer, if that has room. The buffer
// may be used again once the message has been published or given up.
func MessageIn(buffer []byte, subject, id string, m proto.Message) (*nats.Msg, error) {
	data, err := proto.MarshalOptions{}.MarshalAppend(buffer[:0], m)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	msg := nats.NewMsg(subject)
	msg.Header.Set(nats.MsgIdHdr, id)
	msg.Header.Set(ContentType, Protobuf)
	msg.Data = data
	return msg, nil
}

// ContentType is the header that says how a payload is encoded, and Protobuf
// its value for the contract's binary form.
const (
	ContentType = "Content-Type"
	Protobuf    = "application/protobuf"
)

// Cut shortens text from outside to MaxText bytes of valid UTF-8.
func Cut(text string) string {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	return valid(text)
}
