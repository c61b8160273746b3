package indexer

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// progressInterval is the time between two comparisons of the store with the
	// streams.
	progressInterval = 10 * time.Second
	// progressTimeout is the maximum duration of one comparison.
	progressTimeout = time.Minute
	// progressAdvice is what to do about a store that is older than the streams.
	progressAdvice = "run \"dateline repair\" to read the missing messages again"
)

// progressWatch reports a store that is older than the streams. It also joins the spans
// that the batches have added to the store.
type progressWatch struct {
	js      jetstream.JetStream
	store   store.Progress
	metrics *metrics
	log     *slog.Logger

	mu      sync.Mutex
	missing map[string]uint64 // messages, by stream
}

func (w *progressWatch) run(ctx context.Context) error {
	failed := false
	return loop.Every(ctx, progressInterval, func(ctx context.Context) error {
		round, cancel := context.WithTimeout(ctx, progressTimeout)
		defer cancel()
		err := w.compare(round)
		if err != nil && ctx.Err() == nil && !failed {
			w.log.Warn("comparing the store with the streams failed, retrying", "error", err)
		}
		failed = err != nil
		return nil
	})
}

func (w *progressWatch) compare(ctx context.Context) error {
	states, err := progress.Compare(ctx, w.js, w.store)
	if err != nil {
		return err
	}
	for _, state := range states {
		if err := state.Tidy(ctx, w.store); err != nil {
			return err
		}
		w.report(state)
	}
	return nil
}

// report publishes the number of missing messages of a stream. It logs changes.
func (w *progressWatch) report(state progress.State) {
	n := state.Messages()
	w.metrics.missing.WithLabelValues(state.Stream).Set(float64(n))
	w.mu.Lock()
	before := w.missing[state.Stream]
	if w.missing == nil {
		w.missing = map[string]uint64{}
	}
	w.missing[state.Stream] = n
	w.mu.Unlock()
	switch {
	case n > before:
		w.log.Error("the store is older than the streams: it lacks messages that were acked; "+progressAdvice,
			"stream", state.Stream, "messages", n, "no_longer_on_stream", state.Removed(),
			"first", state.Missing[0].First, "last", state.Missing[len(state.Missing)-1].Last)
	case n == 0 && before > 0:
		w.log.Info("the store has all messages that were acked again", "stream", state.Stream)
	}
}

// check is a readiness check that warns of a store that is older than the streams. The
// indexer is ready all the same: it stores what arrives, and stopping it would not bring
// the missing messages back.
func (w *progressWatch) check(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var missing []string
	for _, name := range streamNames() {
		if n := w.missing[name]; n > 0 {
			missing = append(missing, fmt.Sprintf("%d messages of %s", n, name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return telemetry.Warning(fmt.Errorf("the store is older than the streams: it lacks %s that were acked: %s",
		strings.Join(missing, " and "), progressAdvice))
}
