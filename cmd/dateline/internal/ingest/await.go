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

// DrainRequests waits until every requested URL has been fetched, and every page and article
// has been processed. It gives up if nothing has changed for limit, and reports whether
// everything has ended.
func DrainRequests(ctx context.Context, js jetstream.JetStream, limit time.Duration) (ended bool, err error) {
	var last flow
	for changed := time.Now(); ; {
		now, err := readFlow(ctx, js)
		if err != nil {
			return false, err
		}
		switch {
		case now != last:
			last, changed = now, time.Now()
		case now.waiting == 0: // also in the look before, and nothing moved in between
			return true, nil
		case time.Since(changed) >= limit:
			return false, nil
		}
		if !loop.Sleep(ctx, awaitPoll) {
			return false, ctx.Err()
		}
	}
}

// flow is the state of the streams from URLs to articles.
type flow struct {
	waiting uint64 // messages
	moved   uint64 // changes with each message that is published or acked
}

func readFlow(ctx context.Context, js jetstream.JetStream) (f flow, err error) {
	for _, name := range []string{subject.StreamURLs, subject.StreamFrontier} {
		stream, err := js.Stream(ctx, name)
		if err != nil {
			return f, fmt.Errorf("opening stream %s: %w", name, err)
		}
		state := stream.CachedInfo().State
		f.waiting += state.Msgs
		f.moved += state.LastSeq + state.FirstSeq
	}
	for stream, name := range map[string]string{
		subject.StreamPages: subject.ConsumerExtract, subject.StreamArticles: subject.ConsumerIndex,
	} {
		consumer, err := js.Consumer(ctx, stream, name)
		if err != nil {
			return f, fmt.Errorf("opening consumer %s: %w", name, err)
		}
		info := consumer.CachedInfo()
		f.waiting += info.NumPending + uint64(info.NumAckPending)
		f.moved += info.Delivered.Consumer + info.AckFloor.Consumer
	}
	return f, nil
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
