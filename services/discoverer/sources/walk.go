package sources

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// BackfillSitemap is a sitemap of a backfill, or the robots.txt that names sitemaps.
type BackfillSitemap struct {
	Hash    int64
	URL     string
	Purpose datelinev1.Purpose
	Hint    string
	ModTime time.Time
	// Place is its position in what names it, and Try the number of its last request.
	Place int
	Try   int64
}

// NewBackfillSitemap returns a sitemap of a backfill.
func NewBackfillSitemap(url weburl.URL, purpose datelinev1.Purpose, hint string) BackfillSitemap {
	return BackfillSitemap{Hash: int64(Hash(url.ID())), URL: url.String(), Purpose: purpose, Hint: hint}
}

// Hash returns a hash that distinguishes the URLs and requests of a source.
func Hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// The states of the rows of a backfill.
const (
	rowOpen = iota
	rowRequested
	rowEnded
)

// addSitemaps adds the sitemaps that a backfill does not have, up to MaxBackfillSitemaps.
func addSitemaps(ctx context.Context, tx *sql.Tx, b Backfill, sitemaps []BackfillSitemap) error {
	room := max(0, MaxBackfillSitemaps-b.Sitemaps)
	if int64(len(sitemaps)) > room {
		sitemaps = sitemaps[:room]
		err := setReason(ctx, tx, b, fmt.Sprintf("more than %d sitemaps: the others are not read", MaxBackfillSitemaps))
		if err != nil {
			return err
		}
	}
	rows := make([][]any, len(sitemaps))
	for i, m := range sitemaps {
		rows[i] = []any{
			b.SourceID, b.Run.UnixMicro(), m.Hash, m.URL, int32(m.Purpose), m.Hint, store.Micros(m.ModTime), m.Place, rowOpen,
			0, 0,
		}
	}
	added, err := insertRows(ctx, tx, "discovery_backfill_sitemaps", []string{
		"source_id", "run", "hash", "url", "purpose", "hint", "mod_time", "place", "state", "try", "due",
	}, rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE discovery_backfills SET sitemaps = sitemaps + $3
		WHERE source_id = $1 AND run = $2`, b.SourceID, b.Run.UnixMicro(), added)
	return err
}

func setReason(ctx context.Context, tx *sql.Tx, b Backfill, reason string) error {
	_, err := tx.ExecContext(ctx, `UPDATE discovery_backfills SET reason = $3 WHERE source_id = $1 AND run = $2`,
		b.SourceID, b.Run.UnixMicro(), cutReason(reason))
	return err
}

// IsAwaited reports whether the response to the request of a sitemap is awaited. One that has not
// arrived when its sitemap is due again counts as lost.
func (s *Sources) IsAwaited(ctx context.Context, b Backfill, now time.Time) (bool, error) {
	open, err := query(ctx, s, "looking for requested sitemaps", scanHash, `SELECT hash FROM discovery_backfill_sitemaps
		WHERE source_id = $1 AND run = $2 AND state < 2 AND state = $3 AND due > $4 LIMIT 1`,
		b.SourceID, b.Run.UnixMicro(), rowRequested, now.UnixMicro())
	return len(open) > 0, err
}

func scanHash(rows *sql.Rows) (hash int64, err error) { return hash, rows.Scan(&hash) }

// NextSitemap returns the newest sitemap of a backfill that can be requested, or ErrNotFound.
func (s *Sources) NextSitemap(ctx context.Context, b Backfill, now time.Time) (BackfillSitemap, error) {
	return one(query(ctx, s, "looking for the next sitemap", scanSitemap, `SELECT `+sitemapColumns+`
		FROM discovery_backfill_sitemaps WHERE source_id = $1 AND run = $2 AND state < 2 AND due <= $3
		ORDER BY mod_time DESC, place LIMIT 1`, b.SourceID, b.Run.UnixMicro(), now.UnixMicro()))
}

const sitemapColumns = `hash, url, purpose, hint, mod_time, place, try`

func scanSitemap(rows *sql.Rows) (m BackfillSitemap, err error) {
	var modified int64
	err = rows.Scan(&m.Hash, &m.URL, &m.Purpose, &m.Hint, &modified, &m.Place, &m.Try)
	m.ModTime = store.TimeOf(modified)
	return m, err
}

// RequestedSitemap notes the next request of a sitemap, which is repeated at a later time if its
// response is lost.
func (s *Sources) RequestedSitemap(ctx context.Context, b Backfill, m BackfillSitemap, now, again time.Time) error {
	return s.write(ctx, "storing the request of "+m.URL, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.spendBackfill(ctx, tx, b, now, 1); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE discovery_backfill_sitemaps SET state = $4, try = $5, due = $6
			WHERE source_id = $1 AND run = $2 AND hash = $3 AND try < $5`,
			b.SourceID, b.Run.UnixMicro(), m.Hash, rowRequested, m.Try+1, again.UnixMicro())
		return err
	})
}

