package progress

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// verifyInterval is the minimum time between two reads of a stream's time of creation
	// while messages arrive as expected.
	verifyInterval = time.Second
	// verifyTimeout bounds such a read, for which a batch waits.
	verifyTimeout = 2 * time.Second
)

// Reader knows which stream the messages of a loop come from. Create it with NewReader.
type Reader struct {
	js   jetstream.JetStream
	name string
	log  *slog.Logger

	mu       sync.Mutex
	created  time.Time
	verified time.Time // when created was read
	// sequence and stored are those of the newest message.
	sequence uint64
	stored   time.Time
}

// NewReader returns the reader of the stream with a name, which must exist. Call it
// before messages are requested.
func NewReader(ctx context.Context, js jetstream.JetStream, name string, log *slog.Logger) (*Reader, error) {
	stream, err := openStream(ctx, js, name)
	if err != nil {
		return nil, err
	}
	return &Reader{js: js, name: name, log: log, created: topology.Created(stream.CachedInfo()), verified: time.Now()}, nil
}

// Spans returns the messages of a batch, in the order in which they were delivered.
// Those of a stream that was replaced are left out: they are on no stream any more.
func (r *Reader) Spans(ctx context.Context, inputs []*stage.Input) []store.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	current, isReplaced := inputs, false
	for i, in := range inputs {
		if in.Sequence <= r.sequence && in.Stored.After(r.stored) {
			// A lower number and a later time: the stream was declared again.
			r.sequence, current, isReplaced = 0, inputs[i:], true
		}
		if in.Sequence >= r.sequence {
			r.sequence, r.stored = in.Sequence, in.Stored
		}
	}
	if isReplaced || time.Since(r.verified) > verifyInterval {
		before := r.created
		if err := r.verify(ctx); err != nil {
			r.log.Warn("reading a stream failed", "stream", r.name, "error", err)
			if isReplaced {
				return nil // they will count as missing, and can be read again
			}
		}
		if !r.created.Equal(before) {
			current = slices.DeleteFunc(slices.Clone(current), func(in *stage.Input) bool {
				return in.Stored.Before(r.created)
			})
		}
	}
	sequences := make([]uint64, len(current))
	for i, in := range current {
		sequences[i] = in.Sequence
	}
	return store.SpansOf(r.name, r.created, sequences)
}

// verify reads when the stream was created.
func (r *Reader) verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	stream, err := openStream(ctx, r.js, r.name)
	if err == nil {
		r.created, r.verified = topology.Created(stream.CachedInfo()), time.Now()
	}
	return err
}
