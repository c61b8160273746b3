// Package sources keeps the sites whose articles are discovered, and their endpoints, in
// tables of the store.
package sources

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// ErrNotFound means that there is no such source or endpoint.
var ErrNotFound = errors.New("there is no such source")

// ErrLabels means that a source cannot have its labels. The message says why.
var ErrLabels = errors.New("the source cannot have these labels")

// The states of a source.
const (
	Active = "active"
	Paused = "paused"
)

// The states of an endpoint, besides Active.
const (
	// Candidate means that the endpoint has not been read yet.
	Candidate = "candidate"
	// Retired means that the endpoint is not polled any more.
	Retired = "retired"
)

// MaxEndpoints is the maximum number of endpoints of a source that are not retired.
const MaxEndpoints = 100

// Source is a site whose articles are discovered.
type Source struct {
	ID string `json:"id"`
	// URL is the home page in canonical form.
	URL string `json:"url"`
	// Labels are given to every article of the source.
	Labels map[string]string `json:"labels,omitempty"`
	// State is Active or Paused.
	State   string    `json:"state"`
	AddTime time.Time `json:"add_time"`
	Policy  Policy    `json:"policy"`
	// Budget counts its requests in the last 24 hours, Visits those among them that were
	// visits to known articles, and Taken the articles that were found.
	Budget, Visits, Taken schedule.Budget `json:"-"`
	// Shapes is what Sources.Shapes returns. It is set only to read a page of links.
	Shapes []byte `json:"-"`
}

// Endpoint is a feed, a sitemap or a page of links of a source.
type Endpoint struct {
	ID       string
	SourceID string
	URL      string
	Purpose  datelinev1.Purpose
	// State is Candidate, Active or Retired.
	State string
	// Reason is why the last poll failed, or why the endpoint was retired.
	Reason string
	// Hint says how the endpoint was found, and AddTime when.
	Hint    string
	AddTime time.Time
	// NextPoll is when it is polled next, and Poll the number of its last claim and request.
	// Settled is the number of the last request whose response was read.
	NextPoll      time.Time
	Poll, Settled int64
	// PollTime is when a response was last read, and NewTime when one last listed an
	// article that was new. Both are zero if there was none.
	PollTime, NewTime time.Time
	// NewPoll is the number of the request whose response was read at NewTime, and NewDetail the
	// detail of its outcome. If the response is delivered again, its outcome is the same.
	NewPoll   int64
	NewDetail string
	// Articles counts the new articles that it has listed. Waiting is the number of articles
	// that it listed last and that were too many to take.
	Articles, Waiting int64
	// Schedule is a schedule.State.
	Schedule []byte
	// Signature has the hashes of what it listed last. Only Sources.Endpoint sets it.
	Signature []byte
	// Pushed means that the response was pushed by a hub. Subscription is that of the endpoint, or
	// zero. The discoverer sets both; they are not stored with the endpoint.
	Pushed       bool
	Subscription Subscription
}

// Reading is what a response has brought besides a changed endpoint.
type Reading struct {
	// Signature replaces that of the endpoint unless it is nil.
	Signature []byte
	// Named are endpoints to add, and Found articles whose outcomes are awaited.
	Named []Endpoint
	Found []Article
	// Announced is what a feed that was polled says about its hub, or nil if this is unknown.
	Announced *Announcement
}

// New returns a source for the site with a home page.
func New(home weburl.URL, labels map[string]string, now time.Time) Source {
	return Source{ID: home.ID()[:16], URL: home.String(), Labels: labels, State: Active, AddTime: now}
}

// NewEndpoint returns a candidate that is due at once.
func NewEndpoint(sourceID string, url weburl.URL, purpose datelinev1.Purpose, hint string) Endpoint {
	sum := sha256.Sum256([]byte(sourceID + "\n" + subject.PurposeName(purpose) + "\n" + url.String()))
	return Endpoint{
		ID: hex.EncodeToString(sum[:8]), SourceID: sourceID, URL: url.String(), Purpose: purpose,
		State: Candidate, Hint: hint,
	}
}

