package frontier

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
)

// decider is a visitor that always returns the same.
type decider struct {
	decision Decision
	err      error
}

func (d decider) Visit(context.Context, *Entry) (Decision, error) { return d.decision, d.err }
func (d decider) Refuse(context.Context, *Entry, error) error     { return d.err }

// TestFailureDoesNotShortenThePause has visits whose results cannot be stored. The host keeps its usual
// pause. A host without a pause is not visited again at once either.
func TestFailureDoesNotShortenThePause(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	nc, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{PerHost: 1000})
	f, h := newPicker(t, js)
	f.Log = slog.New(slog.DiscardHandler)
	entry, err := f.pick(t.Context(), h)
	if err != nil || entry == nil {
		t.Fatalf("picked %v (%v)", entry, err)
	}
	nc.Close() // the entry can no longer be removed
	for name, failure := range map[string]error{
		"the visit fails": errors.New("stream unavailable"), "the entry is not removed": nil,
	} {
		for pause, want := range map[time.Duration]time.Duration{
			0: retryPause, retryPause / 2: retryPause, time.Minute: time.Minute,
		} {
			h.current, h.unfinished = nil, nil
			f.Visitor = decider{Decision{Pause: pause}, failure}
			if got := f.visit(t.Context(), h, entry); got != want || h.current != entry {
				t.Errorf("%s after a request with a pause of %s: the host rests for %s, want %s, and the entry stays: %t",
					name, pause, got, want, h.current == entry)
			}
		}
	}
}
