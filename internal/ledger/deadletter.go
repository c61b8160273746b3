package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// envelopeBytes is room for a dead letter's own subject and headers.
	envelopeBytes = 512
	// noticeBytes is room for the sentence that reports a shortened payload.
	noticeBytes = 256
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
// outcome. It returns once the server has acknowledged both. If the message does
// not fit into a dead letter, its payload is shortened, which its error mentions.
func (w *Writer) Bury(ctx context.Context, o *datelinev1.Outcome, took time.Duration, source Source) error {
	stage := w.config.Stage
	letter := &datelinev1.DeadLetter{
		InputId: Cut(o.InputId), Stage: stage, Reason: o.Reason, Error: Cut(o.Detail), Attempts: o.Attempt,
		Url: Cut(o.Url), RequestId: Cut(o.RequestId), Time: timestamppb.New(w.config.Now()),
		Subject: toValidUTF8(source.Subject), Headers: headers(source.Header), Data: source.Data,
	}
	id := fmt.Sprintf("dead:%s:%d:%s", subject.StageName(stage), source.Sequence, o.InputId)
	maxSize := int(w.config.JS.Conn().MaxPayload()) - len(boundID(id)) - envelopeBytes
	if excess := proto.Size(letter) - maxSize; excess > 0 {
		kept := max(0, len(letter.Data)-excess-noticeBytes)
		letter.Data = letter.Data[:kept]
		letter.Error = Cut(fmt.Sprintf("only the first %d of the %d bytes of this message fit into a dead letter: %s",
			kept, len(source.Data), letter.Error))
	}
	msg, err := Message(subject.Dead(stage, o.Reason), id, letter)
	if err != nil {
		return err
	}
	if err := w.Publish(ctx, msg); err != nil {
		return err
	}
	o.Verdict = datelinev1.Verdict_VERDICT_DEAD
	return w.Outcome(ctx, o, took, source.Sequence)
}

// headers returns the headers of a message, sorted by name.
func headers(header nats.Header) []*datelinev1.Header {
	var all []*datelinev1.Header
	for name, values := range header {
		for _, value := range values {
			all = append(all, &datelinev1.Header{Name: toValidUTF8(name), Value: toValidUTF8(value)})
		}
	}
	slices.SortStableFunc(all, func(a, b *datelinev1.Header) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
