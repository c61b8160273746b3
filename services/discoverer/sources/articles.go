package sources

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// MaxArticles is the maximum number of articles of a source that are remembered until their
// outcomes are known and they are not visited any more.
const MaxArticles = 5_000

// Article is an article that was found. It is remembered while the outcome of its last request
// is awaited, and while it is to be visited again.
type Article struct {
	// RequestID is the id of the last request for it, and RequestTime when it was made.
	RequestID   string
	RequestTime time.Time
	SourceID    string
	URL         string
	// FindTime is when it was found, or when it was last known to have changed.
	FindTime time.Time
	// Visit is the number of its last visit, and 0 for the first request. Awaited means that
	// the outcome of the last request is not known; if it is, a visit is due.
	Visit   int
	Awaited bool
	// Request is the encoded dateline.v1.FetchRequest by which it is visited.
	Request []byte
	// Next is when it is visited next, or zero if it can be forgotten. Only Learn reads it.
	Next time.Time
}

// firstLook is the time from a request to the first look for its outcome.
const firstLook = 5 * time.Minute

// awaitOutcomes adds articles of a source, up to MaxArticles, and counts them with their delays. If there are more,
// those that wait for a visit make room.
func (s *Sources) awaitOutcomes(
	ctx context.Context, tx *sql.Tx, sourceID string, articles []Article, delays []time.Duration,
) error {
	if len(articles) == 0 {
		return nil
	}
	source, err := s.locked(ctx, tx, sourceID)
	if err != nil {
		return err
	}
	source.Taken.Spend(articles[0].FindTime, len(articles))
	_, err = tx.ExecContext(ctx, `UPDATE discovery_sources SET taken = $2, delays = $3 WHERE id = $1`,
		sourceID, source.Taken.Bytes(), notNil(addDelays(source.delays, delays)))
	if err != nil {
		return err
	}
	var known int
	row := tx.QueryRowContext(ctx, `SELECT count(*) FROM discovery_articles WHERE source_id = $1`, sourceID)
	if err := row.Scan(&known); err != nil {
		return err
	}
	if excess := known + len(articles) - MaxArticles; excess > 0 {
		released, err := s.release(ctx, tx, sourceID, excess)
		if err != nil {
			return err
		}
		known -= released
	}
	for _, a := range articles[:min(len(articles), max(0, MaxArticles-known))] {
		_, err := tx.ExecContext(ctx, `INSERT INTO discovery_articles (request_id, source_id, url, find_time, due, request,
			request_time, visit, awaited) VALUES ($1, $2, $3, $4, $5, $6, $4, 0, 1) ON CONFLICT (request_id) DO NOTHING`,
			a.RequestID, sourceID, a.URL, store.Micros(a.FindTime), store.Micros(a.FindTime.Add(firstLook)), notNil(a.Request))
		if err != nil {
			return err
		}
	}
	return nil
}