// spendBackfill counts requests of a running backfill for its budget.
func (s *Sources) spendBackfill(ctx context.Context, tx *sql.Tx, b Backfill, now time.Time, requests int) error {
	current, err := s.runningBackfill(ctx, tx, b)
	if err != nil {
		return err
	}
	current.Budget.Spend(now, requests)
	_, err = tx.ExecContext(ctx, `UPDATE discovery_backfills SET budget = $2 WHERE source_id = $1`,
		b.SourceID, current.Budget.Bytes())
	return err
}

// AwaitedSitemap returns a sitemap and its running backfill if the response to its request with
// a number is awaited, and ErrNotFound otherwise.
func (s *Sources) AwaitedSitemap(
	ctx context.Context, sourceID string, run, hash, try int64,
) (b Backfill, m BackfillSitemap, err error) {
	if b, err = s.Backfill(ctx, sourceID); err != nil {
		return b, m, err
	}
	if b.State != BackfillRunning || b.Run.UnixMicro() != run {
		return b, m, ErrNotFound
	}
	m, err = one(query(ctx, s, "reading a sitemap of a backfill", scanSitemap, `SELECT `+sitemapColumns+`
		FROM discovery_backfill_sitemaps WHERE source_id = $1 AND run = $2 AND hash = $3 AND try = $4 AND state = $5`,
		b.SourceID, run, hash, try, rowRequested))
	return b, m, err
}

// SitemapReading is what the response to the request of a sitemap has brought.
type SitemapReading struct {
	Sitemaps []BackfillSitemap
	URLs     []BackfillURL
	// LeftOut and LeftUndated are added to the counts of the backfill.
	LeftOut, LeftUndated int64
	// Failure is why the sitemap could not be read, if so. Retry is when it is requested again,
	// or zero.
	Failure string
	Retry   time.Time
	// Warning is why what the sitemap lists is incomplete, if so.
	Warning string
	// Uncounted means that the site has not named it as a sitemap, so that it is not counted.
	Uncounted bool
}

// urlChunk is the number of URLs that are stored in one transaction, so that other writers of
// the store do not wait for long.
const urlChunk = 2_000

// SettleSitemap stores what a response has brought. After a crash in between, it can be called
// again with the same response. A URL that the backfill has already is ignored. It returns the
// number of URLs that were added.
func (s *Sources) SettleSitemap(
	ctx context.Context, b Backfill, m BackfillSitemap, read SitemapReading, now time.Time,
) (added int64, err error) {
	for chunk := range slices.Chunk(read.URLs, urlChunk) {
		err := s.write(ctx, "storing the URLs of "+m.URL, func(ctx context.Context, tx *sql.Tx) error {
			n, err := s.addURLs(ctx, tx, b, chunk)
			added += n
			return err
		})
		if err != nil {
			return added, err
		}
	}
	return added, s.write(ctx, "storing sitemap "+m.URL, func(ctx context.Context, tx *sql.Tx) error {
		current, err := s.runningBackfill(ctx, tx, b)
		if err != nil {
			return err
		}
		state, all, isRead, failed := rowEnded, 0, 1, 0
		switch {
		case read.Failure != "" && !read.Retry.IsZero():
			state, isRead = rowOpen, 0
		case read.Uncounted:
			all, isRead = -1, 0
		case read.Failure != "":
			isRead, failed = 0, 1
		}
		err = affected(tx.ExecContext(ctx, `UPDATE discovery_backfill_sitemaps SET state = $4, due = $5
			WHERE source_id = $1 AND run = $2 AND hash = $3 AND try = $6 AND state = $7`,
			b.SourceID, b.Run.UnixMicro(), m.Hash, state, store.Micros(read.Retry), m.Try, rowRequested))
		if errors.Is(err, ErrNotFound) {
			return nil // it was settled before
		}
		if err != nil {
			return err
		}
		if problem := cmp.Or(read.Failure, read.Warning); problem != "" && !read.Uncounted {
			if err := setReason(ctx, tx, b, m.URL+": "+problem); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE discovery_backfills SET sitemaps = sitemaps + $8,
			sitemaps_read = sitemaps_read + $3, sitemaps_failed = sitemaps_failed + $4, left_out = left_out + $5,
			left_undated = left_undated + $6, due = $7 WHERE source_id = $1 AND run = $2`,
			b.SourceID, b.Run.UnixMicro(), isRead, failed, read.LeftOut, read.LeftUndated, now.UnixMicro(), all)
		if err != nil {
			return err
		}
		return addSitemaps(ctx, tx, current, read.Sitemaps)
	})
}

// runningBackfill returns a backfill as it is stored, or ErrNotFound if it has ended, and keeps
// others from changing it until the end of the transaction.
func (s *Sources) runningBackfill(ctx context.Context, tx *sql.Tx, b Backfill) (Backfill, error) {
	current, err := s.lockedBackfill(ctx, tx, b.SourceID)
	if err == nil && (current.State != BackfillRunning || !current.Run.Equal(b.Run)) {
		return current, ErrNotFound
	}
	return current, err
}
