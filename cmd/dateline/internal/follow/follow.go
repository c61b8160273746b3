// Package follow watches requests on their way through the pipeline until each has
// ended.
package follow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// ledgerPoll is the time between two queries of the ledger for requests whose
	// last outcome may have arrived before the Follower was created.
	ledgerPoll = 250 * time.Millisecond
	// flushTimeout bounds the wait for the server to register a subscription.
	flushTimeout = 5 * time.Second
	// ledgerBatch is the maximum number of requests in one query of the ledger.
	ledgerBatch = 500
	// outcomeBuffer is the number of outcomes that can arrive ahead of Next.
	outcomeBuffer = 256
)

// End is how a request ended.
type End struct {
	// URL is the requested URL as the user wrote it.
	URL string
	// Outcome is the outcome of the stage in which the request ended.
	Outcome *datelinev1.Outcome
	// Seen means that the URL had been requested before. The outcome is then the one
	// of the earlier request.
	Seen bool
}

// Failed reports whether the request led to no article.
func (e End) Failed() bool {
	if e.Outcome.GetStage() != datelinev1.Stage_STAGE_INDEX {
		return true
	}
	verdict := e.Outcome.GetVerdict()
	return verdict == datelinev1.Verdict_VERDICT_DEAD || verdict == datelinev1.Verdict_VERDICT_REJECTED
}

// Follower watches the outcomes that are published after its creation. Its methods
// must not be called concurrently.
type Follower struct {
	ledger   store.Ledger // nil if the ledger cannot be reached
	outcomes chan *datelinev1.Outcome
	waiting  map[string][]End // by request id
	// earlier contains the ids of requests that are older than the Follower. The
	// ledger may already have their outcomes.
	earlier map[string]bool
}

// New starts to watch outcomes, until ctx ends.
func New(ctx context.Context, js jetstream.JetStream, ledger store.Ledger) (*Follower, error) {
	consumer, err := js.OrderedConsumer(ctx, subject.StreamOutcomes,
		jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	context.AfterFunc(ctx, messages.Stop)
	return start(ctx, ledger, func() ([]byte, error) {
		msg, err := messages.Next()
		if err != nil {
			return nil, err
		}
		return msg.Data(), nil
	}), nil
}

// Listen starts to watch outcomes, until ctx ends, as a user who may only subscribe to
// them. A request for a URL that was requested before ends as a duplicate. Outcomes that
// are published while the connection is interrupted are missed.
func Listen(ctx context.Context, nc *nats.Conn) (*Follower, error) {
	messages, err := nc.SubscribeSync(subject.AllOutcomes)
	if err == nil {
		err = nc.FlushTimeout(flushTimeout)
	}
	if err != nil {
		return nil, fmt.Errorf("watching outcomes: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = messages.Unsubscribe() }) // the connection may be closed
	return start(ctx, nil, func() ([]byte, error) {
		msg, err := messages.NextMsgWithContext(ctx)
		if err != nil {
			return nil, err
		}
		return msg.Data, nil
	}), nil
}

// start starts a Follower of the outcomes that next returns.
func start(ctx context.Context, ledger store.Ledger, next func() ([]byte, error)) *Follower {
	f := &Follower{
		ledger: ledger, outcomes: make(chan *datelinev1.Outcome, outcomeBuffer),
		waiting: map[string][]End{}, earlier: map[string]bool{},
	}
	go f.read(ctx, next)
	return f
}

// read decodes outcomes until ctx ends.
func (f *Follower) read(ctx context.Context, next func() ([]byte, error)) {
	defer close(f.outcomes)
	for {
		data, err := next()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, nats.ErrConnectionClosed) {
				return
			}
			continue
		}
		o := &datelinev1.Outcome{}
		if proto.Unmarshal(data, o) != nil {
			continue // the indexer reports messages that are not outcomes
		}
		select {
		case f.outcomes <- o:
		case <-ctx.Done():
			return
		}
	}
}

// Add adds a request that is about to be published.
func (f *Follower) Add(requestID, url string) {
	f.waiting[requestID] = append(f.waiting[requestID], End{URL: url})
}

// Waiting returns the number of requests that have not ended.
func (f *Follower) Waiting() int {
	n := 0
	for _, ends := range f.waiting {
		n += len(ends)
	}
	return n
}

// Next waits until at least one request has ended, and returns those that have.
func (f *Follower) Next(ctx context.Context) ([]End, error) {
	ticker := time.NewTicker(ledgerPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case o, ok := <-f.outcomes:
			if !ok {
				return nil, cmp.Or(ctx.Err(), nats.ErrConnectionClosed)
			}
			if ends := f.take(o); len(ends) > 0 {
				return ends, nil
			}
		case <-ticker.C:
			ends, err := f.queryLedger(ctx)
			if err != nil || len(ends) > 0 {
				return ends, err
			}
		}
	}
}

// take records an outcome, and returns the requests that it ends.
func (f *Follower) take(o *datelinev1.Outcome) []End {
	id := o.GetRequestId()
	ends, ok := f.waiting[id]
	if !ok || outcome.IsBeside(o.GetStage()) {
		return nil
	}
	earlier := o.GetOutputId()
	if o.GetVerdict() == datelinev1.Verdict_VERDICT_DUPLICATE && earlier != "" && earlier != id && f.ledger != nil {
		// An earlier request was for the same URL. This request ends as that one does.
		for i := range ends {
			ends[i].Seen = true
		}
		f.waiting[earlier] = append(f.waiting[earlier], ends...)
		f.earlier[earlier] = true
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

// queryLedger returns the earlier requests that have ended according to the ledger.
func (f *Follower) queryLedger(ctx context.Context) ([]End, error) {
	var ids []string
	for id := range f.earlier {
		if ids = append(ids, id); len(ids) == ledgerBatch {
			break
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	outcomes, err := f.ledger.RequestOutcomes(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("querying the ledger: %w", err)
	}
	var ends []End
	for _, o := range outcomes {
		// The outcome of intake only means that the request was accepted.
		if o.GetStage() != datelinev1.Stage_STAGE_INTAKE {
			ends = append(ends, f.take(o)...)
		}
	}
	return ends, nil
}
