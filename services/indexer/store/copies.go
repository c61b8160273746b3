package store

import (
	"context"
	"fmt"
	"time"
)

// Copies tells among which articles the store looks for copies of a new one: those whose texts
// were stored within a time, the window. See docs/decisions/0052.
type Copies interface {
	// LimitCopies bounds the window. Call it before the first Put. All processes that store
	// articles should use the same limits, because keys that one of them no longer needs are
	// deleted. The default is DefaultCopyLimits.
	LimitCopies(limits CopyLimits)
	// CopiesWindow returns the window as of the last call of Put in this process. It is zero before.
	CopiesWindow() CopiesWindow
	// StoredCopies returns the extent of the keys in the store, which is that of the window or a
	// little more, and the limits of the process that stored keys last. They are zero before.
	StoredCopies(ctx context.Context) (CopiesWindow, CopyLimits, error)
}

// CopyLimits bound the window of articles with which a new one is compared.
type CopyLimits struct {
	// Window is the time after which an article leaves the window, since its text was stored.
	Window time.Duration
	// Articles is the maximum number of articles in the window, and at most MaxCopyArticles. If
	// there are more, the oldest leave it early.
	Articles int
}

// CopiesWindow is the extent of the window of articles with which a new one is compared.
type CopiesWindow struct {
	// Length is the time since the oldest article of the window was stored.
	Length time.Duration
	// Articles is the number of articles in the window. An article whose text has changed is
	// counted again.
	Articles int
}

const (
	// BytesPerCopy is the maximum memory for an article of the window, in bytes, in each process
	// that stores articles. docs/benchmarks.md has measurements.
	BytesPerCopy = 100
	// DefaultCopiesMemory is the memory, in bytes, that the default limits need at most.
	DefaultCopiesMemory = 128 << 20
	// MaxCopyArticles is the maximum of CopyLimits.Articles.
	MaxCopyArticles = 1 << 28
	// maxDroppedKeys is the maximum number of rows that are deleted from the table recent_keys
	// with a batch. It is larger than a batch, so that the table shrinks.
	maxDroppedKeys = 1000
)

// DefaultCopyLimits compares a text with those of three days, within DefaultCopiesMemory.
func DefaultCopyLimits() CopyLimits {
	return CopyLimits{Window: 72 * time.Hour, Articles: DefaultCopiesMemory / BytesPerCopy}
}

// copies implements Copies in both databases.
type copies struct {
	keys *keyIndex
	db   Database
}

// LimitCopies implements Copies.
func (c copies) LimitCopies(limits CopyLimits) { c.keys.reset(limits) }

// CopiesWindow implements Copies.
func (c copies) CopiesWindow() CopiesWindow { return c.keys.window() }

// StoredCopies implements Copies.
func (c copies) StoredCopies(ctx context.Context) (CopiesWindow, CopyLimits, error) {
	var length, articles, maxAge, maxArticles int64
	err := c.db.Reader.QueryRowContext(ctx, `SELECT w.time - coalesce(
			(SELECT k.time FROM recent_keys k WHERE k.number >= w.first ORDER BY k.number LIMIT 1), w.time),
		w.last - w.first + 1, w.max_age, w.max_articles FROM copies_window w`).
		Scan(&length, &articles, &maxAge, &maxArticles)
	if err != nil {
		return CopiesWindow{}, CopyLimits{}, fmt.Errorf("reading the window of copies: %w", err)
	}
	return CopiesWindow{Length: time.Duration(length) * time.Microsecond, Articles: int(articles)},
		CopyLimits{Window: time.Duration(maxAge) * time.Microsecond, Articles: int(maxArticles)}, nil
}

// maxClockStep returns the longest time between two batches, in microseconds, that counts for the
// age of articles. A clock that is set ahead therefore takes no more than this from the window.
func (l CopyLimits) maxClockStep() int64 { return (l.Window / 4).Microseconds() }

// keyTable is the row of the table copies_window.
type keyTable struct {
	// time is the time of the window in microseconds. It never goes back.
	time int64
	// first and last bound the numbers of the table recent_keys.
	first, last int64
}

// firstUnread returns the number from which on rows must be read into an index.
func (t keyTable) firstUnread(x *keyIndex) int64 {
	return max(x.lastRead()+1, t.first, t.last-int64(x.limits.Articles)+1)
}
