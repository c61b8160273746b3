package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/indexer/store"
)

var (
	// ErrBackfillRuns means that a backfill of the source is running.
	ErrBackfillRuns = errors.New("a backfill of this source is running: wait until it is done, or cancel it")
	// ErrNoBackfill means that no backfill of the source is running.
	ErrNoBackfill = errors.New("no backfill of this source is running")
	// ErrRange means that no article can be in the range of a backfill.
	ErrRange = errors.New("the range ends before it begins")
)

// The states of a backfill.
const (
	BackfillRunning   = "running"
	BackfillDone      = "done"
	BackfillCancelled = "cancelled"
)

// The bounds of a backfill. What exceeds them is left out, and becomes the reason of the backfill.
const (
	MaxBackfillSitemaps = 50_000
	MaxBackfillURLs     = 1_000_000
)

// BackfillRange selects the articles of a backfill by the dates that sitemaps state.
type BackfillRange struct {
	// Since and Until are the first and the last possible date, or zero.
	Since time.Time `json:"since,omitzero" doc:"Date of the oldest articles to take. Absent means no limit."`
	Until time.Time `json:"until,omitzero" doc:"Date of the newest articles to take. Absent means no limit."`
	// Undated means that articles are taken even if it is unknown whether they are in the range.
	Undated bool `json:"undated,omitempty" doc:"Whether to take articles whose date is unknown, or too vague to compare with the range."`
}

// Validate returns ErrRange if no article can be in the range.
func (r BackfillRange) Validate() error {
	if !r.Since.IsZero() && !r.Until.IsZero() && r.Until.Before(r.Since) {
		return ErrRange
	}
	return nil
}

// Backfill is a walk through the sitemaps of a source that requests the articles they list.
type Backfill struct {
	SourceID string `json:"-"`
	// Run is when it was started. It distinguishes the backfills of a source.
	Run time.Time `json:"start_time"`
	BackfillRange
	// State is BackfillRunning, BackfillDone or BackfillCancelled, and EndTime when it ended.
	State   string    `json:"state" enum:"running,done,cancelled"`
	EndTime time.Time `json:"end_time,omitzero"`
	// Reason is why something is missing: the last sitemap that could not be read, or a bound.
	Reason string `json:"reason,omitempty" doc:"Why something is missing."`
	// Budget counts its requests by hour.
	Budget schedule.Budget `json:"-"`
	BackfillCounts
}

// BackfillCounts is the progress of a backfill.
type BackfillCounts struct {
	Sitemaps       int64 `json:"sitemaps"`
	SitemapsRead   int64 `json:"sitemaps_read"`
	SitemapsFailed int64 `json:"sitemaps_failed"`
	// LeftOut counts the URLs that are not taken because of their date or the policy, and
	// LeftUndated those that are not taken because their date is unknown.
	LeftOut     int64 `json:"left_out" doc:"URLs that are not taken because of their date or the policy."`
	LeftUndated int64 `json:"left_undated" doc:"URLs that are not taken because their date is unknown."`
	// Found counts the URLs to request, and Known those among them that were stored already.
	Found int64 `json:"urls_found" doc:"URLs to request."`
	Known int64 `json:"urls_known" doc:"URLs among them that were stored before."`
	// Requested counts the requests, Articles those that ended as an article of the source, and
	// Others those that ended otherwise.
	Requested int64 `json:"urls_requested"`
	Articles  int64 `json:"articles" doc:"Requests that ended as an article of the source."`
	Others    int64 `json:"others" doc:"Requests that ended otherwise."`
}

// Waiting returns the number of URLs that are still to be requested.
func (c BackfillCounts) Waiting() int64 { return c.Found - c.Known - c.Requested }

// InFlight returns the number of requests whose outcomes are not known.
func (c BackfillCounts) InFlight() int64 { return c.Requested - c.Articles - c.Others }

// SitemapsLeft returns the number of sitemaps that are still to be read.
func (c BackfillCounts) SitemapsLeft() int64 { return c.Sitemaps - c.SitemapsRead - c.SitemapsFailed }

