package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// BackfillURL is a URL that a backfill requests.
type BackfillURL struct {
	Hash int64
	URL  string
	// ListTime is the date of the article as listed, or zero.
	ListTime    time.Time
	RequestTime time.Time
	// Request is the encoded dateline.v1.FetchRequest without labels.
	Request []byte
}

func (s *Sources) addURLs(ctx context.Context, tx *sql.Tx, b Backfill, urls []BackfillURL) (int64, error) {
	current, err := s.runningBackfill(ctx, tx, b)
	if err != nil {
		return 0, err
	}
	if room := max(0, MaxBackfillURLs-current.Found); int64(len(urls)) > room {
		urls = urls[:room]
		err := setReason(ctx, tx, b, fmt.Sprintf("more than %d URLs: start another backfill for the rest", MaxBackfillURLs))
		if err != nil {
			return 0, err
		}
	}
	rows := make([][]any, len(urls))
	for i, u := range urls {
		rows[i] = []any{
			b.SourceID, b.Run.UnixMicro(), u.Hash, u.URL, store.Micros(u.ListTime), rowOpen, 0, notNil(u.Request),
		}
	}
	added, err := insertRows(ctx, tx, "discovery_backfill_urls", []string{
		"source_id", "run", "hash", "url", "list_time", "state", "request_time", "request",
	}, rows)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE discovery_backfills SET found = found + $3 WHERE source_id = $1 AND run = $2`,
		b.SourceID, b.Run.UnixMicro(), added)
	return added, err
}

// OpenURLs returns at most limit URLs of a backfill that are to be requested, the newest first.
func (s *Sources) OpenURLs(ctx context.Context, b Backfill, limit int) ([]BackfillURL, error) {
	return s.backfillURLs(ctx, b, rowOpen, limit)
}

// RequestedURLs returns at most limit URLs of a backfill whose outcomes are awaited.
func (s *Sources) RequestedURLs(ctx context.Context, b Backfill, limit int) ([]BackfillURL, error) {
	return s.backfillURLs(ctx, b, rowRequested, limit)
}

func (s *Sources) backfillURLs(ctx context.Context, b Backfill, state, limit int) ([]BackfillURL, error) {
	return query(ctx, s, "reading the URLs of a backfill", func(rows *sql.Rows) (u BackfillURL, err error) {
		var listed, requested int64
		err = rows.Scan(&u.Hash, &u.URL, &listed, &requested, &u.Request)
		u.ListTime, u.RequestTime = store.TimeOf(listed), store.TimeOf(requested)
		return u, err
	}, `SELECT hash, url, list_time, request_time, request FROM discovery_backfill_urls
		WHERE source_id = $1 AND run = $2 AND state = $3 AND state < 2 ORDER BY list_time DESC LIMIT $4`,
		b.SourceID, b.Run.UnixMicro(), state, limit)
}

// BackfillStep is what one step of a backfill has done: the hashes of the URLs that were found
// to be stored, that were requested, and whose requests have ended.
type BackfillStep struct{ Known, Requested, Articles, Others []int64 }

// StoreStep stores a step of a running backfill. Due is when it continues.
func (s *Sources) StoreStep(ctx context.Context, b Backfill, step BackfillStep, now, due time.Time) error {
	return s.write(ctx, "storing a step of a backfill", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.spendBackfill(ctx, tx, b, now, len(step.Requested)); err != nil {
			return err
		}
		var counts [4]int64
		for i, part := range []struct {
			hashes   []int64
			from, to int
		}{
			{step.Known, rowOpen, rowEnded}, {step.Requested, rowOpen, rowRequested},
			{step.Articles, rowRequested, rowEnded}, {step.Others, rowRequested, rowEnded},
		} {
			var err error
			if counts[i], err = moveURLs(ctx, tx, b, part.hashes, part.from, part.to, now); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE discovery_backfills SET known = known + $3, requested = requested + $4,
			articles = articles + $5, others = others + $6, due = $7 WHERE source_id = $1 AND run = $2`,
			b.SourceID, b.Run.UnixMicro(), counts[0], counts[1], counts[2], counts[3], due.UnixMicro())
		return err
	})
}

// moveURLs changes the state of URLs, and returns the number of those that had the former one.
// What is not needed any more is deleted: only the hash stays.
func moveURLs(
	ctx context.Context, tx *sql.Tx, b Backfill, hashes []int64, from, to int, now time.Time,
) (moved int64, err error) {
	set := `state = $4, request_time = $5, request = $6`
	if to == rowEnded {
		set += `, url = ''`
	}
	statement := `UPDATE discovery_backfill_urls SET ` + set + `
		WHERE source_id = $1 AND run = $2 AND hash = $3 AND state = $7`
	for _, hash := range hashes {
		result, err := tx.ExecContext(ctx, statement,
			b.SourceID, b.Run.UnixMicro(), hash, to, now.UnixMicro(), []byte{}, from)
		if err != nil {
			return moved, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return moved, err
		}
		moved += n
	}
	return moved, nil
}

// FinishBackfill ends a backfill that has nothing left to do.
func (s *Sources) FinishBackfill(ctx context.Context, b Backfill, now time.Time) error {
	return s.write(ctx, "ending a backfill", func(ctx context.Context, tx *sql.Tx) error {
		current, err := s.runningBackfill(ctx, tx, b)
		if err != nil || current.Waiting() > 0 || current.InFlight() > 0 || current.SitemapsLeft() > 0 {
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			return err
		}
		_, err = endBackfill(ctx, tx, b.SourceID, BackfillDone, now)
		return err
	})
}
