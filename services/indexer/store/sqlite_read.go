package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *sqliteStore) Article(ctx context.Context, idOrURL string) (Hit, error) {
	name := cleanText(idOrURL)
	var h hitRow
	var firstSeen, lastSeen int64
	err := s.reads.QueryRowContext(ctx, `SELECT a.id, coalesce(a.story, ''), a.first_seen, a.last_seen, a.revisions, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id = ?1 OR a.id = (SELECT article_id FROM aliases WHERE url = ?1)
		OR length(?1) >= ?2 AND a.id BETWEEN ?1 AND ?1 || '~'
		ORDER BY a.id = ?1 DESC LIMIT 1`, name, minIDPrefix).Scan(&h.ID, &h.Story, &firstSeen, &lastSeen, &h.Revisions, &h.record)
	if errors.Is(err, sql.ErrNoRows) {
		return Hit{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return Hit{}, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.path, err)
	}
	h.FirstSeen, h.LastSeen = fromMicros(firstSeen), fromMicros(lastSeen)
	h.Article, err = decodeArticle(h.ID, h.record)
	return h.Hit, err
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

func (s *sqliteStore) Search(ctx context.Context, query Query) (Page, error) {
	languages, err := s.stemmed(ctx, query.Filter)
	if err != nil {
		return Page{}, err
	}
	from, err := query.condition(languages)
	if err != nil {
		return Page{}, err
	}
	after, err := query.cursor(from)
	if err != nil || from.nothing {
		return Page{}, err
	}
	first, last := query.Filter.places()
	if after != nil && !after.ByRank {
		last = min(last, after.Row-1)
	}
	arguments := []any{first, last}
	inner := `SELECT row, 0 AS rank FROM articles WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC`
	byRank := from.ranks(query)
	if from.hasWords() {
		arguments = append(arguments, from.match())
		inner = `SELECT rowid AS row, 0 AS rank FROM article_words WHERE article_words MATCH ?3 AND rowid BETWEEN ?1 AND ?2 ORDER BY rowid DESC`
	}
	if byRank {
		inner = `SELECT rowid AS row, bm25(article_words, 10, 4, 1, 0) AS rank FROM article_words WHERE article_words MATCH ?3 AND rowid BETWEEN ?1 AND ?2`
		if after != nil {
			arguments = append(arguments, after.Rank, after.Row)
			inner = `SELECT * FROM (` + inner + `) WHERE (rank, -row) > (?4, -?5)`
		}
		inner += ` ORDER BY rank, row DESC`
	}
	// One more than asked for tells whether something follows. The records are
	// read for the hits alone, after the cut.
	limit := query.limit()
	rows, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (hitRow, error) {
		var h hitRow
		var firstSeen, lastSeen int64
		err := rows.Scan(&h.at.Row, &h.at.Rank, &h.ID, &h.Story, &firstSeen, &lastSeen, &h.Revisions, &h.record)
		h.FirstSeen, h.LastSeen, h.at.ByRank = fromMicros(firstSeen), fromMicros(lastSeen), byRank
		return h, err
	}, fmt.Sprintf(`SELECT f.row, f.rank, a.id, coalesce(a.story, ''), a.first_seen, a.last_seen, a.revisions, r.record
		FROM (%s LIMIT %d) f JOIN articles a ON a.row = f.row
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision ORDER BY f.rank, f.row DESC`, inner, limit+1), arguments...)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.path, err)
	}
	return newPage(query, from, rows)
}

// places are the first and the last row of the table that the filter's times allow.
func (f Filter) places() (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if !f.From.IsZero() {
		first, _ = placesOf(f.From.Add(time.Second - 1)) // what is ordered by whole seconds
	}
	if !f.Before.IsZero() {
		begin, _ := placesOf(f.Before.Add(time.Second - 1))
		last = begin - 1
	}
	return first, last
}