const backfillColumns = `source_id, run, since, until, undated = 1, state, reason, end_time, budget, sitemaps,
	sitemaps_read, sitemaps_failed, left_out, left_undated, found, known, requested, articles, others`

func scanBackfill(rows *sql.Rows) (b Backfill, err error) {
	var run, since, until, end int64
	var budget []byte
	err = rows.Scan(&b.SourceID, &run, &since, &until, &b.Undated, &b.State, &b.Reason, &end, &budget, &b.Sitemaps,
		&b.SitemapsRead, &b.SitemapsFailed, &b.LeftOut, &b.LeftUndated, &b.Found, &b.Known, &b.Requested, &b.Articles,
		&b.Others)
	b.Run, b.Since, b.Until, b.EndTime = store.TimeOf(run), store.TimeOf(since), store.TimeOf(until), store.TimeOf(end)
	b.Budget = schedule.BudgetOf(budget)
	return b, err
}

// BackfillSite starts a backfill of a source: it walks the sitemaps that the source has, and
// those that its robots.txt names.
func (s *Sources) BackfillSite(ctx context.Context, sourceID string, within BackfillRange) error {
	source, err := s.Get(ctx, sourceID)
	if err != nil {
		return err
	}
	known, err := s.Endpoints(ctx, source.ID)
	if err != nil {
		return err
	}
	first, err := Seeds(source, known)
	if err != nil {
		return err
	}
	return s.StartBackfill(ctx, source.ID, within, first, time.Now())
}

