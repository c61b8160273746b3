package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Source is the message that an input came in.
type Source struct {
	// Sequence is the message's place in its stream. An input that is put
	// back after it failed has another one, so that its second end is not
	// taken for a repetition of the first.
	Sequence uint64
	Subject  string
	Header   nats.Header
	Data     []byte
}

// Bury stores an input that failed for good as a dead letter, and then its
// outcome. It returns when the server has both. Of a message so large that a
// letter cannot hold it, the letter has the beginning, and says so.
func (w *Writer) Bury(ctx context.Context, o *datelinev1.Outcome, took time.Duration, source Source) error {
	letter := &datelinev1.DeadLetter{
		InputId: o.InputId, Stage: w.stage, Reason: o.Reason, Error: Cut(o.Detail), Attempts: o.Attempt,
		Url: Cut(o.Url), RequestId: o.RequestId, Time: timestamppb.New(w.now()),
		Subject: valid(source.Subject), Headers: headers(source.Header), Data: source.Data,
	}
	id := fmt.Sprintf("dead:%s:%d:%s", subject.StageName(w.stage), source.Sequence, o.InputId)
	// Beside the payload there are the message's own headers and subject.
	room := int(w.js.Conn().MaxPayload()) - len(id) - 512
	if excess := proto.Size(letter) - room; excess > 0 {
		kept := max(0, len(letter.Data)-excess-256)
		letter.Data = letter.Data[:kept]
		letter.Error = Cut(fmt.Sprintf("of the %d bytes of this message only the first %d fit into a dead letter: %s", len(source.Data), kept, letter.Error))
	}
	msg, err := Message(subject.Dead(w.stage, o.Reason), id, letter)
	if err != nil {
		return err
	}
	if err := w.Publish(ctx, msg); err != nil {
		return err
	}
	o.Verdict = datelinev1.Verdict_VERDICT_DEAD
	return w.Outcome(ctx, o, took, source.Sequence)
}

func headers(header nats.Header) []*datelinev1.Header {
	var all []*datelinev1.Header
	for name, values := range header {
		for _, value := range values {
			all = append(all, &datelinev1.Header{Name: valid(name), Value: valid(value)})
		}
	}
	slices.SortStableFunc(all, func(a, b *datelinev1.Header) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// valid makes text that a sender chose fit for a message of the contract, which
// could not be encoded with anything but UTF-8 in it.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
