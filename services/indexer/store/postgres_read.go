package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Article(ctx context.Context, idOrURL string) (*datelinev1.Article, error) {
	name := cleanText(idOrURL)
	var id string
	var record []byte
	err := s.pool.QueryRow(ctx, `SELECT a.id, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id IN ($1, (SELECT article_id FROM aliases WHERE url_key = $2))
		OR length($1) >= $3 AND a.id COLLATE "C" BETWEEN $1 AND $1 || '~'
		ORDER BY a.id = $1 DESC LIMIT 1`, name, key(name), minIDPrefix).Scan(&id, &record)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.name, err)
	}
	return decodeArticle(id, record)
}

func (s *postgresStore) Revisions(ctx context.Context, id string) ([]Revision, error) {
	found, err := collect(ctx, s, func(rows pgx.CollectableRow) (Revision, error) {
		var r Revision
		var record []byte
		if err := rows.Scan(&r.Number, &r.FirstSeen, &r.LastSeen, &record); err != nil {
			return Revision{}, err
		}
		r.FirstSeen, r.LastSeen = r.FirstSeen.UTC(), r.LastSeen.UTC()
		var err error
		r.Article, err = decodeArticle(id, record)
		return r, err
	}, `SELECT number, first_seen, last_seen, record FROM revisions WHERE article_id = $1 ORDER BY first_seen, number`, cleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of article %.200q from %s: %w", id, s.name, err)
	}
	return found, nil
}

func (s *postgresStore) Search(ctx context.Context, query Query) ([]Hit, error) {
	wanted, err := phrases(query.Text)
	if err != nil {
		return nil, err
	}
	arguments := []any{query.limit()}
	where, order, rank := "true", "sort_time DESC, id", "0::real"
	switch {
	case len(wanted) > 0:
		where = "words @@ $2::tsquery"
		arguments = append(arguments, tsquery(wanted))
		if query.ByRank {
			rank = "-ts_rank(words, $2::tsquery, 1)" // 1: a long text weighs its matches less
			order = "rank, " + order
		}
	case !isBlank(query.Text):
		return nil, nil
	}
	// The records are read for the hits alone, after the cut.
	hits, err := collect(ctx, s, func(rows pgx.CollectableRow) (Hit, error) {
		var id string
		var record []byte
		if err := rows.Scan(&id, &record); err != nil {
			return Hit{}, err
		}
		return newHit(id, record, wanted)
	}, `SELECT f.id, r.record FROM (
			SELECT id, revision, sort_time, `+rank+` AS rank FROM articles WHERE `+where+` ORDER BY `+order+` LIMIT $1
		) f JOIN revisions r ON r.article_id = f.id AND r.number = f.revision ORDER BY f.rank, f.sort_time DESC, f.id`,
		arguments...)
	if err != nil {
		return nil, fmt.Errorf("searching %s: %w", s.name, err)
	}
	return hits, nil
}

// tsquery writes phrases in the type's own syntax. Folded words hold letters
// and digits alone, so that nothing in them needs escaping.
func tsquery(wanted []phrase) string {
	terms := make([]string, len(wanted))
	for i, p := range wanted {
		terms[i] = "('" + strings.Join(p, "' <-> '") + "')"
	}
	return strings.Join(terms, " & ")
}

func (s *postgresStore) Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error) {
	outcomes, err := collect(ctx, s, scanRecord, `WITH
		urls (url_key) AS (
			SELECT $1::bytea UNION
			SELECT url_key FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url_key = $1)
		),
		requests (request_key) AS (
			SELECT request_key FROM outcomes WHERE url_key IN (SELECT url_key FROM urls) AND request_id <> ''
		),
		found AS (
			SELECT stage, input_key FROM outcomes WHERE url_key IN (SELECT url_key FROM urls) UNION
			SELECT stage, input_key FROM outcomes WHERE request_key IN (SELECT request_key FROM requests)
		)
		SELECT record FROM outcomes JOIN found USING (stage, input_key) ORDER BY time, stage, input_id`, key(cleanText(url)))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %.200s from %s: %w", url, s.name, err)
	}
	return outcomes, nil
}

func (s *postgresStore) RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error) {
	keys := make([][]byte, len(requestIDs))
	for i, id := range requestIDs {
		keys[i] = key(cleanText(id))
	}
	outcomes, err := collect(ctx, s, scanRecord, `SELECT record FROM outcomes
		WHERE request_key = ANY ($1::bytea[]) AND request_id <> '' ORDER BY time, stage, input_id`, keys)
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %d requests from %s: %w", len(requestIDs), s.name, err)
	}
	return outcomes, nil
}

func (s *postgresStore) Tally(ctx context.Context) ([]Count, error) {
	counts, err := collect(ctx, s, func(rows pgx.CollectableRow) (Count, error) {
		var c Count
		err := rows.Scan(&c.Stage, &c.Verdict, &c.Reason, &c.Count)
		return c, err
	}, `SELECT stage, verdict, reason, count(*) FROM outcomes GROUP BY 1, 2, 3 ORDER BY 1, 2, reason COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("counting the outcomes in %s: %w", s.name, err)
	}
	return counts, nil
}

func scanRecord(row pgx.CollectableRow) (*datelinev1.Outcome, error) {
	var record []byte
	if err := row.Scan(&record); err != nil {
		return nil, err
	}
	return decodeOutcome(record)
}

// collect returns what scan makes of each row that a query gives.
func collect[T any](ctx context.Context, s *postgresStore, scan pgx.RowToFunc[T], query string, arguments ...any) ([]T, error) {
	rows, err := s.pool.Query(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
