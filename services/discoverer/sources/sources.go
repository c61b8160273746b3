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

// MaxRetired is the maximum number of retired endpoints of a source. Some sites name feeds with other URLs in each
// page.
const MaxRetired = 200

// dropBatch is the maximum number of retired endpoints that are deleted at a time.
const dropBatch = 1_000

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
	// delays are those of its last articles: see addDelays.
	delays []byte
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
	// Delays are those from the publication of articles to their discovery.
	Delays []time.Duration
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
	if len(endpoints) == 0 {
		return nil
	}
	return dropRetired(ctx, tx, sourceID)
}

// dropRetired deletes the retired endpoints of a source beyond MaxRetired: first those that have listed the fewest
// articles, and of these the ones that were polled longest ago. The home page stays.
func dropRetired(ctx context.Context, tx *sql.Tx, sourceID string) error {
	for _, query := range []string{
		`DELETE FROM discovery_signatures WHERE endpoint_id IN (`,
		`DELETE FROM discovery_endpoints WHERE id IN (`,
	} {
		_, err := tx.ExecContext(ctx, query+`SELECT id FROM discovery_endpoints
			WHERE source_id = $1 AND state = 'retired' AND hint <> $2
			ORDER BY articles DESC, poll_time DESC, id LIMIT $3 OFFSET $4)`, sourceID, HintHome, dropBatch, MaxRetired)
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
