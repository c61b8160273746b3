package seen

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
)

// reading is a stream of marks that calls a function before a message is read.
type reading struct {
	jetstream.Stream

	before func(seq uint64)
}

func (r reading) GetMsg(
	ctx context.Context, seq uint64, opts ...jetstream.GetMsgOpt,
) (*jetstream.RawStreamMsg, error) {
	r.before(seq)
	return r.Stream.GetMsg(ctx, seq, opts...)
}

// TestMarksChangeWhileTheyAreRead changes marks that a round of packing has read already, and that it reads again
// because of that. What was written last holds.
func TestMarksChangeWhileTheyAreRead(t *testing.T) {
	_, js := natstest.Start(t)
	marks, packing := opened(t, js), opened(t, js)
	marked := mustClaim(t, marks, "first", "finished", "forgotten", "claimed", "unchanged")
	var last uint64
	for _, mark := range marked {
		last = max(last, mark.revision)
	}
	forget := func(urls ...string) {
		for _, url := range urls {
			if err := marks.Forget(t.Context(), url); err != nil {
				t.Error(err)
			}
		}
	}
	changed := false
	packing.stream = reading{marks.stream, func(seq uint64) {
		if changed || seq <= last {
			return
		}
		changed = true
		if err := marks.Finish(t.Context(), "finished", marked[0], "first", Version{}, time.Now()); err != nil {
			t.Error(err)
		}
		forget("forgotten", "claimed")
		mustClaim(t, marks, "second", "claimed")
	}}
	packed, err := packing.pack(t.Context(), atMost(-100))
	if err != nil {
		t.Fatal(err)
	}
	if keys := entryKeys(t, marks); !changed || len(keys) > 0 || packed.Total != 3 {
		t.Fatalf("changed: %t, %d packed marks, %d with entries; want 3 packed marks", changed, packed.Total, len(keys))
	}
	for range 2 {
		for url, want := range map[string]Mark{
			"finished": {Request: "first", Done: true}, "forgotten": {}, "claimed": {Request: "second"},
			"unchanged": {Request: "first"},
		} {
			if got, done := request(t, marks, url); got != want.Request || done != want.Done {
				t.Errorf("the request of %s is %q, done: %t; want %q, %t", url, got, done, want.Request, want.Done)
			}
		}
		packAll(t, marks)
	}
}
