package seen

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
)

// lagging is a stream of marks that is read from a replica which does not have the indexes yet.
type lagging struct{ jetstream.Stream }

func (l lagging) GetLastMsgForSubject(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	if strings.Contains(subject, ".packed.index.") {
		return nil, jetstream.ErrMsgNotFound
	}
	return l.Stream.GetLastMsgForSubject(ctx, subject)
}

// TestIndexFromALaggingReplica reads the index of a new edition from a replica of the stream that lags behind. Once the
// replica has caught up, the marks that were packed are found.
func TestIndexFromALaggingReplica(t *testing.T) {
	_, js := natstest.Start(t)
	marks, packing := opened(t, js), opened(t, js)
	mustClaim(t, marks, "first", "packed")
	packing.awaitRemoval = func(ctx context.Context) error {
		stream := marks.stream
		marks.stream = lagging{stream}
		defer func() { marks.stream = stream }()
		e, err := marks.refresh(ctx)
		if err == nil {
			_, err = marks.index(ctx, e, hashOf("packed").segment())
		}
		return err
	}
	if _, err := packing.pack(t.Context(), atMost(-100)); err != nil {
		t.Fatal(err)
	}
	// Time passes.
	marks.edition.since = marks.edition.since.Add(-removalDelay)
	segment := hashOf("packed").segment()
	marks.indexes[segment].read = marks.indexes[segment].read.Add(-removalDelay)
	if mark, exists, err := marks.Get(t.Context(), "packed"); err != nil || !exists || mark.Request != "first" {
		t.Errorf("the packed mark is %+v, exists: %t (%v)", mark, exists, err)
	}
	if read := marks.indexes[segment].read; time.Since(read) > removalDelay {
		t.Error("the index was not read again")
	}
}
