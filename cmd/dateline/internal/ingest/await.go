package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// awaitPoll is the time between two looks at a consumer.
	awaitPoll = 100 * time.Millisecond
	// ledgerLimit is the maximum time to wait for the ledger.
	ledgerLimit = time.Minute
)

// awaitLedger waits until the ledger has the outcomes of an interrupted run, for at most
// ledgerLimit. Without them, the records would be taken for new ones.
func (r *run) awaitLedger(ctx context.Context) error {
	stream, err := r.JS.Stream(ctx, subject.StreamOutcomes)
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", subject.StreamOutcomes, err)
	}
	last := stream.CachedInfo().State.LastSeq
	limited, cancel := context.WithTimeout(ctx, ledgerLimit)
	defer cancel()
	err = await(limited, r.JS, subject.StreamOutcomes, subject.ConsumerLedger, func(c *jetstream.ConsumerInfo) bool {
		return c.AckFloor.Stream >= last || c.NumPending == 0 && c.NumAckPending == 0
	})
	if err != nil && ctx.Err() == nil {
		r.Log.WarnContext(ctx, "the ledger is behind; records of the last run may be published again", "error", err)
		return nil
	}
	return err
}

// Drain waits until every page and article that waits on the streams has been processed,
// and reports how many there are.
func Drain(ctx context.Context, js jetstream.JetStream, progress func(waiting uint64)) error {
	for _, queue := range []struct{ stream, consumer string }{
		{subject.StreamPages, subject.ConsumerExtract}, {subject.StreamArticles, subject.ConsumerIndex},
	} {
		err := await(ctx, js, queue.stream, queue.consumer, func(c *jetstream.ConsumerInfo) bool {
			waiting := c.NumPending + uint64(c.NumAckPending)
			progress(waiting)
			return waiting == 0
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await waits until a consumer is in a state.
func await(
	ctx context.Context, js jetstream.JetStream, stream, name string, reached func(*jetstream.ConsumerInfo) bool,
) error {
	consumer, err := js.Consumer(ctx, stream, name)
	if err != nil {
		return fmt.Errorf("opening consumer %s: %w", name, err)
	}
	for {
		info, err := consumer.Info(ctx)
		if err != nil {
			return fmt.Errorf("reading consumer %s: %w", name, err)
		}
		if reached(info) {
			return nil
		}
		if !loop.Sleep(ctx, awaitPoll) {
			return ctx.Err()
		}
	}
}
