// Package progress compares a store with the streams that fill it. The indexer acks a
// message only after the store has committed it. So a message that is acked and not
// committed means that the store is older than the streams: it was restored from a
// backup, has lost its newest writes, or is another one.
package progress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// opTimeout bounds one operation on a stream.
	opTimeout = 10 * time.Second
	// maxLookups is the maximum number of missing spans of a stream that are looked for
	// on the stream at a time.
	maxLookups = 1000
)

// State compares a store with a stream.
type State struct {
	Stream string
	// Created is when the stream was created.
	Created time.Time
	// Missing are the messages that are acked and that the store has not committed, in
	// ascending order.
	Missing []store.Span
	// First is the sequence number of the stream's oldest message, or of the next one if
	// the stream is empty.
	First uint64

	old, tidied []store.Span
}

// Messages returns the number of missing messages. Those that were removed from the
// stream singly count too.
func (s State) Messages() uint64 { return count(s.Missing) }

// Removed returns the number of missing messages that are older than the stream's oldest
// one, so that they can no longer be read from the stream.
func (s State) Removed() uint64 { return count(clip(s.Missing, s.First-1)) }

// Compare compares a store with the streams that the indexer reads. It changes nothing.
func Compare(ctx context.Context, js jetstream.JetStream, s store.Progress) ([]State, error) {
	var states []State
	for _, input := range []struct{ stream, consumer string }{
		{subject.StreamArticles, subject.ConsumerIndex},
		{subject.StreamOutcomes, subject.ConsumerLedger},
	} {
		state, err := compare(ctx, js, s, input.stream, input.consumer)
		if err != nil {
			return nil, fmt.Errorf("comparing the store with stream %s: %w", input.stream, err)
		}
		states = append(states, state)
	}
	return states, nil
}

// errReplaced means that a stream was declared again during the comparison.
var errReplaced = errors.New("the stream has just been declared again")

// compare reads the consumer before the store, because messages are committed before
// they are acked, and the stream after the store, which cannot be ahead of it.
func compare(ctx context.Context, js jetstream.JetStream, s store.Progress, name, consumerName string) (State, error) {
	before, err := openStream(ctx, js, name)
	if err != nil {
		return State{}, err
	}
	limited, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	consumer, err := before.Consumer(limited, consumerName)
	if err != nil {
		return State{}, fmt.Errorf("reading consumer %s: %w", consumerName, err)
	}
	floor := consumer.CachedInfo().AckFloor.Stream
	spans, err := s.Spans(ctx, name)
	if err != nil {
		return State{}, err
	}
	stream, err := openStream(ctx, js, name)
	if err != nil {
		return State{}, err
	}
	info := stream.CachedInfo()
	created := topology.Created(info)
	if !created.Equal(topology.Created(before.CachedInfo())) {
		return State{}, errReplaced
	}
	state := State{Stream: name, Created: created, First: max(1, info.State.FirstSeq), old: spans}
	state.tidied = clip(store.Union(ofStream(spans, created)), info.State.LastSeq)
	if len(state.tidied) == 0 && slices.ContainsFunc(spans, isOlderVersion) && floor > 0 {
		// An older version has committed what was acked until now.
		state.tidied = []store.Span{{Stream: name, Created: created, First: 1, Last: floor}}
	}
	return state, state.look(ctx, stream, floor)
}

func openStream(ctx context.Context, js jetstream.JetStream, name string) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading the stream: %w", err)
	}
	return stream, nil
}

// look finds the missing messages up to a sequence number. Messages that somebody has
// removed from the stream, for example those of an erased article, are not missing.
func (s *State) look(ctx context.Context, stream jetstream.Stream, floor uint64) error {
	for n, span := range gaps(s.tidied, s.Stream, s.Created, floor) {
		if n < maxLookups && span.Last >= s.First {
			next, err := nextMessage(ctx, stream, max(span.First, s.First))
			if err != nil {
				return err
			}
			if next > span.Last {
				s.tidied = append(s.tidied, store.Span{
					Stream: s.Stream, Created: s.Created, First: max(span.First, s.First), Last: span.Last,
				})
				span.Last = s.First - 1
			}
		}
		if span.First <= span.Last {
			s.Missing = append(s.Missing, span)
		}
	}
	s.tidied = store.Union(s.tidied)
	return nil
}

// nextMessage returns the sequence number of a stream's first message from a number on, or
// math.MaxUint64 if the stream has no such message.
func nextMessage(ctx context.Context, stream jetstream.Stream, from uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(">"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ^uint64(0), nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the message after %d: %w", from-1, err)
	}
	return msg.Sequence, nil
}

// Tidy writes what Compare has found into the store: joined spans, without those of
// streams that no longer exist.
func (s State) Tidy(ctx context.Context, progress store.Progress) error {
	unchanged := slices.EqualFunc(s.old, s.tidied, func(a, b store.Span) bool {
		return a.Created.Equal(b.Created) && a.First == b.First && a.Last == b.Last
	})
	if unchanged {
		return nil
	}
	return progress.ReplaceSpans(ctx, s.old, s.tidied)
}

// isOlderVersion reports whether a span stands for what a version without spans has
// committed.
func isOlderVersion(s store.Span) bool { return s.Created.IsZero() }

// ofStream returns the spans of the stream that was created at a time.
func ofStream(spans []store.Span, created time.Time) []store.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s store.Span) bool { return !s.Created.Equal(created) })
}

// clip returns the parts of ascending spans up to a sequence number.
func clip(spans []store.Span, last uint64) []store.Span {
	var kept []store.Span
	for _, s := range spans {
		if s.Last = min(s.Last, last); s.First <= s.Last {
			kept = append(kept, s)
		}
	}
	return kept
}

// gaps returns the spans between 1 and last that are not among joined spans.
func gaps(joined []store.Span, stream string, created time.Time, last uint64) []store.Span {
	var between []store.Span
	next := uint64(1)
	for _, s := range joined {
		if s.First > next {
			between = append(between, store.Span{Stream: stream, Created: created, First: next, Last: s.First - 1})
		}
		next = s.Last + 1
	}
	if next <= last {
		between = append(between, store.Span{Stream: stream, Created: created, First: next, Last: last})
	}
	return clip(between, last)
}

func count(spans []store.Span) (n uint64) {
	for _, s := range spans {
		n += s.Last - s.First + 1
	}
	return n
}
