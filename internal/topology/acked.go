package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
)

// removeTimeout bounds one call of RemoveAcked.
const removeTimeout = 30 * time.Second

// RemoveAcked deletes acked messages that are still in a work queue, and returns their
// number. The server normally deletes a message when it is acked, so the queue usually
// contains no such messages. The server writes the ack and the deletion to different
// files. If the server is killed in between, the message stays in the stream after the
// restart: it is not delivered again, and only a server in a cluster compares the two
// files (checkInterestState and checkForOrphanMsgs in nats-server).
//
// RemoveAcked deletes messages up to the consumer's ack floor. A message above the
// floor is deleted by a later call, after the messages before it have been acked.
func RemoveAcked(ctx context.Context, js jetstream.JetStream, name, consumer string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	acked, err := js.Consumer(ctx, name, consumer)
	if err != nil {
		return 0, fmt.Errorf("reading consumer %s: %w", consumer, err)
	}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("reading stream %s: %w", name, err)
	}
	info, state := acked.CachedInfo(), stream.CachedInfo().State
	if info.Delivered.Stream > state.LastSeq {
		return 0, fmt.Errorf("consumer %s has read stream %s up to message %d, but the stream ends at message %d: "+
			"the stream was restored without its consumer; restart the NATS server, which corrects the consumer",
			consumer, name, info.Delivered.Stream, state.LastSeq)
	}
	removed := 0
	for next := state.FirstSeq; next <= info.AckFloor.Stream; removed++ {
		msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && msg.Sequence > info.AckFloor.Stream {
			break
		}
		if err == nil && msg.Time.After(info.TimeStamp) {
			break // the stream was declared again, and the number belongs to another message
		}
		if err == nil {
			err = stream.DeleteMsg(ctx, msg.Sequence)
		}
		if err != nil && !bus.IsGone(err) {
			return removed, fmt.Errorf("deleting acked messages of stream %s: %w", name, err)
		}
		next = msg.Sequence + 1
	}
	return removed, nil
}
