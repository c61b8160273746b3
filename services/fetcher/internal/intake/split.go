package intake

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// splitChunk is the number of lines that are published at the same time. It
	// is small enough for several workers to stay below the client's limit.
	splitChunk = 16
	// splitTimeout is the maximum time for publishing one chunk.
	splitTimeout = 10 * time.Second
)

// split publishes the URLs of a message as messages of their own. It does not wait
// if the stream is full: there would be room only after this worker has read other
// messages.
func (in *Intake) split(
	ctx context.Context, ended *datelinev1.Outcome, requests []*datelinev1.FetchRequest,
) stage.Result {
	result := stage.Result{Outcome: ended}
	ended.Url = requests[0].GetUrl()
	for chunk := range slices.Chunk(lines(ctx, ended.InputId, requests), splitChunk) {
		if err := in.publish(ctx, chunk); err != nil {
			err = fmt.Errorf("splitting a message with %d URLs: %w", len(requests), err)
			result.Err = stage.Transient(outcome.URLsFull, err)
			return result
		}
	}
	ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_PRODUCED, string(outcome.Split)
	ended.Detail = fmt.Sprintf("the message had %d URLs; each is a message of its own now", len(requests))
	return result
}

// lines returns a message for each request. id is the id of the message that is
// split.
func lines(ctx context.Context, id string, requests []*datelinev1.FetchRequest) []*nats.Msg {
	msgs := make([]*nats.Msg, len(requests))
	for i, request := range requests {
		line := id + "." + strconv.Itoa(i+1)
		msg := nats.NewMsg(subject.URLs)
		msg.Header.Set(nats.MsgIdHdr, "line:"+line)
		msg.Header.Set(ledger.RequestID, line)
		msg.Header.Set(ledger.ContentType, "text/plain")
		tracing.InjectLink(ctx, msg.Header)
		msg.Data = []byte(request.GetUrl())
		msgs[i] = msg
	}
	return msgs
}

// publish publishes messages in parallel, and waits until all of them are stored.
func (in *Intake) publish(ctx context.Context, msgs []*nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, splitTimeout)
	defer cancel()
	var futures []jetstream.PubAckFuture
	for _, msg := range msgs {
		future, err := in.js.PublishMsgAsync(msg)
		if err != nil {
			return err
		}
		futures = append(futures, future)
	}
	for _, future := range futures {
		select {
		case <-future.Ok():
		case err := <-future.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
