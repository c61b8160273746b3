package archiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/archiver/captures"
)

// retention holds the retention settings and their progress.
type retention struct {
	maxAge   time.Duration
	maxBytes int64
	labels   []expiring
}

// expiring is a label whose pages expire.
type expiring struct {
	expiry

	// until is the time of the captures until which the pages were examined.
	until time.Time
	// late is the time of the first capture that was archived after pages of that time were
	// examined, or zero. Archiver.mu guards it.
	late time.Time
}

func newRetention(config Config) (retention, error) {
	expiries, err := parseExpiries(config.Expire)
	r := retention{maxAge: config.MaxAge, maxBytes: config.MaxBytes}
	for _, e := range expiries {
		r.labels = append(r.labels, expiring{expiry: e})
	}
	return r, err
}

// isOriginal reports whether a later capture may refer to the body of a capture. Otherwise the
// body is written again, because the earlier one is going to be deleted.
func (r *retention) isOriginal(c *captures.Capture, now time.Time) bool {
	if r.maxAge > 0 && now.Sub(c.Time) > r.maxAge/4 {
		return false
	}
	for _, e := range r.labels {
		if c.HasLabel(e.label, e.value) {
			return false
		}
	}
	return true
}

// retain takes one step: it erases up to 1,000 pages for each label, and deletes up to 1,000
// captures of the oldest file or the file itself.
func (a *Archiver) retain(ctx context.Context, now time.Time) error {
	for i := range a.retention.labels {
		if err := a.expireLabel(ctx, &a.retention.labels[i], now); err != nil {
			return err
		}
	}
	size, err := a.index.Size(ctx)
	if err != nil {
		return err
	}
	a.metrics.extent(size)
	r := a.retention
	if size.Files == 0 || r.maxAge == 0 && (r.maxBytes == 0 || size.Bytes <= r.maxBytes) {
		return nil
	}
	file, err := a.index.OldestFile(ctx)
	if errors.Is(err, captures.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	old := r.maxAge > 0 && now.Sub(file.Newest) > r.maxAge
	if !old && (r.maxBytes == 0 || size.Bytes <= r.maxBytes) {
		return nil
	}
	return a.deleteFile(ctx, file)
}

func (a *Archiver) expireLabel(ctx context.Context, e *expiring, now time.Time) error {
	before := now.Add(-e.age)
	from := a.takeLate(e)
	if !before.After(from) {
		return nil
	}
	until, erased, err := a.index.EraseLabelled(ctx, e.label, e.value, from, before, now)
	if err != nil {
		return err
	}
	if e.until = until; erased > 0 {
		a.log.InfoContext(ctx, "pages of the archive have expired", "label", e.label, "value", e.value, "pages", erased)
	}
	return nil
}

// noteLate notes captures with labels that expire, so that they are examined even if they are
// older than captures that were examined already. The caller holds a.mu.
func (a *Archiver) noteLate(added []captures.Capture) {
	for i := range a.retention.labels {
		e := &a.retention.labels[i]
		for _, c := range added {
			if c.HasLabel(e.label, e.value) && (e.late.IsZero() || c.Time.Before(e.late)) {
				e.late = c.Time
			}
		}
	}
}

// takeLate moves the time until which the pages with a label were examined back to the first
// capture that was archived since, and returns it.
func (a *Archiver) takeLate(e *expiring) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !e.late.IsZero() && e.late.Before(e.until) {
		e.until = e.late
	}
	e.late = time.Time{}
	return e.until
}

// deleteFile removes captures of a complete file from the index, and after the last of them
// the file. If the process ends in between, the next step continues.
func (a *Archiver) deleteFile(ctx context.Context, file captures.File) error {
	if a.isOpen(file.Name) {
		return nil
	}
	if a.bucket != nil {
		if ready, err := a.bucket.mayDelete(ctx, file.Name); err != nil || !ready {
			return err
		}
	}
	empty, err := a.index.DropCaptures(ctx, file)
	if err != nil || !empty {
		return err
	}
	if err := a.folder.Delete(file.Name); err != nil {
		return fmt.Errorf("deleting an expired file: %w", err)
	}
	if a.bucket != nil {
		if err := a.bucket.deleteObject(ctx, file.Name); err != nil {
			return err
		}
	}
	if err := a.index.DropFile(ctx, file); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "expired file of the archive deleted", "file", file.Name, "newest", file.Newest)
	a.metrics.deleted.Inc()
	return nil
}

// isOpen reports whether records may still be added to a file.
func (a *Archiver) isOpen(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.folder.IsOpen(name)
}
