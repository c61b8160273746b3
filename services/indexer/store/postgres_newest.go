package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// sampleSize is the number of articles in a sample of times.
	sampleSize = 1024
	// sampleAge is how long a sample is used. An old sample costs time, not matches.
	sampleAge = time.Minute
)

var (
	stepsOfWords = stepping{first: 2, growth: 3}
	// For each step, PostgreSQL reads all articles that have a word with a prefix.
	stepsOfPrefixes = stepping{first: 20, growth: 16}
)

// sampledTimes is the current sample of a store.
type sampledTimes struct {
	sync.Mutex
	sample timeSample
	taken  time.Time
}

// timeSample returns a sample that is at most sampleAge old.
func (s *postgresStore) timeSample(ctx context.Context) (timeSample, error) {
	s.times.Lock()
	defer s.times.Unlock()
	if !s.times.taken.IsZero() && time.Since(s.times.taken) < sampleAge {
		return s.times.sample, nil
	}
	sample, err := collect(ctx, s, pgx.RowTo[int64], `SELECT extract(epoch FROM a.sort_time)::bigint
		FROM (SELECT DISTINCT newest - newest * n / $1 AS row
			FROM (SELECT max(row) AS newest FROM articles) m, generate_series(0, $1 - 1) n) s
		JOIN articles a USING (row) ORDER BY a.sort_time DESC`, int64(sampleSize))
	if err != nil {
		return nil, fmt.Errorf("reading times of articles: %w", err)
	}
	s.times.sample, s.times.taken = sample, time.Now()
	return sample, nil
}

// newest returns the newest matches after the cursor, newest first, with some columns, which
// must include sort_time. It reports whether it has examined as many candidates as it may.
func (s postgresSearch) newest(
	ctx context.Context, c columns, after *cursor, limit, candidates int,
) (found []headingRow, exhausted bool, err error) {
	matches, arguments, err := s.matches(ctx, c, after, candidates)
	if err != nil {
		return nil, false, err
	}
	found, err = collect(ctx, s.postgresStore, func(row pgx.CollectableRow) (headingRow, error) {
		var one headingRow
		err := row.Scan(append([]any{&one.at.Row, &exhausted}, c.fields(&one.article)...)...)
		one.at.Time = one.article.sortTime.Unix()
		return one, err
	}, fmt.Sprintf(`SELECT row, exhausted, %s FROM (%s LIMIT %d) m ORDER BY sort_time DESC, row DESC`,
		c.selected(""), matches, limit), arguments...)
	if err != nil {
		return nil, false, err
	}
	if exhausted { // the last row is the first candidate that is not examined
		found = found[:len(found)-1]
	}
	return found, exhausted, nil
}

// matches returns a query, with its arguments, for the matches after the cursor, newest first.
// If the query has phrases, it only examines some candidates, which are the newest articles with
// the words of the phrases; a row that is marked as exhausted stands for the rest.
func (s postgresSearch) matches(
	ctx context.Context, c columns, after *cursor, candidates int,
) (query string, arguments []any, err error) {
	argument := func(value any) string {
		arguments = append(arguments, value)
		return fmt.Sprintf("$%d", len(arguments))
	}
	whole := s.query.Filter.seconds()
	newestFirst := ` ORDER BY sort_time DESC, row DESC`
	if after != nil {
		whole.before = min(whole.before, after.Time+1)
		newestFirst = ` AND (sort_time, row) < (` + argument(time.Unix(after.Time, 0)) + `, ` + argument(after.Row) + `)` +
			newestFirst
	}
	if !s.parsed.usesIndex() {
		return `SELECT row, false AS exhausted, ` + c.names() + ` FROM articles WHERE sort_time >= ` +
				argument(time.Unix(whole.first, 0)) + ` AND sort_time < ` + argument(time.Unix(whole.before, 0)) + newestFirst,
			arguments, nil
	}
	sample, err := s.timeSample(ctx)
	if err != nil {
		return "", nil, err
	}
	var first, before []time.Time
	var periods []string
	by := stepsOfWords
	if s.parsed.hasPrefixes() {
		by = stepsOfPrefixes
	}
	for _, step := range sample.steps(whole, by) {
		first, before = append(first, time.Unix(step.first, 0)), append(before, time.Unix(step.before, 0))
		periods = append(periods, step.arrayOfPeriods())
	}
	// PostgreSQL searches the steps in order and ends when it has enough matches. OFFSET 0 makes
	// it use the index of words, not that of times.
	query = `SELECT a.* FROM unnest(` + argument(first) + `::timestamptz[], ` + argument(before) + `::timestamptz[], ` +
		argument(periods) + `::text[]) AS step (first, before, periods) CROSS JOIN LATERAL (
		SELECT row, false AS exhausted, ` + c.names() + ` FROM (
			SELECT * FROM articles WHERE words @@ ` + argument(s.parsed.loose().tsquery()) + `::tsquery
			AND article_periods(sort_time) && step.periods::bigint[] OFFSET 0) m
		WHERE sort_time >= step.first AND sort_time < step.before` + newestFirst + `) a`
	if !s.parsed.hasPhrases() {
		return query, arguments, nil
	}
	// The index has no positions: the words of each candidate are read, one after another.
	most := argument(candidates)
	return `SELECT row, number > ` + most + `::bigint AS exhausted, ` + c.names() + ` FROM (
			SELECT *, row_number() OVER () AS number FROM (` + query + `) q LIMIT ` + most + `::bigint + 1) c
		WHERE number > ` + most + `::bigint OR (SELECT words FROM articles w WHERE w.row = c.row) @@ ` +
		argument(s.parsed.tsquery()) + `::tsquery`, arguments, nil
}