// StartBackfill starts a backfill of a source with its first sitemaps.
func (s *Sources) StartBackfill(
	ctx context.Context, sourceID string, within BackfillRange, first []BackfillSitemap, now time.Time,
) error {
	if err := within.Validate(); err != nil {
		return err
	}
	undated := 0
	if within.Undated {
		undated = 1
	}
	return s.write(ctx, "starting a backfill", func(ctx context.Context, tx *sql.Tx) error {
		source, err := s.locked(ctx, tx, store.CleanText(sourceID)) // so that two starts take turns
		if err != nil {
			return err
		}
		last, err := s.lockedBackfill(ctx, tx, source.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if last.State == BackfillRunning {
			return ErrBackfillRuns
		}
		b := Backfill{SourceID: source.ID, Run: now}
		if !b.Run.After(last.Run) {
			b.Run = last.Run.Add(time.Microsecond)
		}
		if _, err = tx.ExecContext(ctx, `DELETE FROM discovery_backfills WHERE source_id = $1`, source.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO discovery_backfills (source_id, run, since, until, undated, state, reason,
			end_time, due, budget, sitemaps, sitemaps_read, sitemaps_failed, left_out, left_undated, found, known, requested,
			articles, others) VALUES ($1, $2, $3, $4, $5, $6, '', 0, $7, $8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
			source.ID, b.Run.UnixMicro(), store.Micros(within.Since), store.Micros(within.Until), undated, BackfillRunning,
			now.UnixMicro(), last.Budget.Bytes())
		if err != nil {
			return err
		}
		return addSitemaps(ctx, tx, b, first)
	})
}

// lockedBackfill returns the last backfill of a source, and keeps others from changing it until
// the end of the transaction.
func (s *Sources) lockedBackfill(ctx context.Context, tx *sql.Tx, sourceID string) (Backfill, error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE"
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+backfillColumns+` FROM discovery_backfills WHERE source_id = $1`+lock,
		sourceID)
	if err != nil {
		return Backfill{}, err
	}
	return one(store.ScanRows(rows, scanBackfill))
}

// Backfill returns the last backfill of a source, or ErrNotFound.
func (s *Sources) Backfill(ctx context.Context, sourceID string) (Backfill, error) {
	return one(query(ctx, s, "reading the backfill of source "+sourceID, scanBackfill,
		`SELECT `+backfillColumns+` FROM discovery_backfills WHERE source_id = $1`, store.CleanText(sourceID)))
}

// CancelBackfill ends a running backfill. URLs that were requested are still fetched.
func (s *Sources) CancelBackfill(ctx context.Context, sourceID string) error {
	err := s.write(ctx, "cancelling the backfill", func(ctx context.Context, tx *sql.Tx) error {
		return affected(endBackfill(ctx, tx, store.CleanText(sourceID), BackfillCancelled, time.Now()))
	})
	if errors.Is(err, ErrNotFound) {
		return ErrNoBackfill
	}
	return err
}

func endBackfill(ctx context.Context, tx *sql.Tx, sourceID, state string, now time.Time) (sql.Result, error) {
	return tx.ExecContext(ctx, `UPDATE discovery_backfills SET state = $2, end_time = $3, due = $3
		WHERE source_id = $1 AND state = 'running'`, sourceID, state, now.UnixMicro())
}

// RunningBackfills returns the number of backfills that are running.
func (s *Sources) RunningBackfills(ctx context.Context) (int64, error) {
	return one(query(ctx, s, "counting the backfills", func(rows *sql.Rows) (n int64, err error) {
		return n, rows.Scan(&n)
	}, `SELECT count(*) FROM discovery_backfills WHERE due > 0 AND state = 'running'`))
}

// ClaimBackfills returns at most limit backfills that can continue, and makes them due again at
// a later time. Those of paused sources wait. Ended ones are returned until ClearBackfill has
// deleted all their rows.
func (s *Sources) ClaimBackfills(ctx context.Context, now, again time.Time, limit int) (claimed []Backfill, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE OF b SKIP LOCKED"
	}
	err = s.write(ctx, "claiming backfills", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE discovery_backfills SET due = $2
			WHERE source_id IN (SELECT b.source_id FROM discovery_backfills b JOIN discovery_sources s ON s.id = b.source_id
				WHERE b.due > 0 AND b.due <= $1 AND (s.state = 'active' OR b.state <> 'running')
				ORDER BY b.due LIMIT $3`+lock+`)
			RETURNING `+backfillColumns, now.UnixMicro(), again.UnixMicro(), limit)
		if err != nil {
			return err
		}
		claimed, err = store.ScanRows(rows, scanBackfill)
		return err
	})
	return claimed, err
}

// clearRows is the maximum number of rows that ClearBackfill deletes from a table at once.
const clearRows = 5_000

// ClearBackfill deletes rows of earlier backfills of the source, and those of the given one if
// it has ended. An ended backfill without rows is not claimed any more.
func (s *Sources) ClearBackfill(ctx context.Context, b Backfill) error {
	before, ended := b.Run.UnixMicro(), b.State != BackfillRunning
	if ended {
		before++
	}
	return s.write(ctx, "deleting the rows of a backfill", func(ctx context.Context, tx *sql.Tx) error {
		var deleted int64
		for _, table := range []string{"discovery_backfill_sitemaps", "discovery_backfill_urls"} {
			result, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE (source_id, run, hash) IN (
				SELECT source_id, run, hash FROM `+table+` WHERE source_id = $1 AND run < $2 LIMIT $3)`,
				b.SourceID, before, clearRows)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			deleted += n
		}
		if !ended || deleted > 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `UPDATE discovery_backfills SET due = 0 WHERE source_id = $1 AND run = $2`,
			b.SourceID, b.Run.UnixMicro())
		return err
	})
}

// insertChunk is the number of rows that one statement inserts.
const insertChunk = 100

// insertRows inserts rows into a table unless they exist, and returns the number of new ones.
func insertRows(
	ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any,
) (added int64, err error) {
	for chunk := range slices.Chunk(rows, insertChunk) {
		var text strings.Builder
		fmt.Fprintf(&text, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
		var args []any
		for i, row := range chunk {
			if i > 0 {
				text.WriteString(", ")
			}
			for j, value := range row {
				args = append(args, value)
				text.WriteString(map[bool]string{true: "(", false: ", "}[j == 0] + "$" + strconv.Itoa(len(args)))
			}
			text.WriteString(")")
		}
		text.WriteString(" ON CONFLICT DO NOTHING")
		result, err := tx.ExecContext(ctx, text.String(), args...)
		if err != nil {
			return added, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

// cutReason returns a text from a site that can be stored as a reason.
func cutReason(text string) string { return store.CleanText(ledger.Cut(text)) }
