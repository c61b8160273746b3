package indexer

import (
	"context"
	"log/slog"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// overwriteInterval is the interval at which erased articles are overwritten in
	// the store. Several erasures are overwritten at once, because each time takes
	// long.
	overwriteInterval = 15 * time.Minute
	// overwriteTimeout is the maximum duration of overwriting once.
	overwriteTimeout = time.Hour
)

// overwriter overwrites what erased articles have left in the store. The API does not
// do this itself, because a request should not take that long.
type overwriter struct {
	store store.Eraser
	log   *slog.Logger
}

// run works until ctx ends. Errors are logged and do not end it, because storing
// articles is more important.
func (o overwriter) run(ctx context.Context) error {
	return loop.Every(ctx, overwriteInterval, func(ctx context.Context) error {
		start := time.Now()
		done, err := o.overwrite(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			o.log.Warn("overwriting erased articles failed, retrying", "interval", overwriteInterval, "error", err)
		case done:
			o.log.Info("erased articles overwritten", "duration", time.Since(start))
		}
		return nil
	})
}

func (o overwriter) overwrite(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, overwriteTimeout)
	defer cancel()
	return o.store.Overwrite(ctx)
}
