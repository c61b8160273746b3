package ledger_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestOutcomesAtTheSameTime checks that outcomes that are stored at the same time come to
// share writes, that each is stored and counted once, and that this also holds for one
// whose write was refused because of another.
func TestOutcomesAtTheSameTime(t *testing.T) {
	const callers = 100
	_, js := natstest.Start(t)
	var counted atomic.Int64
	writer := ledger.NewWriter(ledger.Config{
		JS: js, Stage: datelinev1.Stage_STAGE_FETCH, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Count:       func(datelinev1.Verdict, outcome.Reason) { counted.Add(1) },
		CountUnkept: func() {},
	})
	end := func(number int) {
		ended := &datelinev1.Outcome{InputId: fmt.Sprint(number), Verdict: datelinev1.Verdict_VERDICT_PRODUCED}
		if err := writer.Outcome(t.Context(), ended, 0, uint64(number)); err != nil {
			t.Error(err)
		}
	}
	stored, shared := 0, false
	end(0)
	natstest.Eventually(t, "outcomes share a write", func() bool {
		var ending sync.WaitGroup
		for i := range callers {
			ending.Go(func() { end(stored + i + 1) })
		}
		ending.Go(func() { end(0) }) // its message is known
		ending.Wait()
		stored += callers
		for _, msg := range natstest.Messages(t, js, subject.StreamOutcomes) {
			shared = shared || msg.Header.Get("Nats-Batch-Id") != ""
		}
		return shared
	})
	if got := natstest.Count(t, js, subject.StreamOutcomes); got != stored+1 {
		t.Errorf("%d outcomes are stored, want %d", got, stored+1)
	}
	if want := int64(stored + 1 + stored/callers); counted.Load() != want {
		t.Errorf("%d outcomes were counted, want %d", counted.Load(), want)
	}
}
