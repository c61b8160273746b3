package sources

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxRevived is the maximum number of retired endpoints that a search tries again.
const maxRevived = 28

// robots is the purpose of a robots.txt in the tables.
var robots = strconv.Itoa(int(datelinev1.Purpose_PURPOSE_ROBOTS))

// works selects the endpoints e of a source s that work or have not been polled, other than its
// robots.txt.
var works = `SELECT 1 FROM discovery_endpoints e WHERE e.source_id = s.id AND e.state <> 'retired'
	AND e.purpose <> ` + robots + ` AND e.reason = ''`

// The states of a source that Health counts, besides Active and Paused.
const (
	// DeadSource means that the source is active and has no endpoint that works.
	DeadSource = "dead"
	// Spent means that the source is active and has spent its budget.
	Spent = "spent"
)

// Health counts the sources by state, and returns for how long the poll that waits the longest
// has been due. A source can count for several states.
func (s *Sources) Health(
	ctx context.Context, now time.Time,
) (states map[string]int64, overdue time.Duration, err error) {
	type health struct{ active, paused, dead, spent, due int64 }
	all, err := one(query(ctx, s, "counting the sources", func(rows *sql.Rows) (h health, err error) {
		return h, rows.Scan(&h.active, &h.paused, &h.dead, &h.spent, &h.due)
	}, `SELECT count(CASE WHEN state = 'active' THEN 1 END), count(CASE WHEN state = 'paused' THEN 1 END),
		count(CASE WHEN state = 'active' AND NOT EXISTS (`+works+`) THEN 1 END),
		count(CASE WHEN state = 'active' AND open_time > $1 THEN 1 END),
		coalesce((SELECT min(e.next_poll) FROM discovery_endpoints e JOIN discovery_sources o ON o.id = e.source_id
			WHERE e.state = 'active' AND e.next_poll <= $1 AND o.state = 'active' AND o.open_time <= $1), 0)
		FROM discovery_sources s`, now.UnixMicro()))
	if err != nil {
		return nil, 0, err
	}
	if all.due > 0 {
		overdue = now.Sub(store.TimeOf(all.due))
	}
	return map[string]int64{Active: all.active, Paused: all.paused, DeadSource: all.dead, Spent: all.spent}, overdue, nil
}

// Dead returns the ids of at most limit active sources none of whose endpoints works, and
// whose last search for endpoints was before a time.
func (s *Sources) Dead(ctx context.Context, before time.Time, limit int) ([]string, error) {
	return query(ctx, s, "looking for sources without endpoints", func(rows *sql.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	}, `SELECT id FROM discovery_sources s WHERE s.state = 'active' AND s.search_time < $1 AND s.add_time < $1
		AND NOT EXISTS (`+works+`) ORDER BY s.search_time LIMIT $2`, before.UnixMicro(), limit)
}

// SearchAgain begins a search for the endpoints of an active source, unless one began after a
// time: its first endpoints, which have the hint home or read its robots.txt, are due at once,
// and its retired endpoints are candidates again, the most productive first. Those with the
// hint index stay retired. It reports whether a search has begun.
func (s *Sources) SearchAgain(
	ctx context.Context, id string, now, before time.Time, home, index string,
) (begun bool, err error) {
	err = s.write(ctx, "searching for the endpoints of source "+id, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.lockEndpoints(ctx, tx, id); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE discovery_sources SET search_time = $2
			WHERE id = $1 AND search_time < $3 AND state = 'active'`, id, now.UnixMicro(), before.UnixMicro())
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		begun = true
		_, err = tx.ExecContext(ctx, `UPDATE discovery_endpoints SET next_poll = $2
			WHERE source_id = $1 AND (hint = $3 OR purpose = $4) AND state <> 'retired'`,
			id, now.UnixMicro(), home, int32(datelinev1.Purpose_PURPOSE_ROBOTS))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE discovery_endpoints SET state = 'candidate', reason = '', next_poll = $2
			WHERE id IN (SELECT id FROM discovery_endpoints WHERE source_id = $1 AND state = 'retired' AND hint <> $3
				ORDER BY articles DESC, id LIMIT $4)`, id, now.UnixMicro(), index, maxRevived)
		return err
	})
	return begun, err
}

// OnHost returns the ids of the sources whose home pages are on a host, with or without www.
func (s *Sources) OnHost(ctx context.Context, host string) ([]string, error) {
	bare := strings.TrimPrefix(store.CleanText(host), "www.")
	var ids []string
	for _, origin := range []string{"https://" + bare, "http://" + bare, "https://www." + bare, "http://www." + bare} {
		// The bytes "/" and "0" follow each other: this finds the URLs that start with "origin/".
		some, err := query(ctx, s, "looking for the sources on "+host, func(rows *sql.Rows) (id string, err error) {
			return id, rows.Scan(&id)
		}, `SELECT id FROM discovery_sources WHERE url`+s.bytewise()+` >= $1 AND url`+s.bytewise()+` < $2
			ORDER BY id LIMIT $3`, origin+"/", origin+"0", maxOnHost)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// maxOnHost is the maximum number of sources with one origin that OnHost returns.
const maxOnHost = 100

// bytewise is the SQL by which texts are compared as bytes, as the index on the URLs does.
func (s *Sources) bytewise() string {
	if s.db.Postgres {
		return ` COLLATE "C"`
	}
	return ""
}

// lockEndpoints keeps others from changing the endpoints of a source until the end of the
// transaction. Claim and Settle lock endpoints before their source as well: in another order,
// they would wait for each other.
func (s *Sources) lockEndpoints(ctx context.Context, tx *sql.Tx, sourceID string) error {
	if !s.db.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, `SELECT 1 FROM discovery_endpoints WHERE source_id = $1
		ORDER BY id FOR UPDATE`, sourceID)
	return err
}
