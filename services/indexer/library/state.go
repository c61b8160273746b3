package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// State is how the pipeline fares.
type State struct {
	Time      time.Time       `json:"time" doc:"When this was read."`
	Articles  int64           `json:"articles" doc:"Articles in the store."`
	Revisions int64           `json:"revisions" doc:"Revisions of them."`
	Outcomes  int64           `json:"outcomes" doc:"Outcomes in the ledger."`
	Streams   []StreamState   `json:"streams" doc:"The streams between the stages."`
	Consumers []ConsumerState `json:"consumers" doc:"What each stage has still to do."`
	Ends      []End           `json:"ends" doc:"How many inputs of each stage ended how, since the beginning."`
}

// StreamState is how full a stream is.
type StreamState struct {
	Name     string    `json:"name"`
	Messages uint64    `json:"messages"`
	Bytes    uint64    `json:"bytes"`
	MaxBytes int64     `json:"max_bytes" doc:"The bound of bytes; -1 for none."`
	Oldest   time.Time `json:"oldest,omitzero" doc:"When the oldest message came in; absent where there is none."`
}

// ConsumerState is what a stage has still to do.
type ConsumerState struct {
	Stage       string `json:"stage"`
	Stream      string `json:"stream"`
	Waiting     uint64 `json:"waiting" doc:"Messages that were not delivered yet."`
	InWork      int    `json:"in_work" doc:"Messages delivered and not acked yet."`
	Redelivered int    `json:"redelivered" doc:"Of those, messages that were delivered before."`
}

// End counts inputs that ended alike.
type End struct {
	Stage   string `json:"stage"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
}

// Ends names counts as subjects and metrics do.
func Ends(counts []store.Count) []End {
	ends := make([]End, len(counts))
	for i, c := range counts {
		ends[i] = End{subject.StageName(c.Stage), subject.VerdictName(c.Verdict), c.Reason, c.Count}
	}
	return ends
}

// State reads the streams and the store.
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
	s := State{Time: time.Now().UTC(), Articles: stats.Articles, Revisions: stats.Revisions, Outcomes: stats.Outcomes, Ends: Ends(counts)}
	for _, name := range subject.Streams() {
		stream, err := l.js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return State{}, fmt.Errorf("reading stream %s: %w", name, err)
		}
		info := stream.CachedInfo()
		s.Streams = append(s.Streams, StreamState{name, info.State.Msgs, info.State.Bytes, info.Config.MaxBytes, info.State.FirstTime.UTC()})
		list := stream.ListConsumers(ctx)
		for consumer := range list.Info() {
			if consumer.Config.Durable == "" {
				continue // somebody who watches
			}
			s.Consumers = append(s.Consumers, ConsumerState{consumer.Config.Durable, name, consumer.NumPending, consumer.NumAckPending, consumer.NumRedelivered})
		}
		if err := list.Err(); err != nil {
			return State{}, fmt.Errorf("listing the consumers of stream %s: %w", name, err)
		}
	}
	return s, nil
}
