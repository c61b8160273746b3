// Package follow watches requests on their way through the pipeline until each
// has ended.
package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// poll is how often the ledger is asked for requests whose last outcome may
// have come before the watch began.
const poll = 250 * time.Millisecond

// End is how a request ended.
type End struct {
	// URL is what was asked for, as it was given.
	URL string
	// Outcome is that of the stage in which the request ended.
	Outcome *datelinev1.Outcome
	// Seen says that an earlier request for the same URL had it already; the
	// outcome is that one's.
	Seen bool
}

// Failed reports whether the request led to no article.
func (e End) Failed() bool {
	return e.Outcome.GetStage() != datelinev1.Stage_STAGE_INDEX || e.Outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD
}

// Follower watches the outcomes from the moment it is made. It is used by one
// goroutine.
type Follower struct {
	store    store.Ledger
	messages jetstream.MessagesContext
	outcomes chan *datelinev1.Outcome
	waiting  map[string][]End // by request id
	earlier  map[string]bool  // requests of before the watch: the ledger is asked
}

// New begins to watch. The context ends the watch.
func New(ctx context.Context, js jetstream.JetStream, articles store.Ledger) (*Follower, error) {
	consumer, err := js.OrderedConsumer(ctx, subject.StreamOutcomes, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	f := &Follower{
		store: articles, messages: messages, outcomes: make(chan *datelinev1.Outcome, 256),
		waiting: map[string][]End{}, earlier: map[string]bool{},
	}
	context.AfterFunc(ctx, messages.Stop)
	go f.read(ctx)
	return f, nil
}

func (f *Follower) read(ctx context.Context) {
	defer close(f.outcomes)
	for {
		msg, err := f.messages.Next()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		outcome := &datelinev1.Outcome{}
		if proto.Unmarshal(msg.Data(), outcome) != nil {
			continue // not ours; the ledger's consumer reports it
		}
		select {
		case f.outcomes <- outcome:
		case <-ctx.Done():
			return
		}
	}
}

// Add begins to wait for a request that is about to be published.
func (f *Follower) Add(requestID, url string) {
	f.waiting[requestID] = append(f.waiting[requestID], End{URL: url})
}

// Waiting is how many requests have not ended.
func (f *Follower) Waiting() int {
	n := 0
	for _, ends := range f.waiting {
		n += len(ends)
	}
	return n
}

// Next waits until requests have ended, and returns them.
func (f *Follower) Next(ctx context.Context) ([]End, error) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case outcome, ok := <-f.outcomes:
			if !ok {
				return nil, ctx.Err()
			}
			if ends := f.take(outcome); len(ends) > 0 {
				return ends, nil
			}
		case <-ticker.C:
			ends, err := f.askLedger(ctx)
			if err != nil || len(ends) > 0 {
				return ends, err
			}
		}
	}
}

// take notes an outcome, and returns what ended by it.
func (f *Follower) take(o *datelinev1.Outcome) []End {
	id := o.GetRequestId()
	ends, ok := f.waiting[id]
	if !ok {
		return nil
	}
	if o.GetVerdict() == datelinev1.Verdict_VERDICT_DUPLICATE && o.GetOutputId() != "" && o.GetOutputId() != id {
		// An earlier request has the URL: what becomes of that is the answer.
		for i := range ends {
			ends[i].Seen = true
		}
		f.waiting[o.GetOutputId()] = append(f.waiting[o.GetOutputId()], ends...)
		f.earlier[o.GetOutputId()] = true
		delete(f.waiting, id)
		return nil
	}
	if o.GetVerdict() == datelinev1.Verdict_VERDICT_PRODUCED && o.GetStage() != datelinev1.Stage_STAGE_INDEX {
		return nil
	}
	for i := range ends {
		ends[i].Outcome = o
	}
	delete(f.waiting, id)
	delete(f.earlier, id)
	return ends
}

// askLedger looks for the ends of earlier requests.
func (f *Follower) askLedger(ctx context.Context) ([]End, error) {
	var ids []string
	for id := range f.earlier {
		if ids = append(ids, id); len(ids) == 500 {
			break
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	outcomes, err := f.store.RequestOutcomes(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("asking the ledger: %w", err)
	}
	var ends []End
	for _, outcome := range outcomes {
		if outcome.GetStage() == datelinev1.Stage_STAGE_INTAKE {
			continue // its own admission
		}
		ends = append(ends, f.take(outcome)...)
	}
	return ends, nil
}
