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
func (m *Marks) KeepPacked(ctx context.Context, log *slog.Logger) error {
	for loop.Sleep(ctx, packInterval) {
		for {
			start := time.Now()
			packed, err := m.Pack(ctx)
			if ctx.Err() != nil {
				return nil //nolint:nilerr // what is not packed yet is packed after the next start
			}
			if err != nil {
				log.Warn("packing the marks of requested URLs failed, retrying; until then each takes more of NATS' memory",
					"error", err, "delay", packRest)
				loop.Sleep(ctx, packRest)
			}
			if err != nil || packed.Marks == 0 {
				break
			}
			log.Info("packed marks of requested URLs", "marks", packed.Marks, "total", packed.Total,
				"left", packed.Left, "duration", time.Since(start))
		}
	}
	return nil
}
