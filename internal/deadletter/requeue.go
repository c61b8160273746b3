package deadletter

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// requeuedHeaders lists the headers that a requeued message keeps: those that a stage
// reads. The others are dropped, because NATS itself acts on some of them, such as
// Nats-Rollup, which purges a stream.
var requeuedHeaders = map[string]bool{
	ledger.ContentType: true, ledger.RequestID: true, tracing.LinkHeader: true,
	"Traceparent": true, "Tracestate": true,
}

// Requeue publishes the original message to its subject again and then removes the
// dead letter. An entry of the frontier starts without attempts.
//
// Every service can write dead letters, but requeueing publishes with the rights of
// the caller. So the subject must be one that the stage of the dead letter reads, and
// only known headers are kept.
func (s Stream) Requeue(ctx context.Context, letter Letter) error {
	msg, err := original(letter)
	if err != nil {
		return fmt.Errorf("requeueing dead letter %d: %w", letter.Number, err)
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := s.js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("requeueing dead letter %d to %s: %w", letter.Number, letter.GetSubject(), err)
	}
	return s.Drop(ctx, letter)
}

// original returns the message of a dead letter, ready to be published again.
func original(letter Letter) (*nats.Msg, error) {
	if letter.Unreadable {
		return nil, errors.New(letter.GetError())
	}
	if letter.GetSubject() == "" {
		return nil, errors.New("only a part of the message was kept: drop the dead letter and publish the URL again")
	}
	if !subject.IsInput(letter.GetStage(), letter.GetSubject()) {
		return nil, fmt.Errorf("stage %s does not read the subject %q: drop the dead letter",
			subject.StageName(letter.GetStage()), ledger.Cut(letter.GetSubject()))
	}
	msg := nats.NewMsg(letter.GetSubject())
	for _, header := range letter.GetHeaders() {
		if requeuedHeaders[http.CanonicalHeaderKey(header.GetName())] {
			msg.Header.Add(header.GetName(), header.GetValue())
		}
	}
	// The number and the time make the id new to the stream, but the same if the
	// dead letter is requeued twice.
	id := fmt.Sprintf("requeue:%d:%d", letter.Number, letter.GetTime().AsTime().UnixNano())
	msg.Header.Set(nats.MsgIdHdr, id)
	tracing.Relink(msg.Header)
	msg.Data = letter.GetData()
	if letter.GetStage() != datelinev1.Stage_STAGE_FETCH {
		return msg, nil
	}
	entry := &datelinev1.FrontierEntry{}
	if err := proto.Unmarshal(letter.GetData(), entry); err != nil {
		return nil, fmt.Errorf("its payload is not a frontier entry: %w; drop it and publish the URL again", err)
	}
	entry.Attempts, entry.NotBeforeTime = 0, nil
	var err error
	msg.Data, err = proto.Marshal(entry)
	return msg, err
}
