package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// State is a snapshot of the pipeline.
type State struct {
	Flow
	Articles  int64 `json:"articles" doc:"Number of articles in the store."`
	Revisions int64 `json:"revisions" doc:"Number of revisions in the store."`
	Outcomes  int64 `json:"outcomes" doc:"Number of outcomes, including those that have expired."`
	Ends      []End `json:"ends" doc:"Outcomes by stage, verdict and reason, since the ledger was created."`
	// Deliveries are those of all subscriptions.
	Deliveries Deliveries `json:"deliveries" doc:"Deliveries to all subscriptions."`
	// Reads is nil if the database has no replica.
	Reads *replica.Reading `json:"reads,omitempty" doc:"Which database server answers. Absent if the database has no replica for reading."`
}

// Deliveries is the state of the deliveries to all subscriptions.
type Deliveries struct {
	Active    int64 `json:"active" doc:"Subscriptions whose last request was successful, or that had none."`
	Failing   int64 `json:"failing" doc:"Active subscriptions whose last request has failed."`
	Suspended int64 `json:"suspended" doc:"Subscriptions to which nothing is sent."`
	Waiting   int64 `json:"waiting"`
	Delivered int64 `json:"delivered" doc:"Successful deliveries since the subscriptions were added."`
	GivenUp   int64 `json:"given_up" doc:"Deliveries that were given up since then."`
	// FailingSince is since when the subscription that fails the longest has failed. OverdueSince is since when the
	// subscription that waits the longest for its turn has waited.
	FailingSince time.Time `json:"failing_since,omitzero" doc:"Since when the subscription that fails the longest has failed."`
	OverdueSince time.Time `json:"overdue_since,omitzero" doc:"Since when due deliveries have waited for a notifier."`
}

// Subscribed returns the number of subscriptions.
func (d Deliveries) Subscribed() int64 { return d.Active + d.Failing + d.Suspended }

// Deliveries returns the state of the deliveries at a time.
func (l *Library) Deliveries(ctx context.Context, now time.Time) (Deliveries, error) {
	all, err := l.Subscriptions().Summarize(ctx, now)
	if err != nil {
		return Deliveries{}, err
	}
	return Deliveries{
		Active: all.States[subscriptions.Active], Failing: all.States[subscriptions.Failing],
		Suspended: all.States[subscriptions.Suspended], Waiting: all.Pending, Delivered: all.Delivered,
		GivenUp: all.Failed, FailingSince: all.FailingSince, OverdueSince: all.OverdueSince,
	}, nil
}

// Flow is what flows through the pipeline.
type Flow struct {
	Time      time.Time       `json:"time" doc:"When the state was read."`
	Streams   []StreamState   `json:"streams" doc:"Streams between the stages."`
	Consumers []ConsumerState `json:"consumers" doc:"Backlog of each stage."`
}

// StreamState is the size of a stream.
type StreamState struct {
	Name     string    `json:"name"`
	Messages uint64    `json:"messages"`
	Bytes    uint64    `json:"bytes"`
	MaxBytes int64     `json:"max_bytes" doc:"Maximum size in bytes. -1 means no limit."`
	Oldest   time.Time `json:"oldest,omitzero" doc:"When the oldest message was stored. Absent if the stream is empty."`
}

// ConsumerState is the backlog of a stage.
type ConsumerState struct {
	Stage       string `json:"stage"`
	Stream      string `json:"stream"`
	Waiting     uint64 `json:"waiting" doc:"Messages that have not been delivered yet."`
	InWork      int    `json:"in_work" doc:"Messages delivered but not yet acknowledged."`
	Redelivered int    `json:"redelivered" doc:"Messages in work that were delivered more than once."`
	// Oldest is known for the streams between the stages.
	Oldest time.Time `json:"oldest,omitzero" doc:"When the oldest message that is waiting or being processed was stored. Absent if no message is, and for streams other than URLS, PAGES and ARTICLES."`
}

// End counts the inputs of a stage with the same outcome.
type End struct {
	Stage   string `json:"stage"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
}

// Ends converts counts to the names used in subjects and metrics.
func Ends(counts []store.Count) []End {
	ends := make([]End, len(counts))
	for i, c := range counts {
		ends[i] = End{subject.StageName(c.Stage), subject.VerdictName(c.Verdict), c.Reason, c.Count}
	}
	return ends
}

// State returns the current state of the streams and the store. It counts whole tables:
// Flow is cheap.
func (l *Library) State(ctx context.Context) (State, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stats, err := l.Stats(ctx)
	if err != nil {
		return State{}, err
	}
	counts, err := l.Tally(ctx)
	if err != nil {
		return State{}, err
	}
	flow, err := l.Flow(ctx)
	if err != nil {
		return State{}, err
	}
	deliveries, err := l.Deliveries(ctx, flow.Time)
	if err != nil {
		return State{}, err
	}
	var reads *replica.Reading
	if from := replica.Of(l.Store); from != nil {
		state := from.State()
		reads = &state
	}
	return State{
		Reads: reads, Flow: flow, Articles: stats.Articles, Revisions: stats.Revisions, Outcomes: stats.Outcomes,
		Ends: Ends(counts), Deliveries: deliveries,
	}, nil
}

// Flow returns the current state of the streams.
func (l *Library) Flow(ctx context.Context) (Flow, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	f := Flow{Time: time.Now().UTC()}
	for _, name := range subject.Streams() {
		if err := l.addStream(ctx, &f, name); err != nil {
			return Flow{}, err
		}
	}
	return f, nil
}

// addStream adds a stream and its durable consumers. A stream that does not
// exist is ignored.
func (l *Library) addStream(ctx context.Context, f *Flow, name string) error {
	stream, err := l.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	f.Streams = append(f.Streams, StreamState{
		Name: name, Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: info.Config.MaxBytes,
		Oldest: info.State.FirstTime.UTC(),
	})
	list := stream.ListConsumers(ctx)
	for consumer := range list.Info() {
		if consumer.Config.Durable == "" {
			continue // a temporary consumer, such as a client of the tail
		}
		state := ConsumerState{
			Stage: consumer.Config.Durable, Stream: name, Waiting: consumer.NumPending, InWork: consumer.NumAckPending,
			Redelivered: consumer.NumRedelivered,
		}
		if state.Oldest, err = oldestOf(ctx, stream, consumer); err != nil {
			return err
		}
		f.Consumers = append(f.Consumers, state)
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("listing consumers of stream %s: %w", name, err)
	}
	return nil
}

// oldestOf returns when the oldest message that a consumer has not acked was stored. It
// returns the zero time if every message is acked, or if this service may not read the stream.
func oldestOf(ctx context.Context, stream jetstream.Stream, consumer *jetstream.ConsumerInfo) (time.Time, error) {
	info := stream.CachedInfo()
	switch info.Config.Name {
	case subject.StreamPages, subject.StreamArticles:
		return backlog.OldestWaiting(ctx, stream, consumer)
	case subject.StreamURLs: // acked messages are removed
		if info.State.Msgs > 0 {
			return info.State.FirstTime.UTC(), nil
		}
	}
	return time.Time{}, nil
}
