// Package ledger records how each input of each stage ended. It publishes an
// outcome for every input, and a dead letter with the message for every input that
// failed permanently.
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
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// publishTimeout is the maximum time to wait for one publish acknowledgement.
const publishTimeout = 10 * time.Second

// publishBackoff is the delay between attempts to publish.
var publishBackoff = loop.Backoff{First: 100 * time.Millisecond, Last: 5 * time.Second}

// ErrTooLarge means that a message exceeds the largest one that the server
// accepts. Publishing it again fails too.
var ErrTooLarge = nats.ErrMaxPayload

// Config configures a Writer. All fields are required.
type Config struct {
	JS    jetstream.JetStream
	Stage datelinev1.Stage
	Log   *slog.Logger
	Now   func() time.Time
	// Count is called for each outcome that has been stored.
	Count func(datelinev1.Verdict, outcome.Reason)
	// CountUnkept is called for each dead letter for which its stream has no room.
	CountUnkept func()
}

// Writer publishes the outcomes, the dead letters and the results of a stage.
type Writer struct {
	config   Config
	outcomes group
}

// NewWriter returns the writer of a stage.
func NewWriter(config Config) *Writer {
	return &Writer{config: config, outcomes: group{js: config.JS}}
}

// Outcome stores the outcome of an input, after setting its stage, time and
// duration. sequence is the stream sequence of the input's message. Outcome
// returns once the server has acknowledged it. Outcomes that are stored at the same time
// share writes.
func (w *Writer) Outcome(ctx context.Context, o *datelinev1.Outcome, took time.Duration, sequence uint64) error {
	msg, err := w.outcomeMessage(o, took, sequence)
	if err != nil {
		return err
	}
	// Without trace context: no later stage processes outcomes.
	switch err := w.outcomes.publish(ctx, msg); {
	case ctx.Err() != nil:
		return fmt.Errorf("publishing to %s: %w", msg.Subject, ctx.Err())
	case err != nil:
		if err := w.publish(ctx, msg, never); err != nil {
			return err
		}
	}
	w.count(ctx, o)
	return nil
}

// Ended is an input that has ended, for Outcomes.
type Ended struct {
	Outcome *datelinev1.Outcome
	Took    time.Duration
	// Sequence is the stream sequence of the input's message.
	Sequence uint64
	// Trace adds the trace of the input to a context, for the log.
	Trace func(context.Context) context.Context
}

// Outcomes stores several outcomes together, at most bus.MaxBatch. After an error, it is
// unknown whether they are stored: store each with Outcome, which never stores an outcome
// twice.
func (w *Writer) Outcomes(ctx context.Context, ended []Ended) error {
	msgs := make([]*nats.Msg, len(ended))
	for i, e := range ended {
		var err error
		if msgs[i], err = w.outcomeMessage(e.Outcome, e.Took, e.Sequence); err != nil {
			return err
		}
	}
	if err := errors.Join(bus.PublishAll(ctx, w.config.JS, msgs)...); err != nil {
		return err
	}
	for _, e := range ended {
		w.count(e.Trace(ctx), e.Outcome)
	}
	return nil
}

// outcomeMessage completes an outcome and returns its message.
func (w *Writer) outcomeMessage(o *datelinev1.Outcome, took time.Duration, sequence uint64) (*nats.Msg, error) {
	o.Stage, o.Time = w.config.Stage, timestamppb.New(w.config.Now())
	o.Duration = durationpb.New(took)
	id := fmt.Sprintf("outcome:%s:%d:%s", subject.StageName(o.Stage), sequence, o.InputId)
	bound(o)
	return Message(subject.Outcomes(o.Stage, o.Verdict), id, o)
}

// count counts and logs an outcome that was stored.
func (w *Writer) count(ctx context.Context, o *datelinev1.Outcome) {
	w.config.Count(o.Verdict, outcome.Reason(o.Reason))
	level := slog.LevelInfo
	if o.Verdict == datelinev1.Verdict_VERDICT_DEAD {
		level = slog.LevelWarn
	}
	w.config.Log.Log(ctx, level, "outcome", "stage", subject.StageName(o.Stage),
		"verdict", subject.VerdictName(o.Verdict), "reason", o.Reason,
		"url", o.Url, "request", o.RequestId, "attempt", o.Attempt, "detail", o.Detail)
}

// Publish stores messages in their streams, with the trace context of ctx, and
// returns once the server has acknowledged all of them. While a stream is full or
// the server is unavailable, it waits until ctx ends: this is how a full stream
// slows its upstream. Any other failure is returned.
func (w *Writer) Publish(ctx context.Context, msgs ...*nats.Msg) error {
	for _, msg := range msgs {
		tracing.Inject(ctx, msg.Header)
		if err := w.publish(ctx, msg, never); err != nil {
			return err
		}
	}
	return nil
}

// never reports no error as lasting.
func never(error) bool { return false }

// publish stores a message. It retries after temporary errors, except for those that
// lasting reports.
func (w *Writer) publish(ctx context.Context, msg *nats.Msg, lasting func(error) bool) error {
	err := loop.Retry(ctx, publishBackoff, func(ctx context.Context) error {
		attempt, cancel := context.WithTimeout(ctx, publishTimeout)
		defer cancel()
		_, err := w.config.JS.PublishMsg(attempt, msg)
		return err
	}, func(err error) bool {
		if !isTemporary(err) || lasting(err) {
			return false
		}
		w.config.Log.WarnContext(ctx, "publish failed, retrying", "subject", msg.Subject, "error", err)
		return true
	})
	if isTooLarge(err) {
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return fmt.Errorf("publishing to %s: %w", Cut(msg.Subject), err)
	}
	return nil
}

// The errors by which JetStream refuses a message for its size, which the client does
// not name.
const (
	errHeaderTooLarge  jetstream.ErrorCode = 10097
	errMessageTooLarge jetstream.ErrorCode = 10054
)

// IsTooLarge reports whether a publish failed because the message is larger than the server or the stream accepts.
func IsTooLarge(err error) bool { return errors.Is(err, ErrTooLarge) || isTooLarge(err) }

// isTooLarge reports whether the stream can never store a message because of its size.
func isTooLarge(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (refused.ErrorCode == errHeaderTooLarge || refused.ErrorCode == errMessageTooLarge)
}

// isTemporary reports whether a publish may succeed later, by itself or after an
// operator has acted: because the stream is full or the server unavailable.
func isTemporary(err error) bool {
	for _, lasting := range []error{
		nats.ErrMaxPayload, nats.ErrConnectionClosed, nats.ErrBadSubject, nats.ErrInvalidMsg,
	} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	return !IsHostFull(err) && !isTooLarge(err)
}

// isStreamFull reports whether a publish failed because the stream holds as many
// messages or bytes as it may, or as many messages with this subject.
func isStreamFull(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && strings.HasPrefix(refused.Description, "maximum ") &&
		strings.HasSuffix(refused.Description, " exceeded")
}

// IsHostFull reports whether a publish failed because the queue of a host in the
// frontier is full: JetStream error 10077 for the bound per subject.
func IsHostFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && strings.Contains(api.Description, "maximum messages per subject exceeded")
}
