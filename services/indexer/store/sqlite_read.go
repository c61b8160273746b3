package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *sqliteStore) Article(ctx context.Context, idOrURL string) (*datelinev1.Article, error) {
	key := cleanText(idOrURL)
	var id string
	var record []byte
	err := s.reads.QueryRowContext(ctx, `SELECT a.id, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id = ?1 OR a.id = (SELECT article_id FROM aliases WHERE url = ?1)
		OR length(?1) >= ?2 AND a.id BETWEEN ?1 AND ?1 || '~'
		ORDER BY a.id = ?1 DESC LIMIT 1`, key, minIDPrefix).Scan(&id, &record)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.path, err)
	}
	return decodeArticle(id, record)
}

func (s *sqliteStore) Revisions(ctx context.Context, id string) ([]Revision, error) {
	found, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (Revision, error) {
		var r Revision
		var firstSeen, lastSeen int64
		var record []byte
		if err := rows.Scan(&r.Number, &firstSeen, &lastSeen, &record); err != nil {
			return Revision{}, err
		}
		r.FirstSeen, r.LastSeen = fromMicros(firstSeen), fromMicros(lastSeen)
		var err error
		r.Article, err = decodeArticle(id, record)
		return r, err
	}, `SELECT number, first_seen, last_seen, record FROM revisions WHERE article_id = ? ORDER BY first_seen, number`, cleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of article %.200q from %s: %w", id, s.path, err)
	}
	return found, nil
}

func (s *sqliteStore) Search(ctx context.Context, query Query) ([]Hit, error) {
	wanted, err := phrases(query.Text)
	if err != nil {
		return nil, err
	}
	from, where, order, rank := "articles a", "?1", "a.sort_time DESC, a.id", "0"
	var match any = true
	switch {
	case len(wanted) > 0:
		from, where = "article_words w JOIN articles a ON a.row = w.rowid", "article_words MATCH ?1"
		match = matchExpression(wanted)
		if query.ByRank {
			rank = "bm25(article_words, 10, 4, 1)"
			order = "rank, " + order
		}
	case !isBlank(query.Text):
		return nil, nil
	}
	// The records are read for the hits alone, after the cut.
	hits, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (Hit, error) {
		var id string
		var record []byte
		if err := rows.Scan(&id, &record); err != nil {
			return Hit{}, err
		}
		return newHit(id, record, wanted)
	}, `SELECT f.id, r.record FROM (
			SELECT a.id, a.revision, a.sort_time, `+rank+` AS rank FROM `+from+` WHERE `+where+` ORDER BY `+order+` LIMIT ?2
		) f JOIN revisions r ON r.article_id = f.id AND r.number = f.revision ORDER BY f.rank, f.sort_time DESC, f.id`,
		match, query.limit())
	if err != nil {
		return nil, fmt.Errorf("searching %s: %w", s.path, err)
	}
	return hits, nil
}

// matchExpression writes phrases in FTS5's syntax. Folded words hold letters
// and digits alone, so that nothing in them needs escaping.
func matchExpression(wanted []phrase) string {
	quoted := make([]string, len(wanted))
	for i, p := range wanted {
		quoted[i] = `"` + strings.Join(p, " ") + `"`
	}
	return strings.Join(quoted, " AND ")
}

func newHit(id string, record []byte, wanted []phrase) (Hit, error) {
	article, err := decodeArticle(id, record)
	if err != nil {
		return Hit{}, err
	}
	return Hit{article, snippet(article, wanted)}, nil
}

func (s *sqliteStore) Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error) {
	outcomes, err := queryRows(ctx, s.reads, scanOutcome, `WITH
		urls (url) AS (
			SELECT ?1 UNION SELECT url FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url = ?1)
		),
		requests (id) AS (
			SELECT request_id FROM outcomes WHERE url IN (SELECT url FROM urls) AND request_id <> ''
		)
		SELECT record FROM outcomes WHERE url IN (SELECT url FROM urls) OR request_id IN (SELECT id FROM requests)
		ORDER BY time, stage, input_id`, cleanText(url))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %.200s from %s: %w", url, s.path, err)
	}
	return outcomes, nil
}

func (s *sqliteStore) RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error) {
	list, err := json.Marshal(requestIDs)
	if err != nil {
		return nil, fmt.Errorf("encoding %d request ids: %w", len(requestIDs), err)
	}
	outcomes, err := queryRows(ctx, s.reads, scanOutcome, `SELECT record FROM outcomes
		WHERE request_id IN (SELECT value FROM json_each(?)) AND request_id <> ''
		ORDER BY time, stage, input_id`, string(list))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %d requests from %s: %w", len(requestIDs), s.path, err)
	}
	return outcomes, nil
}

func (s *sqliteStore) Tally(ctx context.Context) ([]Count, error) {
	counts, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (Count, error) {
		var c Count
		err := rows.Scan(&c.Stage, &c.Verdict, &c.Reason, &c.Count)
		return c, err
	}, `SELECT stage, verdict, reason, count(*) FROM outcomes GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)
	if err != nil {
		return nil, fmt.Errorf("counting the outcomes in %s: %w", s.path, err)
	}
	return counts, nil
}

func scanOutcome(rows *sql.Rows) (*datelinev1.Outcome, error) {
	var record []byte
	if err := rows.Scan(&record); err != nil {
		return nil, err
	}
	return decodeOutcome(record)
}

// queryRows returns what scan makes of each row that a query gives.
func queryRows[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
