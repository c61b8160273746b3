package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/words"
	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Article(ctx context.Context, idOrURL string) (Hit, error) {
	name := cleanText(idOrURL)
	var h hitRow
	err := s.pool.QueryRow(ctx, `SELECT a.id, coalesce(a.story, ''), a.first_seen, a.last_seen, a.revisions, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id IN ($1, (SELECT article_id FROM aliases WHERE url_key = $2))
		OR length($1) >= $3 AND a.id COLLATE "C" BETWEEN $1 AND $1 || '~'
		ORDER BY a.id = $1 DESC LIMIT 1`, name, key(name), minIDPrefix).Scan(&h.ID, &h.Story, &h.FirstSeen, &h.LastSeen, &h.Revisions, &h.record)
	if errors.Is(err, pgx.ErrNoRows) {
		return Hit{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return Hit{}, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.name, err)
	}
	h.FirstSeen, h.LastSeen = h.FirstSeen.UTC(), h.LastSeen.UTC()
	h.Article, err = decodeArticle(h.ID, h.record)
	return h.Hit, err
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

func (s *postgresStore) Search(ctx context.Context, query Query) (Page, error) {
	from, err := query.condition(query.stemmed())
	if err != nil {
		return Page{}, err
	}
	after, err := query.cursor(from)
	if err != nil || from.nothing {
		return Page{}, err
	}
	byRank := from.ranks(query)
	where, arguments := query.where(from)
	argument := func(value any) string {
		arguments = append(arguments, value)
		return fmt.Sprintf("$%d", len(arguments))
	}
	inner := `SELECT row, id, revision, sort_time, 0::float8 AS rank FROM articles WHERE ` + where
	order := `sort_time DESC, row DESC`
	switch {
	case byRank:
		// 1: a long text weighs its matches less
		inner = `SELECT * FROM (SELECT row, id, revision, sort_time, -ts_rank(words, ` + argument(from.tsquery(true)) + `::tsquery, 1)::float8 AS rank
			FROM articles WHERE ` + where + `) m`
		if after != nil {
			inner += ` WHERE (rank, -row) > (` + argument(after.Rank) + `, -` + argument(after.Row) + `::bigint)`
		}
		order = `rank, row DESC`
	case after != nil:
		inner += ` AND (sort_time, row) < (` + argument(time.Unix(after.Time, 0)) + `, ` + argument(after.Row) + `)`
	}
	// One more than asked for tells whether something follows. The records are
	// read for the hits alone, after the cut.
	limit := query.limit()
	rows, err := collect(ctx, s, func(rows pgx.CollectableRow) (hitRow, error) {
		var h hitRow
		var sortTime time.Time
		err := rows.Scan(&h.at.Row, &h.at.Rank, &sortTime, &h.ID, &h.Story, &h.FirstSeen, &h.LastSeen, &h.Revisions, &h.record)
		h.FirstSeen, h.LastSeen, h.at.ByRank, h.at.Time = h.FirstSeen.UTC(), h.LastSeen.UTC(), byRank, sortTime.Unix()
		return h, err
	}, fmt.Sprintf(`SELECT f.row, f.rank, f.sort_time, f.id, coalesce(a.story, ''), a.first_seen, a.last_seen, a.revisions, r.record
		FROM (%s ORDER BY %s LIMIT %d) f JOIN articles a USING (id)
		JOIN revisions r ON r.article_id = f.id AND r.number = f.revision ORDER BY f.rank, f.sort_time DESC, f.row DESC`,
		inner, order, limit+1), arguments...)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.name, err)
	}
	if byRank {
		// Equal ranks lie in the order of rows, as the cursor reads them.
		slices.SortStableFunc(rows, func(a, b hitRow) int {
			return cmp.Or(cmp.Compare(a.at.Rank, b.at.Rank), -cmp.Compare(a.at.Row, b.at.Row))
		})
	}
	return newPage(query, from, rows)
}

// stemmed are the languages in whose forms the words are looked for: those that are
// asked for, or all, which costs PostgreSQL little.
func (q Query) stemmed() []string {
	if len(q.Filter.Languages) > 0 {
		return q.Filter.Languages
	}
	return words.StemmedLanguages()
}

