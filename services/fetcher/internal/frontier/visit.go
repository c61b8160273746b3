package frontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// fullPause is how long a URL waits if it leads to a host whose queue is full.
const fullPause = time.Minute

// clockSkew is how far the server's clock may be behind this one. If it is further
// behind, a page may be fetched twice after a crash.
const clockSkew = 5 * time.Second

// visit processes an entry, carries the decision out, and returns the pause of the
// host. An entry that fails stays current and is visited again.
func (f *Frontier) visit(ctx context.Context, h *host, entry *Entry) time.Duration {
	decision := h.unfinished
	if decision == nil {
		made, err := f.Visitor.Visit(ctx, entry)
		if err != nil {
			if ctx.Err() == nil {
				f.Log.WarnContext(entry.Trace(ctx), "storing a visit's result failed, visiting again",
					"url", entry.GetUrl(), "error", err)
			}
			h.current = entry
			return max(made.Pause, retryPause)
		}
		decision = &made
	}
	if decision.Again != nil {
		h.current, h.unfinished = entry.again(decision.Again), nil
		return decision.Pause
	}
	err := f.finish(ctx, entry, decision)
	if errors.Is(err, ErrHostFull) {
		f.bypass(ctx, h, entry, decision.Requeue)
		return decision.Pause
	}
	if err != nil {
		if ctx.Err() == nil {
			f.Log.WarnContext(entry.Trace(ctx), "updating the frontier failed, retrying", "url", entry.GetUrl(), "error", err)
		}
		h.current, h.unfinished = entry, decision
		return max(decision.Pause, retryPause)
	}
	h.current, h.unfinished = nil, nil
	return decision.Pause
}

// finish removes an entry from the stream, after adding its successor if it has
// one.
func (f *Frontier) finish(ctx context.Context, entry *Entry, decision *Decision) error {
	if decision.Requeue != nil {
		// Each entry has at most one successor, so its message identifies the cause.
		cause := fmt.Sprintf("after:%d-%d", entry.Sequence, entry.Stored.UnixNano())
		if err := Publish(ctx, f.queue.js, cause, decision.Requeue); err != nil {
			return err
		}
	}
	return f.queue.remove(ctx, entry)
}

// bypass postpones an entry whose successor belongs to a full queue, so that the
// rest of the host's queue can proceed. A later attempt at the same host is kept
// in memory: if it waited for room at the head of the full queue, there would
// never be any. An entry that leads to another host is fetched again when that
// host's queue may have room.
func (f *Frontier) bypass(ctx context.Context, h *host, entry *Entry, next *datelinev1.FrontierEntry) {
	h.current, h.unfinished = nil, nil
	f.Log.WarnContext(entry.Trace(ctx), "host queue is full, keeping the URL in the queue it comes from",
		"url", next.GetUrl(), "from", entry.GetUrl())
	l := h.lane(entry)
	if name, err := subjectOf(next); err != nil || name != entry.Subject {
		l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(fullPause)})
		return
	}
	l.postpone(deferral{sequence: entry.Sequence, until: f.Now().Add(f.untilDue(next)), content: next})
}