// Sources reads and writes the tables.
type Sources struct{ db store.Database }

// Of returns the sources in a store.
func Of(s interface{ SQL() store.Database }) *Sources { return &Sources{s.SQL()} }

// Add adds a source with its first endpoints. If the source exists, Add makes it active
// and replaces its labels, and adds the endpoints that it does not have. If the labels are
// too many or too long, the error is ErrLabels.
func (s *Sources) Add(ctx context.Context, source Source, first []Endpoint) error {
	if err := checkLabels(source.Labels); err != nil {
		return err
	}
	return s.write(ctx, "adding source "+source.URL, func(ctx context.Context, tx *sql.Tx) error {
		return add(ctx, tx, source, first)
	})
}

func add(ctx context.Context, tx *sql.Tx, source Source, first []Endpoint) error {
	labels, err := json.Marshal(source.Labels)
	if err != nil {
		return fmt.Errorf("encoding labels: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO discovery_sources (id, url, labels, state, add_time)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET labels = excluded.labels, state = excluded.state`,
		source.ID, source.URL, string(labels), Active, source.AddTime.UnixMicro())
	if err != nil {
		return err
	}
	return insert(ctx, tx, source.ID, first)
}

func checkLabels(labels map[string]string) error {
	if len(labels) > ledger.MaxLabels {
		return fmt.Errorf("%w: it has %d, use at most %d", ErrLabels, len(labels), ledger.MaxLabels)
	}
	for key, value := range labels {
		if len(key) > ledger.MaxLabelBytes || len(value) > ledger.MaxLabelBytes {
			return fmt.Errorf("%w: %.40q is longer than %d bytes, shorten it", ErrLabels, key, ledger.MaxLabelBytes)
		}
	}
	return nil
}

// insert adds the endpoints that a source does not have, up to MaxEndpoints that are not
// retired.
func insert(ctx context.Context, tx *sql.Tx, sourceID string, endpoints []Endpoint) error {
	// A source that is removed and added again has polls of other numbers, so that its
	// requests have other ids.
	now := time.Now()
	for _, e := range endpoints {
		_, err := tx.ExecContext(ctx, `INSERT INTO discovery_endpoints (id, source_id, url, purpose, state, reason, hint,
			add_time, next_poll, poll, settled, requested, poll_time, new_time, articles, schedule)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9, $9, 0, 0, 0, $10
			WHERE (SELECT count(*) FROM discovery_endpoints WHERE source_id = $2 AND state <> 'retired') < $11
			ON CONFLICT (id) DO NOTHING`,
			e.ID, sourceID, e.URL, int32(e.Purpose), e.State, e.Reason, e.Hint, now.UnixMicro(), now.UnixMilli(), []byte{},
			MaxEndpoints)
		if err != nil {
			return err
		}
	}
	return nil
}

// SetState pauses or resumes a source.
func (s *Sources) SetState(ctx context.Context, id, state string) error {
	return s.change(ctx, id, `UPDATE discovery_sources SET state = $2 WHERE id = $1`, state)
}

// Remove removes a source with its endpoints. Its articles stay.
func (s *Sources) Remove(ctx context.Context, id string) error {
	id = store.CleanText(id)
	return s.write(ctx, "removing source "+id, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.lockEndpoints(ctx, tx, id); err != nil {
			return err
		}
		if _, err := s.locked(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM discovery_signatures
			WHERE endpoint_id IN (SELECT id FROM discovery_endpoints WHERE source_id = $1)`, id)
		if err != nil {
			return err
		}
		if err := leave(ctx, tx, "source_id", id, time.Now()); err != nil {
			return err
		}
		for _, table := range []string{
			"discovery_endpoints", "discovery_articles", "discovery_shapes",
			"discovery_backfills", "discovery_backfill_sitemaps", "discovery_backfill_urls",
		} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE source_id = $1`, id); err != nil {
				return err
			}
		}
		return affected(tx.ExecContext(ctx, `DELETE FROM discovery_sources WHERE id = $1`, id))
	})
}

