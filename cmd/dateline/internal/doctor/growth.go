package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// minDaysLeft is the number of days before the disk is full from which on the doctor warns.
const minDaysLeft = 14

// examineGrowth reports the size of the store, its growth, and when its disk is full. The disk
// of a database server cannot be measured from here.
func (t Target) examineGrowth(ctx context.Context, _ jetstream.JetStream, s store.Store, r *report) error {
	found, err := library.StorageOf(ctx, s, time.Now())
	if err != nil {
		return err
	}
	folder := store.Folder(t.StoreURL)
	if folder == "" {
		r.judgeGrowth(found, "", 0)
		return nil
	}
	space, err := disk.Of(folder)
	if err != nil {
		return fmt.Errorf("reading the free space of %s: %w", folder, err)
	}
	r.judgeGrowth(found, folder, space.Free-t.MinFree)
	return nil
}

// judgeGrowth adds the finding about a store in a folder whose disk has some bytes left. The
// folder is empty if that is unknown.
func (r *report) judgeGrowth(found library.Storage, folder string, free int64) {
	const check = "growth"
	text := fmt.Sprintf("the store has %d MB: articles %d MB, outcomes %d MB", found.Bytes>>20, found.ArticleBytes>>20,
		found.OutcomeBytes>>20)
	if found.FreeBytes>>20 > 0 {
		text += fmt.Sprintf(", free for new rows %d MB", found.FreeBytes>>20)
	}
	if !found.OldestOutcome.IsZero() {
		text += "; the oldest outcome is of " + found.OldestOutcome.UTC().Format(time.DateOnly)
	}
	if !found.IsMeasured {
		r.ok(check, "%s; its growth is known after six hours of work", text)
		return
	}
	text += fmt.Sprintf("; it grows by %d MB a day", found.GrowthPerDay>>20)
	left, grows := found.DaysLeft(free)
	switch {
	case folder == "":
		r.ok(check, "%s; watch the disk of the database", text)
	case !grows:
		r.ok(check, "%s", text)
	case left < minDaysLeft:
		r.problem(check, "make room, or keep less (indexer.keep-outcomes)",
			"%s; at this rate, the disk of %s is full in %.0f days", text, folder, left)
	default:
		r.ok(check, "%s; at this rate, the disk of %s is full in %.0f days", text, folder, left)
	}
}
