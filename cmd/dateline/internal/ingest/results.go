package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Results counts how the pages of archives end in the stages after ingest.
type Results struct {
	js     jetstream.JetStream
	mu     sync.Mutex
	last   uint64 // sequence of the last outcome
	counts map[string]int
}

// Watch counts the outcomes that are published from now on, until ctx ends.
func Watch(ctx context.Context, js jetstream.JetStream) (*Results, error) {
	stream, err := js.Stream(ctx, subject.StreamOutcomes)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", subject.StreamOutcomes, err)
	}
	last := stream.CachedInfo().State.LastSeq
	consumer, err := js.OrderedConsumer(ctx, subject.StreamOutcomes,
		jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: last + 1})
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	r := &Results{js: js, last: last, counts: map[string]int{}}
	context.AfterFunc(ctx, messages.Stop)
	go func() {
		for {
			msg, err := messages.Next()
			switch {
			case err == nil:
				r.take(msg)
			case ctx.Err() != nil, errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, jetstream.ErrMsgIteratorClosed):
				return
			}
		}
	}()
	return r, nil
}

// take counts an outcome with which a page of an archive ends.
func (r *Results) take(msg jetstream.Msg) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if meta, err := msg.Metadata(); err == nil {
		r.last = meta.Sequence.Stream
	}
	o := &datelinev1.Outcome{}
	if proto.Unmarshal(msg.Data(), o) != nil || !strings.HasPrefix(o.GetRequestId(), requestPrefix) {
		return
	}
	switch {
	case o.GetStage() == datelinev1.Stage_STAGE_INDEX:
	case o.GetStage() == datelinev1.Stage_STAGE_EXTRACT && o.GetVerdict() != datelinev1.Verdict_VERDICT_PRODUCED:
	default:
		return
	}
	r.counts[o.GetReason()]++
}

// countsLimit is the maximum time that Counts waits for outcomes.
const countsLimit = 10 * time.Second

// Counts returns the number of pages by the reason of their last outcome, once it has
// counted the outcomes that are on the stream.
func (r *Results) Counts(ctx context.Context) (map[string]int, error) {
	stream, err := r.js.Stream(ctx, subject.StreamOutcomes)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", subject.StreamOutcomes, err)
	}
	limited, cancel := context.WithTimeout(ctx, countsLimit)
	defer cancel()
	for r.counted() < stream.CachedInfo().State.LastSeq && loop.Sleep(limited, awaitPoll) {
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts), nil
}

func (r *Results) counted() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}