func (s *Sources) change(ctx context.Context, id, statement string, args ...any) error {
	id = store.CleanText(id)
	return s.write(ctx, "changing source "+id, func(ctx context.Context, tx *sql.Tx) error {
		return affected(tx.ExecContext(ctx, statement, append([]any{id}, args...)...))
	})
}

// affected returns ErrNotFound if a statement has changed no row.
func affected(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}

// List returns the sources after an id, ordered by id, at most limit.
func (s *Sources) List(ctx context.Context, after string, limit int) ([]Source, error) {
	return query(ctx, s, "listing the sources", scanSource,
		`SELECT `+sourceColumns+` FROM discovery_sources
		WHERE id > $1 ORDER BY id LIMIT $2`, store.CleanText(after), limit)
}

// Get returns the source with an id.
func (s *Sources) Get(ctx context.Context, id string) (Source, error) {
	id = store.CleanText(id)
	return one(query(ctx, s, "reading source "+id, scanSource,
		`SELECT `+sourceColumns+` FROM discovery_sources WHERE id = $1`, id))
}

// Endpoints returns the endpoints of a source, the most productive first.
func (s *Sources) Endpoints(ctx context.Context, sourceID string) ([]Endpoint, error) {
	return query(ctx, s, "reading the endpoints of source "+sourceID, scanEndpoint,
		`SELECT `+columns+` FROM discovery_endpoints WHERE source_id = $1
		ORDER BY state = 'retired', articles DESC, url`, sourceID)
}

// Endpoint returns the endpoint with an id, with its signature.
func (s *Sources) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	e, err := one(query(ctx, s, "reading endpoint "+id, scanEndpoint,
		`SELECT `+columns+` FROM discovery_endpoints WHERE id = $1`, id))
	if err != nil {
		return e, err
	}
	e.Signature, err = one(query(ctx, s, "reading the signature of endpoint "+id, scanBytes,
		`SELECT signature FROM discovery_signatures WHERE endpoint_id = $1`, id))
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return e, err
}

// Claim returns at most limit endpoints of active sources that are due at a time, counts
// their polls, and makes them due again at a later time. A claim whose request was not published
// by then is returned again, with the same number of its poll: see Requested. Otherwise no two
// calls return the same poll, in any process. Sources that have spent their budget of
// perDay requests are left out; one call may exceed perDay by its limit.
func (s *Sources) Claim(ctx context.Context, now, again time.Time, limit, perDay int) (claimed []Endpoint, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE OF e SKIP LOCKED"
	}
	err = s.write(ctx, "claiming endpoints", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE discovery_endpoints SET next_poll = $2,
			poll = CASE WHEN requested < poll AND settled < poll THEN poll ELSE poll + 1 END
			WHERE id IN (SELECT e.id FROM discovery_endpoints e JOIN discovery_sources s ON s.id = e.source_id
				WHERE e.next_poll <= $1 AND e.state <> 'retired' AND s.state = 'active'
					AND s.open_time <= $1
				ORDER BY e.next_poll LIMIT $3`+lock+`)
			RETURNING `+columns, now.UnixMicro(), again.UnixMicro(), limit)
		if err != nil {
			return err
		}
		if claimed, err = store.ScanRows(rows, scanEndpoint); err != nil {
			return err
		}
		return s.count(ctx, tx, claimed, now, perDay)
	})
	return claimed, err
}

// Requested notes that the requests for claimed endpoints were published, and makes the endpoints
// due again at a later time, in case a response is lost.
func (s *Sources) Requested(ctx context.Context, claimed []Endpoint, again time.Time) error {
	if len(claimed) == 0 {
		return nil
	}
	args := []any{again.UnixMicro()}
	polls := make([]string, len(claimed))
	for i, e := range claimed {
		args = append(args, e.ID, e.Poll)
		polls[i] = fmt.Sprintf("($%d, CAST($%d AS bigint))", len(args)-1, len(args))
	}
	return s.write(ctx, "storing the requests for endpoints", func(ctx context.Context, tx *sql.Tx) error {
		// A response that was read meanwhile has decided when the endpoint is due.
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET requested = poll, next_poll = $1
			WHERE (id, poll) IN (VALUES `+strings.Join(polls, ", ")+`) AND requested < poll AND settled < poll`, args...)
		return err
	})
}

