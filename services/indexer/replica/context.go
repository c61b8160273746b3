package replica

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

type (
	freshKey    struct{}
	positionKey struct{}
	trackKey    struct{}
)

// Fresh returns a context whose reads see every change: they come from the primary, unless it is
// unavailable.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

func wantsFresh(ctx context.Context) bool { return ctx.Value(freshKey{}) != nil }

// The headers of requests and responses of the HTTP API.
const (
	// FromHeader tells which server has answered: Primary or Replica.
	FromHeader = "Dateline-Read-From"
	// PositionHeader is in the response to a change. A request that has it sees the change, whichever
	// server it is sent to.
	PositionHeader = "Dateline-Position"
	// Newest is the position of a request that sees every change, like Fresh.
	Newest = "9223372036854775807"
)

// After returns a context whose reads see everything up to a position that Changed has returned.
// An invalid position is ignored.
func After(ctx context.Context, position string) context.Context {
	at, err := strconv.ParseUint(position, 10, 63)
	switch {
	case err != nil:
		return ctx
	case at == math.MaxInt64:
		return Fresh(ctx)
	}
	return context.WithValue(ctx, positionKey{}, max(at, wantedPosition(ctx)))
}

func wantedPosition(ctx context.Context) uint64 {
	at, _ := ctx.Value(positionKey{}).(uint64)
	return at
}

// Changed notes that this process has changed something, so that its later reads see the change. It
// returns the position of the change, with which reads of other processes see it, too: see
// After. It is empty if the primary does not answer.
func (s *Store) Changed(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	position, err := positionOf(ctx, s.primary.store.SQL().Reader)
	if err != nil {
		s.unplaced.Store(true)
		s.soon()
		return ""
	}
	s.placeChange(position)
	return strconv.FormatUint(position, 10)
}

// placeChange notes the position of a change.
func (s *Store) placeChange(at uint64) {
	for known := s.changed.Load(); at > known && !s.changed.CompareAndSwap(known, at); {
		known = s.changed.Load()
	}
}

// recordEnd returns the end of the last record of the log, given where the next one will be
// inserted, or what a replica has replayed. If a record ends with a page, the next one begins after the
// header of the next page, which a replica reaches only with that record.
func recordEnd(insert uint64) uint64 {
	const page, shortHeader, longHeader = 8192, 24, 40
	if rest := insert % page; rest == shortHeader || rest == longHeader {
		return insert - rest
	}
	return insert
}

// Reads tells which servers have answered the reads of a context.
type Reads struct {
	mu      sync.Mutex
	replica bool
	oldest  time.Time
	unknown bool
	primary bool
	down    bool
}

// Track returns a context that records which servers answer its reads.
func Track(ctx context.Context) (context.Context, *Reads) {
	r := &Reads{}
	return context.WithValue(ctx, trackKey{}, r), r
}

// From returns Replica if at least one read was answered by the replica, Primary if all were
// answered by the primary, or "" if nothing was read.
func (r *Reads) From() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.replica:
		return Replica
	case r.primary:
		return Primary
	}
	return ""
}

// Age returns how old what was read from the replica is at most. It reports whether that is known.
func (r *Reads) Age(now time.Time) (age time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.replica || r.unknown {
		return 0, false
	}
	return max(0, now.Sub(r.oldest)), true
}

// PrimaryDown reports whether the primary was unavailable.
func (r *Reads) PrimaryDown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down
}

// answered notes that a server has answered a read.
func (s *Store) answered(ctx context.Context, from *server) {
	s.metrics.reads[from.name].Inc()
	r := Tracked(ctx)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if from == s.primary {
		r.primary = true
		return
	}
	r.down = s.primary.failure() != nil
	seen := s.current.Load()
	switch {
	case seen == nil || seen.complete.IsZero():
		r.unknown = true
	case !r.replica || seen.complete.Before(r.oldest):
		r.oldest = seen.complete
	}
	r.replica = true
}

// oneLine returns the text of an error without its line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Tracked returns what Track has returned with a context, or nil.
func Tracked(ctx context.Context) *Reads {
	r, _ := ctx.Value(trackKey{}).(*Reads)
	return r
}
