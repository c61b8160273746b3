package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/loop"
)

// diskInterval is how often the room on the disk is looked at.
const diskInterval = time.Second

// watchDisk ends with an error when the disk of the data folder is nearly full.
// A NATS server that meets a full disk stays up, lets publishes time out, and
// does not recover by itself when there is room again: it is better to stop
// before that.
func (c Config) watchDisk(ctx context.Context) error {
	return loop.Every(ctx, diskInterval, func(context.Context) error { return c.checkDisk() })
}

func (c Config) checkDisk() error {
	space, err := disk.Of(c.Data.Dir)
	if err != nil {
		return fmt.Errorf("asking for the room on the disk of %s: %w", c.Data.Dir, err)
	}
	if free := space.Free; free < c.Data.MinFree {
		return fmt.Errorf("the disk of the data folder %s has %d MB left, fewer than the %d MB of data.min-free: make room and start again; nothing is lost, and what is not finished goes on from where it was",
			c.Data.Dir, free>>20, c.Data.MinFree>>20)
	}
	return nil
}