// Spread moves the polls of active endpoints that are overdue, the longest overdue first, to
// times after now that are gap apart, or closer if their span would exceed most. It returns
// their number. Candidates stay due.
func (s *Sources) Spread(ctx context.Context, now time.Time, gap, most time.Duration) (overdue int64, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE OF e SKIP LOCKED"
	}
	const those = `FROM discovery_endpoints e JOIN discovery_sources s ON s.id = e.source_id
		WHERE e.next_poll <= $1 AND e.state = 'active' AND s.state = 'active'`
	err = s.write(ctx, "spreading the overdue polls", func(ctx context.Context, tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT count(*) `+those, now.UnixMicro())
		if err := row.Scan(&overdue); err != nil || overdue == 0 {
			return err
		}
		gap = min(gap, most/time.Duration(overdue))
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET next_poll = $1 + $2 * o.place
			FROM (SELECT id, row_number() OVER (ORDER BY next_poll, id) AS place
				FROM (SELECT e.id, e.next_poll `+those+lock+`) locked) o
			WHERE discovery_endpoints.id = o.id`, now.UnixMicro(), gap.Microseconds())
		return err
	})
	return overdue, err
}

// count counts polls for the budgets of their sources, in the order of the ids, so that
// replicas do not wait for each other in a circle.
func (s *Sources) count(ctx context.Context, tx *sql.Tx, claimed []Endpoint, now time.Time, perDay int) error {
	polls := map[string]int{}
	for _, e := range claimed {
		polls[e.SourceID]++
	}
	for _, id := range slices.Sorted(maps.Keys(polls)) {
		if err := s.spend(ctx, tx, id, now, polls[id], perDay); err != nil {
			return err
		}
	}
	return nil
}

// locked returns a source, and keeps others from changing it until the end of the
// transaction.
func (s *Sources) locked(ctx context.Context, tx *sql.Tx, id string) (Source, error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE"
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+sourceColumns+` FROM discovery_sources WHERE id = $1`+lock, id)
	if err != nil {
		return Source{}, err
	}
	return one(store.ScanRows(rows, scanSource))
}

// spend counts requests of a source.
func (s *Sources) spend(ctx context.Context, tx *sql.Tx, id string, now time.Time, requests, perDay int) error {
	source, err := s.locked(ctx, tx, id)
	if err != nil {
		return err
	}
	source.Budget.Spend(now, requests)
	_, err = tx.ExecContext(ctx, `UPDATE discovery_sources SET budget = $2, open_time = $3 WHERE id = $1`,
		id, source.Budget.Bytes(), micros(source.Budget.Opens(now, source.PollsIn24Hours(perDay, now))))
	return err
}

