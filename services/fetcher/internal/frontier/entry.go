package frontier

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Entry is a URL that is due.
type Entry struct {
	*datelinev1.FrontierEntry
	// Subject, Sequence and Data are those of the entry's message.
	Subject  string
	Sequence uint64
	Data     []byte
	// Stored is when the stream stored the message, by the server's clock.
	Stored time.Time
	// Inherited reports whether the entry may have been in the queue before this
	// replica took the partition, so that another may have visited it.
	Inherited bool
	// Taken is when this replica took the partition.
	Taken time.Time
	// MayDial reports whether the partition still belongs to this replica. Call
	// it before each connection, and stop if it returns false.
	MayDial func() bool
	// Guard returns a context for a request, which ends when the partition may
	// belong to another replica. Call stop after the request.
	Guard func(context.Context) (guarded context.Context, stop func())
	// Span covers all visits to the entry; nil before the first.
	Span trace.Span

	wait prometheus.Observer // nil once the first request has begun
}

// Trace returns a context with the span of the visits.
func (e *Entry) Trace(ctx context.Context) context.Context {
	if e.Span == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, e.Span)
}

// Begin records that the request for the entry's own URL begins now, which ends
// its wait. Time before the entry's NotBeforeTime does not count as waiting.
func (e *Entry) Begin(now time.Time) {
	if e.wait == nil {
		return
	}
	since := e.Stored
	if t := e.GetNotBeforeTime(); t != nil {
		since = latest(since, t.AsTime())
	}
	e.wait.Observe(max(0, now.Sub(since).Seconds()))
	e.wait = nil
}

// again returns the entry with changed content, for the next visit.
func (e *Entry) again(content *datelinev1.FrontierEntry) *Entry {
	next := *e
	next.FrontierEntry = content
	return &next
}

// Decision is what happens to an entry after a visit. With neither Again nor
// Requeue the entry is finished.
type Decision struct {
	// Again leaves the entry at the head of its host's queue, because something
	// else had to be fetched first or a redirect leads on. A restart loses this
	// progress: the entry starts over.
	Again *datelinev1.FrontierEntry
	// Requeue replaces the entry by one with a later time or for another host.
	Requeue *datelinev1.FrontierEntry
	// Pause is how long the host rests from now on.
	Pause time.Duration
}

// Visitor processes entries.
type Visitor interface {
	// Visit processes an entry and stores the result. It returns an error if
	// nothing could be stored: the entry then stays where it is and is visited
	// again.
	Visit(ctx context.Context, entry *Entry) (Decision, error)
	// Refuse stores an entry that cannot be decoded as a dead letter.
	Refuse(ctx context.Context, entry *Entry, cause error) error
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
