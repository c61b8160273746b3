package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// envelopeBytes is room for a dead letter's own subject and headers.
	envelopeBytes = 512
	// noticeBytes is room for the sentence that reports a shortened payload.
	noticeBytes = 256
	// maxIntakeBytes and maxPayloadBytes are the maximum sizes of a payload that a
	// dead letter keeps. Anybody who may publish URLs can cause dead letters of the
	// intake. Hardly any page is larger than the second.
	maxIntakeBytes  = 16 << 10
	maxPayloadBytes = 256 << 10
	// maxHeaderBytes is the maximum size of the headers that a dead letter keeps.
	maxHeaderBytes = 4 << 10
)

// Source is the message of an input.
type Source struct {
	// Sequence is the message's sequence in its stream. A requeued input has a new
	// one, so that its second outcome is not taken for a duplicate of the first.
	Sequence uint64
	Subject  string
	Header   nats.Header
	Data     []byte
}

// Bury stores a dead letter for an input that failed permanently, and then its
// outcome. It returns once the server has acknowledged both. A payload that is too
// large is shortened, which the dead letter's error mentions.
//
// If the stream has no room for the dead letter, Bury stores only the outcome. Whoever
// can cause dead letters could otherwise stop the stage.
func (w *Writer) Bury(ctx context.Context, o *datelinev1.Outcome, took time.Duration, source Source) error {
	stage := w.config.Stage
	letter := &datelinev1.DeadLetter{
		InputId: Cut(o.InputId), Stage: stage, Reason: o.Reason, Error: Cut(o.Detail), Attempts: o.Attempt,
		Url: Cut(o.Url), RequestId: Cut(o.RequestId), Time: timestamppb.New(w.config.Now()),
		Subject: toValidUTF8(source.Subject), Headers: headers(source.Header), Data: source.Data,
	}
	id := fmt.Sprintf("dead:%s:%d:%s", subject.StageName(stage), source.Sequence, o.InputId)
	kept := min(len(source.Data), maxKept(stage))
	letter.Data = source.Data[:kept]
	maxSize := int(w.config.JS.Conn().MaxPayload()) - len(boundID(id)) - envelopeBytes
	if excess := proto.Size(letter) - maxSize; excess > 0 {
		kept = max(0, kept-excess-noticeBytes)
	}
	if kept < len(source.Data) {
		letter.Data, letter.Subject = source.Data[:kept], ""
		letter.Error = Cut(fmt.Sprintf("only the first %d of the %d bytes of this message were kept: %s",
			kept, len(source.Data), letter.Error))
	}
	msg, err := Message(subject.Dead(stage, o.Reason), id, letter)
	if err != nil {
		return err
	}
	tracing.Inject(ctx, msg.Header)
	switch err := w.publish(ctx, msg, isStreamFull); {
	case isStreamFull(err):
		w.config.CountUnkept()
		w.config.Log.WarnContext(ctx, "dead letter not kept", "stage", subject.StageName(stage), "reason", o.Reason,
			"url", o.Url, "error", err)
		o.Detail = Cut(o.Detail + "; its dead letter was not kept, because the stream " + subject.StreamDead +
			" has no room for it: requeue or drop some with this reason")
	case err != nil:
		return err
	}
	o.Verdict = datelinev1.Verdict_VERDICT_DEAD
	return w.Outcome(ctx, o, took, source.Sequence)
}

// maxKept returns the maximum size of a payload that a dead letter of a stage keeps.
func maxKept(stage datelinev1.Stage) int {
	if stage == datelinev1.Stage_STAGE_INTAKE {
		return maxIntakeBytes
	}
	return maxPayloadBytes
}

// headers returns the headers of a message, sorted by name, without those that exceed
// maxHeaderBytes.
func headers(header nats.Header) []*datelinev1.Header {
	var all []*datelinev1.Header
	left := maxHeaderBytes
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if left -= len(name) + len(value); left < 0 {
				return all
			}
			all = append(all, &datelinev1.Header{Name: toValidUTF8(name), Value: toValidUTF8(value)})
		}
	}
	return all
}