// match writes the condition in FTS5's syntax. Folded words hold letters and
// digits alone, and filters' words and stems one sign more, so that nothing needs escaping.
func (c condition) match() string {
	var met, omitted []string
	for _, group := range c.groups {
		met = append(met, `("`+strings.Join(group, `" OR "`)+`")`)
	}
	for _, one := range c.clauses {
		var any []string
		for _, p := range one.any {
			if p.stems != nil {
				any = append(any, `"`+strings.Join(p.inIndex(), `" OR "`)+`"`)
				continue
			}
			term := `"` + strings.Join(p.words, " ") + `"`
			if p.prefix {
				term += "*"
			}
			any = append(any, term)
		}
		if expression := "(" + strings.Join(any, " OR ") + ")"; one.omit {
			omitted = append(omitted, expression)
		} else {
			met = append(met, expression)
		}
	}
	expression := strings.Join(met, " AND ")
	if len(omitted) > 0 {
		expression = "(" + expression + ") NOT (" + strings.Join(omitted, " OR ") + ")"
	}
	return expression
}

func (s *sqliteStore) Facets(ctx context.Context, query Query) (Facets, error) {
	languages, err := s.stemmed(ctx, query.Filter)
	if err != nil {
		return Facets{}, err
	}
	from, err := query.condition(languages)
	if err != nil || from.nothing {
		return (&facetCounts{}).facets(), err
	}
	first, last := query.Filter.places()
	arguments := []any{first, last}
	inner := `SELECT row FROM articles WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC`
	if from.hasWords() {
		arguments = append(arguments, from.match())
		inner = `SELECT rowid AS row FROM article_words WHERE article_words MATCH ?3 AND rowid BETWEEN ?1 AND ?2 ORDER BY rowid DESC`
	}
	var counts facetCounts
	_, err = queryRows(ctx, s.reads, func(rows *sql.Rows) (struct{}, error) {
		var r facetRow
		err := rows.Scan(&r.host, &r.language, &r.section, &r.access, &r.authors, &r.tags)
		counts.add(r)
		return struct{}{}, err
	}, fmt.Sprintf(`SELECT a.host, a.language, a.section, a.access, a.authors, a.tags
		FROM (%s LIMIT %d) f JOIN articles a ON a.row = f.row`, inner, maxFacetArticles+1), arguments...)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.path, err)
	}
	return counts.facets(), nil
}

func (s *sqliteStore) Story(ctx context.Context, id string) ([]StoryMember, error) {
	members, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (StoryMember, error) {
		var m StoryMember
		var sortTime, firstSeen int64
		err := rows.Scan(&m.ID, &m.URL, &m.Host, &m.Title, &sortTime, &firstSeen)
		m.Time, m.FirstSeen = fromMicros(sortTime), fromMicros(firstSeen)
		return m, err
	}, fmt.Sprintf(`SELECT id, canonical_url, host, title, sort_time, first_seen FROM articles
		WHERE story = (SELECT story FROM articles WHERE id = ?) ORDER BY sort_time, first_seen, id LIMIT %d`, maxStory), cleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the copies of article %.200q from %s: %w", id, s.path, err)
	}
	return members, nil
}

func (s *sqliteStore) Hours(ctx context.Context, host string, since time.Time) ([]Hour, error) {
	hours, err := queryRows(ctx, s.reads, func(rows *sql.Rows) (Hour, error) {
		var h Hour
		var hour int64
		err := rows.Scan(&hour, &h.Stage, &h.Verdict, &h.Reason, &h.Count.Count)
		h.Begin = time.Unix(hour*3600, 0).UTC()
		return h, err
	}, `SELECT hour, stage, verdict, reason, sum(count) FROM source_hours WHERE hour >= ?1 AND (?2 = '' OR host = ?2)
		GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4`, hourOf(since), host)
	if err != nil {
		return nil, fmt.Errorf("reading the hours of %s from %s: %w", host, s.path, err)
	}
	return hours, nil
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
	return collectRows(rows, scan)
}

// collectRows returns what scan makes of each row, and closes them.
func collectRows[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
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