// release forgets articles of a source that wait for a visit, the oldest first, and returns their
// number. The outcomes of newer articles teach more than another visit to an old one.
func (s *Sources) release(ctx context.Context, tx *sql.Tx, sourceID string, excess int) (released int, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	result, err := tx.ExecContext(ctx, `DELETE FROM discovery_articles WHERE request_id IN (
		SELECT request_id FROM discovery_articles WHERE source_id = $1 AND awaited = 0
		ORDER BY find_time LIMIT $2`+lock+`)`, sourceID, excess)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// ClaimArticles returns at most limit articles whose outcomes are to be looked up or that are to
// be visited, and makes each due again after as long as its last request was made ago. Articles
// whose outcomes have been awaited since before oldest are deleted.
func (s *Sources) ClaimArticles(
	ctx context.Context, now, oldest time.Time, limit int,
) (claimed []Article, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	err = s.write(ctx, "claiming articles", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM discovery_articles WHERE request_id IN (
			SELECT request_id FROM discovery_articles WHERE due <= $1 AND awaited = 1 AND request_time < $2
			ORDER BY due LIMIT $3`+lock+`)`, now.UnixMicro(), oldest.UnixMicro(), limit)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `UPDATE discovery_articles SET due = $1 + ($1 - request_time)
			WHERE request_id IN (SELECT request_id FROM discovery_articles WHERE due <= $1 ORDER BY due LIMIT $2`+lock+`)
			RETURNING request_id, source_id, url, find_time, request, request_time, visit, awaited = 1`,
			now.UnixMicro(), limit)
		if err != nil {
			return err
		}
		claimed, err = store.ScanRows(rows, func(rows *sql.Rows) (a Article, err error) {
			var found, requested int64
			err = rows.Scan(&a.RequestID, &a.SourceID, &a.URL, &found, &a.Request, &requested, &a.Visit, &a.Awaited)
			a.FindTime, a.RequestTime = store.TimeOf(found), store.TimeOf(requested)
			return a, err
		})
		return err
	})
	return claimed, err
}

// Learn changes what is known about the URLs of a source by articles whose outcomes are known.
// An article with a Next time is visited then, and others are deleted. Articles that another
// replica has handled meanwhile are left out. learn returns the changed shapes.
func (s *Sources) Learn(
	ctx context.Context, sourceID string, ended []Article, learn func(shapes []byte, ended []Article) []byte,
) error {
	return s.write(ctx, "learning the URLs of source "+sourceID, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := s.locked(ctx, tx, sourceID); errors.Is(err, ErrNotFound) {
			return nil // it was removed with its articles
		} else if err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO discovery_shapes (source_id, shapes) VALUES ($1, $2)
			ON CONFLICT (source_id) DO UPDATE SET shapes = discovery_shapes.shapes`, sourceID, []byte{})
		if err != nil {
			return err
		}
		var shapes []byte
		row := tx.QueryRowContext(ctx, `SELECT shapes FROM discovery_shapes WHERE source_id = $1`, sourceID)
		if err := row.Scan(&shapes); err != nil {
			return err
		}
		var handled []Article
		for _, a := range ended {
			err := affected(finish(ctx, tx, a))
			if err == nil {
				handled = append(handled, a)
			} else if !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE discovery_shapes SET shapes = $2 WHERE source_id = $1`,
			sourceID, notNil(learn(shapes, handled)))
		return err
	})
}

// finish ends the wait for the outcome of an article.
func finish(ctx context.Context, tx *sql.Tx, a Article) (sql.Result, error) {
	if a.Next.IsZero() {
		return tx.ExecContext(ctx, `DELETE FROM discovery_articles WHERE request_id = $1 AND awaited = 1`, a.RequestID)
	}
	return tx.ExecContext(ctx, `UPDATE discovery_articles SET awaited = 0, due = $2, find_time = $3
		WHERE request_id = $1 AND awaited = 1`, a.RequestID, store.Micros(a.Next), store.Micros(a.FindTime))
}

// TakeVisit counts a visit to an article of a source, of perDay requests in 24 hours. It reports
// false if the visits have taken their share of the budget or the budget is spent.
func (s *Sources) TakeVisit(ctx context.Context, sourceID string, now time.Time, perDay int) (ok bool, err error) {
	err = s.write(ctx, "counting a visit of source "+sourceID, func(ctx context.Context, tx *sql.Tx) error {
		source, err := s.locked(ctx, tx, sourceID)
		if err != nil {
			return err
		}
		perDay = source.PollsIn24Hours(perDay, now)
		ok = source.Visits.Used(now) < perDay/visitShare && source.Budget.Used(now) < perDay
		if !ok {
			return nil
		}
		source.Visits.Spend(now, 1)
		source.Budget.Spend(now, 1)
		_, err = tx.ExecContext(ctx, `UPDATE discovery_sources SET budget = $2, visits = $3, open_time = $4 WHERE id = $1`,
			sourceID, source.Budget.Bytes(), source.Visits.Bytes(), store.Micros(source.Budget.Opens(now, perDay)))
		return err
	})
	return ok && err == nil, err
}

// visitShare is the share of the budget that visits may take: a third.
const visitShare = 3

// Visited notes that an article was requested again with a new id. An article that was found
// twice is forgotten once if both were to have the same id.
func (s *Sources) Visited(ctx context.Context, a Article, requestID string, now time.Time) error {
	return s.write(ctx, "storing the visit to "+a.URL, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM discovery_articles WHERE request_id = $1 AND awaited = 0
			AND EXISTS (SELECT 1 FROM discovery_articles WHERE request_id = $2)`, a.RequestID, requestID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE discovery_articles
			SET request_id = $2, request_time = $3, due = $4, visit = $5, awaited = 1 WHERE request_id = $1 AND awaited = 0`,
			a.RequestID, requestID, store.Micros(now), store.Micros(now.Add(firstLook)), a.Visit+1)
		return err
	})
}

// Postpone moves the next visit to an article, or deletes the article if next is zero.
func (s *Sources) Postpone(ctx context.Context, a Article, next time.Time) error {
	return s.write(ctx, "postponing the visit to "+a.URL, func(ctx context.Context, tx *sql.Tx) error {
		if next.IsZero() {
			_, err := tx.ExecContext(ctx, `DELETE FROM discovery_articles WHERE request_id = $1 AND awaited = 0`, a.RequestID)
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE discovery_articles SET due = $2 WHERE request_id = $1 AND awaited = 0`,
			a.RequestID, store.Micros(next))
		return err
	})
}

// Shapes returns what is known about the URLs of a source, or nothing.
func (s *Sources) Shapes(ctx context.Context, sourceID string) ([]byte, error) {
	shapes, err := one(query(ctx, s, "reading the URL shapes of source "+sourceID, scanBytes,
		`SELECT shapes FROM discovery_shapes WHERE source_id = $1`, sourceID))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return shapes, err
}

// IsOn reports whether a host belongs to the site of the source.
func (s Source) IsOn(host string) bool { return weburl.SameSite(s.URL, "https://"+host+"/") }
