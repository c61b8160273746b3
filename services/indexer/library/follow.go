package library

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Event is a revision event with its sequence number in the stream.
type Event struct {
	*datelinev1.RevisionEvent
	Sequence uint64
}

// followBatch is the maximum number of events fetched at once.
const followBatch = 16

// Follow yields the revision events after a sequence number, or all new ones if
// after is 0. It yields nil at least once per heartbeat, so that the caller can
// send a sign of life. It ends when ctx ends or after yielding an error. A slow
// caller delays nobody else.
func (l *Library) Follow(ctx context.Context, after uint64, heartbeat time.Duration) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		consumer, err := l.revisionsAfter(ctx, after)
		if err != nil {
			yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
			return
		}
		for ctx.Err() == nil {
			if !followOnce(ctx, consumer, heartbeat, yield) || !yield(nil, nil) {
				return
			}
		}
	}
}

// followOnce yields the events of one fetch and reports whether to go on.
func followOnce(ctx context.Context, consumer jetstream.Consumer, heartbeat time.Duration,
	yield func(*Event, error) bool,
) bool {
	ctx, stop := context.WithTimeout(ctx, heartbeat)
	defer stop()
	batch, err := consumer.Fetch(followBatch, jetstream.FetchContext(ctx))
	if err != nil {
		yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
		return false
	}
	for msg := range batch.Messages() {
		event := &datelinev1.RevisionEvent{}
		meta, err := msg.Metadata()
		if err != nil || proto.Unmarshal(msg.Data(), event) != nil {
			continue // not a revision event
		}
		if !yield(&Event{event, meta.Sequence.Stream}, nil) {
			return false
		}
	}
	return true
}

// revisionsAfter returns a consumer of the events after a sequence number, or
// after the last event in the stream if after is 0. The start must be a number
// rather than "new events": every fetch creates a new consumer, and until the
// first event arrives, a consumer of new events would miss the events between
// two fetches.
func (l *Library) revisionsAfter(ctx context.Context, after uint64) (jetstream.Consumer, error) {
	stream, err := l.js.Stream(ctx, subject.StreamRevisions)
	if err != nil {
		return nil, err
	}
	if after == 0 {
		after = stream.CachedInfo().State.LastSeq
	}
	return stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1, InactiveThreshold: time.Minute,
	})
}
