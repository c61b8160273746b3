package library

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Event is a revision event with its place in the stream.
type Event struct {
	*datelinev1.RevisionEvent
	Place Place
}

// Place is the place of an event in the stream of revisions. The zero Place is the end of
// the stream.
type Place struct {
	Sequence uint64
	// Created is when the stream was created. If the stream was declared again since,
	// the sequence number is that of another event. The zero time means that it is not
	// known.
	Created time.Time
}

// String returns the place in the form that ParsePlace reads.
func (p Place) String() string {
	text := strconv.FormatUint(p.Sequence, 10)
	if !p.Created.IsZero() {
		text += "-" + strconv.FormatInt(p.Created.UnixNano(), 36)
	}
	return text
}

// ParsePlace is the inverse of String. It also reads the ids of older versions, which are
// sequence numbers.
func ParsePlace(text string) (Place, error) {
	number, created, found := strings.Cut(text, "-")
	sequence, err := strconv.ParseUint(number, 10, 64)
	if err != nil || !found {
		return Place{Sequence: sequence}, err
	}
	nanos, err := strconv.ParseInt(created, 36, 64)
	return Place{Sequence: sequence, Created: time.Unix(0, nanos).UTC()}, err
}

// followPoll is the delay between two looks for new events.
const followPoll = 250 * time.Millisecond

// Follow yields the revision events after a place, or all new ones if it is zero. It
// yields nil at its start and at least once per heartbeat, so that the caller can send a
// sign of life. It ends when ctx ends or after yielding an error. A slow caller delays
// nobody else.
//
// If the stream was declared again since, all its events are new to the caller, and Follow
// yields them from the first. While it follows, it notices this within a heartbeat.
//
// It reads single messages, because a service may not create consumers.
func (l *Library) Follow(ctx context.Context, after Place, heartbeat time.Duration) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		stream, err := l.js.Stream(ctx, subject.StreamRevisions)
		if err != nil {
			yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
			return
		}
		info := stream.CachedInfo()
		if after == (Place{}) {
			after.Sequence = info.State.LastSeq
		}
		if after = resume(info, after); !yield(nil, nil) {
			return
		}
		for beat := time.Now(); ctx.Err() == nil; {
			if after.Sequence, err = yieldEvents(ctx, stream, after, yield); err != nil {
				return
			}
			if time.Since(beat) >= heartbeat {
				info, err := stream.Info(ctx)
				if err != nil && ctx.Err() == nil {
					yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
				}
				if err != nil || !yield(nil, nil) {
					return
				}
				after, beat = resume(info, after), time.Now()
			}
			loop.Sleep(ctx, min(followPoll, heartbeat))
		}
	}
}

// resume returns the place on the present stream after which the events are new to a caller
// who has seen those up to a place.
func resume(info *jetstream.StreamInfo, after Place) Place {
	last, created, known := info.State.LastSeq, topology.Created(info), !after.Created.IsZero()
	if known && !after.Created.Equal(created) || !known && after.Sequence > last {
		after.Sequence = 0 // of another stream
	}
	// A stream that was restored from a backup continues after its own last message.
	return Place{Sequence: min(after.Sequence, last), Created: created}
}

// errStopped means that the caller wants no more events, or got an error.
var errStopped = errors.New("stopped")

// yieldEvents yields the events after a place that the stream holds, and returns the
// sequence number of the last one.
func yieldEvents(ctx context.Context, stream jetstream.Stream, after Place,
	yield func(*Event, error) bool,
) (uint64, error) {
	for {
		msg, err := bus.NextRevision(ctx, stream, after.Sequence+1)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return after.Sequence, nil
		}
		if err != nil {
			if ctx.Err() == nil {
				yield(nil, fmt.Errorf("following stream %s: %w", subject.StreamRevisions, err))
			}
			return after.Sequence, errStopped
		}
		after.Sequence = msg.Sequence
		event := &datelinev1.RevisionEvent{}
		if proto.Unmarshal(msg.Data, event) != nil {
			continue // not a revision event
		}
		if !yield(&Event{event, after}, nil) {
			return after.Sequence, errStopped
		}
	}
}
