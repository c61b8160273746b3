package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// damagedAdvice is what to do about store.ErrDamaged.
const damagedAdvice = "stop the pipeline and restore a backup, see docs/backup.md"

func examineStore(ctx context.Context, t Target, r *report) {
	const check = "store"
	if t.StoreURL == "" {
		r.skip(check, "the context names no store that this machine reaches (--store-url)")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	before := time.Now()
	found, err := store.Inspect(ctx, t.StoreURL)
	after := time.Now()
	if errors.Is(err, store.ErrDamaged) {
		r.problem(check, damagedAdvice, "%v", err)
		return
	}
	if err != nil {
		r.problem(check, "start the database, or give its address with --store-url", "%v", err)
		return
	}
	for _, text := range found.Problems {
		what, advice, _ := strings.Cut(text, ": ")
		r.problem(check, advice, "%s", what)
	}
	switch {
	case found.Version == 0:
		r.problem(check, "start the indexer: it creates the tables", "the store has no tables yet")
	case found.Version < found.Newest:
		r.problem(check, "start the indexer of this version: it migrates the tables",
			"the store's tables have version %d, and this program needs version %d", found.Version, found.Newest)
	case found.Version > found.Newest:
		r.problem(check, "use the newer program",
			"the store's tables have version %d, and this program supports versions up to %d", found.Version, found.Newest)
	}
	if r.isFine(check) {
		r.ok(check, "%s, tables of version %d", found.Server, found.Version)
	}
	if !found.Time.IsZero() {
		r.examineClock("the database", before, found.Time, after)
	}
}

// examineDisk checks the free space for the embedded server and store.
func examineDisk(_ context.Context, t Target, r *report) {
	const check = "disk"
	if t.DataDir == "" {
		r.skip(check, "there is no data folder on this machine")
		return
	}
	space, err := disk.Of(t.DataDir)
	switch {
	case err != nil:
		r.problem(check, "name the folder with --data-dir", "the data folder %s cannot be read: %v", t.DataDir, err)
	case space.Free < 2*t.MinFree:
		r.problem(check, "make room; the pipeline stops cleanly when less than data.min-free is left",
			"%d MB are left on the disk of %s", space.Free>>20, t.DataDir)
	default:
		r.ok(check, "%d MB are left on the disk of %s", space.Free>>20, t.DataDir)
	}
}
