package seen

import (
	"context"
	"log/slog"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
)

const (
	// packInterval is the time between two checks whether marks must be packed, and packRest the time after
	// one that failed.
	packInterval = time.Minute
	packRest     = 10 * time.Minute
)

// KeepPacked packs marks until ctx ends. All replicas may run it.
func (m *Marks) KeepPacked(ctx context.Context, log *slog.Logger, metrics *Metrics) error {
	// A round at the start would slow down the first requests.
	rest := m.look(ctx, log, metrics, m.Count)
	for loop.Sleep(ctx, rest) && ctx.Err() == nil {
		rest = m.look(ctx, log, metrics, m.Pack)
	}
	return nil
}

// look counts the marks with Count or Pack, reports the result, and returns the time until the next check.
func (m *Marks) look(
	ctx context.Context, log *slog.Logger, metrics *Metrics, count func(context.Context) (Packed, error),
) time.Duration {
	start := time.Now()
	packed, err := count(ctx)
	switch {
	case ctx.Err() != nil: // what is not packed yet is packed after the next start
		return 0
	case err != nil:
		metrics.failures.Inc()
		log.Warn("packing the marks of requested URLs failed, retrying; until then each takes more of NATS' memory",
			"error", err, "delay", packRest)
		return packRest
	}
	metrics.set(packed)
	if packed.Marks == 0 {
		return packInterval
	}
	log.Info("packed marks of requested URLs", "marks", packed.Marks, "total", packed.Total,
		"left", packed.Left, "duration", time.Since(start))
	return 0 // there may be more
}
