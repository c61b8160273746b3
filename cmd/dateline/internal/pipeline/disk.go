package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/loop"
)

// diskInterval is the time between two checks of the free space.
const diskInterval = time.Second

// watchDisk returns an error when the disk of the data folder is nearly full. Stopping
// early is better than a full disk: a NATS server that meets one keeps running while
// publishes time out, and does not recover when there is space again.
func (c Config) watchDisk(ctx context.Context) error {
	return loop.Every(ctx, diskInterval, func(context.Context) error { return c.checkDisk() })
}

func (c Config) checkDisk() error {
	space, err := disk.Of(c.Data.Dir)
	if err != nil {
		return fmt.Errorf("reading the free space on the disk of %s: %w", c.Data.Dir, err)
	}
	if free := space.Free; free < c.Data.MinFree {
		return fmt.Errorf("the disk of the data folder %s has only %d MB left, less than the %d MB of data.min-free: "+
			"make room and start again; nothing is lost, and unfinished work continues",
			c.Data.Dir, free>>20, c.Data.MinFree>>20)
	}
	return nil
}
