package repair

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// rereadBatch and rereadBytes bound what is stored in one transaction.
const (
	rereadBatch = 200
	rereadBytes = 16 << 20
)

// Missing describes the messages of a stream that are acked and that the store does not
// have.
type Missing struct {
	Stream      string
	First, Last uint64
	// Gone are no longer on the stream. Refused are on it, but cannot be stored. All
	// others can be stored, or were stored.
	Messages, Gone, Refused uint64
}

// Examine counts the missing messages of a stream. It changes nothing.
func Examine(ctx context.Context, js jetstream.JetStream, state progress.State) (Missing, error) {
	return eachMissing(ctx, js, state, true, func(jetstream.Msg, uint64) error { return nil },
		func(store.Span) error { return nil })
}

// Reread stores the missing messages that are still on the stream. Afterwards no message
// counts as missing. The store recognises what it has, so that nothing is stored twice
// if Reread is repeated after an error.
func Reread(ctx context.Context, js jetstream.JetStream, s store.Store, state progress.State) (Missing, error) {
	b := &rereadingBatch{store: s, state: state}
	found, err := eachMissing(ctx, js, state, false, func(msg jetstream.Msg, sequence uint64) error {
		return b.add(ctx, msg, sequence)
	}, func(span store.Span) error {
		if err := b.flush(ctx); err != nil {
			return err // the messages still count as missing
		}
		// Messages that are no longer on the stream can never be stored: stop counting
		// them as missing.
		return s.ReplaceSpans(ctx, nil, []store.Span{span})
	})
	found.Refused = b.refused
	return found, err
}

// errEnd ends reading a stream.
var errEnd = errors.New("the end of the span")

// eachMissing passes the missing messages that are on the stream to handle, and each
// missing span to done after its messages.
func eachMissing(
	ctx context.Context, js jetstream.JetStream, state progress.State, headersOnly bool,
	handle func(jetstream.Msg, uint64) error, done func(store.Span) error,
) (Missing, error) {
	m := Missing{Stream: state.Stream, Messages: state.Messages()}
	var present uint64
	for i, span := range state.Missing {
		if i == 0 {
			m.First = span.First
		}
		m.Last = span.Last
		if span.Last >= state.First {
			err := read(ctx, js, state.Stream, max(span.First, state.First), headersOnly,
				func(msg jetstream.Msg, meta *jetstream.MsgMetadata) error {
					if meta.Sequence.Stream > span.Last {
						return errEnd
					}
					present++
					return handle(msg, meta.Sequence.Stream)
				})
			if err != nil && !errors.Is(err, errEnd) {
				return m, err
			}
		}
		if err := done(span); err != nil {
			return m, err
		}
	}
	m.Gone = m.Messages - present
	return m, nil
}

// rereadingBatch collects messages for one transaction.
type rereadingBatch struct {
	store store.Store
	state progress.State

	articles  []*datelinev1.Article
	outcomes  []*datelinev1.Outcome
	sequences []uint64
	bytes     int
	refused   uint64
}

func (b *rereadingBatch) add(ctx context.Context, msg jetstream.Msg, sequence uint64) error {
	b.sequences = append(b.sequences, sequence)
	b.bytes += len(msg.Data())
	record, outcome := &datelinev1.Article{}, &datelinev1.Outcome{}
	switch {
	case b.state.Stream == subject.StreamArticles && proto.Unmarshal(msg.Data(), record) == nil:
		b.articles = append(b.articles, store.WithOwnIdentity(record))
	case b.state.Stream == subject.StreamOutcomes && proto.Unmarshal(msg.Data(), outcome) == nil:
		b.outcomes = append(b.outcomes, outcome)
	default:
		b.refused++
	}
	if len(b.sequences) < rereadBatch && b.bytes < rereadBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *rereadingBatch) flush(ctx context.Context) error {
	if len(b.sequences) == 0 {
		return nil
	}
	spans := store.SpansOf(b.state.Stream, b.state.Created, b.sequences)
	if b.state.Stream == subject.StreamOutcomes {
		if err := b.store.Record(ctx, b.outcomes, spans...); err != nil {
			return fmt.Errorf("storing outcomes again: %w", err)
		}
	} else {
		results, err := b.store.Put(ctx, b.articles, spans...)
		if err != nil {
			return fmt.Errorf("storing articles again: %w", err)
		}
		for _, result := range results {
			if result.Err != nil {
				b.refused++
			}
		}
	}
	b.articles, b.outcomes, b.sequences, b.bytes = nil, nil, nil, 0
	return nil
}