// Settle stores what a response has changed about an endpoint, and what it has brought.
// Reason may contain any bytes from a site: it is cut and made storable.
// Settle reports false, and stores nothing, if a response to the same or a later request
// was stored before, or if the endpoint was removed. For a push, it does so if the response to any
// request was stored after the endpoint was read.
func (s *Sources) Settle(ctx context.Context, e Endpoint, read Reading) (stored bool, err error) {
	pushed := 0
	if e.Pushed {
		pushed = 1
	}
	err = s.write(ctx, "storing endpoint "+e.URL, func(ctx context.Context, tx *sql.Tx) error {
		err := affected(tx.ExecContext(ctx, `UPDATE discovery_endpoints SET url = $2, state = $3, reason = $4,
			next_poll = $5, settled = $6, poll_time = $7, new_time = $8, articles = $9, schedule = $10, waiting = $11,
			new_poll = $12, new_detail = $13 WHERE id = $1 AND (settled < $6 OR settled = $6 AND $14 = 1)`,
			e.ID, e.URL, e.State, store.CleanText(ledger.Cut(e.Reason)), e.NextPoll.UnixMicro(), e.Settled,
			micros(e.PollTime), micros(e.NewTime), e.Articles, notNil(e.Schedule), e.Waiting,
			e.NewPoll, store.CleanText(ledger.Cut(e.NewDetail)), pushed))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		stored = true
		if read.Signature != nil {
			_, err := tx.ExecContext(ctx, `INSERT INTO discovery_signatures (endpoint_id, signature) VALUES ($1, $2)
				ON CONFLICT (endpoint_id) DO UPDATE SET signature = excluded.signature`, e.ID, read.Signature)
			if err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, e.SourceID, read.Named); err != nil {
			return err
		}
		if err := announce(ctx, tx, e, read.Announced); err != nil {
			return err
		}
		return s.awaitOutcomes(ctx, tx, e.SourceID, read.Found)
	})
	return stored && err == nil, err
}

// Schedules returns the active endpoints of a source, ordered by id, with their schedules.
func (s *Sources) Schedules(ctx context.Context, sourceID string) ([]Endpoint, error) {
	return query(ctx, s, "reading the schedules of source "+sourceID, func(rows *sql.Rows) (e Endpoint, err error) {
		return e, rows.Scan(&e.ID, &e.SourceID, &e.URL, &e.Purpose, &e.State, &e.Schedule)
	}, `SELECT id, source_id, url, purpose, state, schedule FROM discovery_endpoints
		WHERE source_id = $1 AND state = 'active' ORDER BY id`, sourceID)
}

// Reschedule replaces the schedule of an endpoint. It does nothing if the schedule is not
// before any more: a response has been stored in the meantime.
func (s *Sources) Reschedule(ctx context.Context, id string, before, after []byte) error {
	return s.write(ctx, "storing the schedule of endpoint "+id, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE discovery_endpoints SET schedule = $3 WHERE id = $1 AND schedule = $2`,
			id, notNil(before), notNil(after))
		return err
	})
}

// Forget deletes the retired endpoints with a hint that were polled last before a time, so
// that their number does not grow without bound. They are tried again if they are named
// again.
func (s *Sources) Forget(ctx context.Context, hint string, before time.Time) error {
	return s.write(ctx, "deleting retired endpoints", func(ctx context.Context, tx *sql.Tx) error {
		const those = `FROM discovery_endpoints WHERE state = 'retired' AND hint = $1 AND poll_time < $2`
		_, err := tx.ExecContext(ctx, `DELETE FROM discovery_signatures WHERE endpoint_id IN (SELECT id `+those+`)`,
			hint, before.UnixMicro())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE `+those, hint, before.UnixMicro())
		return err
	})
}

// Count returns the number of endpoints in each state.
func (s *Sources) Count(ctx context.Context) (map[string]int64, error) {
	return s.countStates(ctx, "counting the endpoints", `SELECT state, count(*) FROM discovery_endpoints GROUP BY state`)
}

// countStates returns the numbers that a query selects by state.
func (s *Sources) countStates(ctx context.Context, action, text string) (map[string]int64, error) {
	type count struct {
		state  string
		number int64
	}
	counts, err := query(ctx, s, action, func(rows *sql.Rows) (c count, err error) {
		return c, rows.Scan(&c.state, &c.number)
	}, text)
	all := map[string]int64{}
	for _, c := range counts {
		all[c.state] = c.number
	}
	return all, err
}