// where is the condition on articles, with its arguments.
func (q Query) where(from condition) (string, []any) {
	where, arguments := "true", []any(nil)
	add := func(format string, value any) {
		arguments = append(arguments, value)
		where += fmt.Sprintf(" AND "+format, len(arguments))
	}
	if from.hasWords() {
		add("words @@ $%d::tsquery", from.tsquery(false))
	}
	if !q.Filter.From.IsZero() {
		add("sort_time >= $%d", q.Filter.From)
	}
	if !q.Filter.Before.IsZero() {
		add("sort_time < $%d", q.Filter.Before)
	}
	return where, arguments
}

// tsquery writes the condition in the type's own syntax. Folded words hold
// letters and digits alone, and filters' words and stems one sign more, so that
// nothing needs escaping. To rank, the words alone count.
func (c condition) tsquery(toRank bool) string {
	var terms []string
	if !toRank {
		for _, group := range c.groups {
			terms = append(terms, "('"+strings.Join(group, "' | '")+"')")
		}
	}
	for _, one := range c.clauses {
		var any []string
		for _, p := range one.any {
			if p.stems != nil {
				any = append(any, "'"+strings.Join(p.inIndex(), "' | '")+"'")
				continue
			}
			term := "'" + strings.Join(p.words, "' <-> '") + "'"
			if p.prefix {
				term += ":*"
			}
			any = append(any, "("+term+")")
		}
		expression := "(" + strings.Join(any, " | ") + ")"
		switch {
		case !one.omit:
			terms = append(terms, expression)
		case !toRank:
			terms = append(terms, "!"+expression)
		}
	}
	return strings.Join(terms, " & ")
}

func (s *postgresStore) Facets(ctx context.Context, query Query) (Facets, error) {
	from, err := query.condition(query.stemmed())
	if err != nil || from.nothing {
		return (&facetCounts{}).facets(), err
	}
	where, arguments := query.where(from)
	var counts facetCounts
	_, err = collect(ctx, s, func(rows pgx.CollectableRow) (struct{}, error) {
		var r facetRow
		err := rows.Scan(&r.host, &r.language, &r.section, &r.access, &r.authors, &r.tags)
		counts.add(r)
		return struct{}{}, err
	}, fmt.Sprintf(`SELECT host, language, section, access, authors, tags FROM articles WHERE %s
		ORDER BY sort_time DESC, row DESC LIMIT %d`, where, maxFacetArticles+1), arguments...)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.name, err)
	}
	return counts.facets(), nil
}

func (s *postgresStore) Story(ctx context.Context, id string) ([]StoryMember, error) {
	members, err := collect(ctx, s, func(rows pgx.CollectableRow) (StoryMember, error) {
		var m StoryMember
		err := rows.Scan(&m.ID, &m.URL, &m.Host, &m.Title, &m.Time, &m.FirstSeen)
		m.Time, m.FirstSeen = m.Time.UTC(), m.FirstSeen.UTC()
		return m, err
	}, fmt.Sprintf(`SELECT id, canonical_url, host, title, sort_time, first_seen FROM articles
		WHERE story = (SELECT story FROM articles WHERE id = $1) ORDER BY sort_time, first_seen, id LIMIT %d`, maxStory), cleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the copies of article %.200q from %s: %w", id, s.name, err)
	}
	return members, nil
}

func (s *postgresStore) Hours(ctx context.Context, host string, since time.Time) ([]Hour, error) {
	hours, err := collect(ctx, s, func(rows pgx.CollectableRow) (Hour, error) {
		var h Hour
		var hour int64
		err := rows.Scan(&hour, &h.Stage, &h.Verdict, &h.Reason, &h.Count.Count)
		h.Begin = time.Unix(hour*3600, 0).UTC()
		return h, err
	}, `SELECT hour, stage, verdict, reason, sum(count)::bigint FROM source_hours WHERE hour >= $1 AND ($2 = '' OR host = $2)
		GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4`, hourOf(since), cleanText(host))
	if err != nil {
		return nil, fmt.Errorf("reading the hours of %s from %s: %w", host, s.name, err)
	}
	return hours, nil
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
