package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
)

func (s *sqliteStore) Search(ctx context.Context, query Query) (Page, error) {
	languages, err := s.stemLanguages(ctx, query.Filter)
	if err != nil {
		return Page{}, err
	}
	parsed, err := query.parse(languages)
	if err != nil {
		return Page{}, err
	}
	after, err := query.cursor(parsed)
	if err != nil || parsed.matchesNothing {
		return Page{}, err
	}
	if query.OnePerStory {
		page, err := searchStories(ctx, sqliteStories{s, query, parsed}, query, parsed, after)
		if err != nil {
			return Page{}, fmt.Errorf("searching %s: %w", s.path, s.explain(err))
		}
		return page, nil
	}
	ranked := parsed.isRanked(query)
	matches, arguments := query.sqliteMatches(parsed, after)
	// One row more than the limit shows whether there is another page. The
	// records are read after the limit is applied, only for the hits.
	rows, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (hitRow, error) {
		h := hitRow{at: cursor{ByRank: ranked}}
		targets := append([]any{&h.at.Row, &h.at.Rank}, hitColumns.sqliteTargets(&h.article)...)
		err := rows.Scan(append(targets, &h.record)...)
		return h, err
	}, fmt.Sprintf(`SELECT f.row, f.rank, %s, r.record FROM (%s LIMIT %d) f
		JOIN articles a ON a.row = f.row
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		ORDER BY f.rank, f.row DESC`, hitColumns.selected("a."), matches, query.limit()+1), arguments...)
	if err != nil {
		return Page{}, fmt.Errorf("searching %s: %w", s.path, s.explain(err))
	}
	return newPage(query, parsed, rows)
}

func (s *sqliteStore) Facets(ctx context.Context, query Query) (Facets, error) {
	var counts facetCounts
	languages, err := s.stemLanguages(ctx, query.Filter)
	if err != nil {
		return Facets{}, err
	}
	parsed, err := query.parse(languages)
	if err != nil || parsed.matchesNothing {
		return counts.facets(query), err
	}
	query.ByRank = false
	matches, arguments := query.sqliteMatches(parsed, nil)
	_, err = queryRows(ctx, s.readers, func(rows *sql.Rows) (struct{}, error) {
		var row articleRow
		err := rows.Scan(facetColumns.sqliteTargets(&row)...)
		counts.add(row)
		return struct{}{}, err
	}, fmt.Sprintf(`SELECT %s FROM (%s LIMIT %d) f JOIN articles a ON a.row = f.row`,
		facetColumns.selected("a."), matches, maxFacetArticles+1), arguments...)
	if err != nil {
		return Facets{}, fmt.Errorf("counting in %s: %w", s.path, s.explain(err))
	}
	return counts.facets(query), nil
}

// sqliteMatches returns the query, with its arguments, for the row and the rank
// of the matching articles after the cursor, in order.
func (q Query) sqliteMatches(parsed parsedQuery, after *cursor) (query string, arguments []any) {
	first, last := q.Filter.rows()
	if after != nil && !after.ByRank {
		last = min(last, after.Row-1)
	}
	arguments = []any{first, last}
	if !parsed.usesIndex() {
		return `SELECT row, 0 AS rank FROM articles WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC`, arguments
	}
	arguments = append(arguments, parsed.match())
	const where = ` FROM article_words WHERE article_words MATCH ?3 AND rowid BETWEEN ?1 AND ?2`
	if !parsed.isRanked(q) {
		return `SELECT rowid AS row, 0 AS rank` + where + ` ORDER BY rowid DESC`, arguments
	}
	query = `SELECT rowid AS row, bm25(article_words, 10, 4, 1, 0) AS rank` + where
	if after != nil {
		arguments = append(arguments, after.Rank, after.Row)
		query = `SELECT * FROM (` + query + `) WHERE (rank, -row) > (?4, -?5)`
	}
	return query + ` ORDER BY rank, row DESC`, arguments
}

// rows returns the first and the last row of the articles table within the
// filter's bounds of time.
func (f Filter) rows() (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	// Sort times are whole seconds, so that both bounds are rounded up.
	if !f.From.IsZero() {
		first, _ = rowsOfSecond(f.From.Add(time.Second - 1))
	}
	if !f.Before.IsZero() {
		begin, _ := rowsOfSecond(f.Before.Add(time.Second - 1))
		last = begin - 1
	}
	return first, last
}

// match returns the query in the syntax of FTS5. Nothing needs escaping: folded words
// have only letters and digits, and filter words and stems additionally have a prefix
// of one sign.
func (p parsedQuery) match() string {
	var required, omitted []string
	for _, group := range p.groups {
		required = append(required, `("`+strings.Join(group, `" OR "`)+`")`)
	}
	for _, one := range p.clauses {
		var terms []string
		for _, phrase := range one.any {
			terms = append(terms, phrase.match())
		}
		if expression := "(" + strings.Join(terms, " OR ") + ")"; one.omit {
			omitted = append(omitted, expression)
		} else {
			required = append(required, expression)
		}
	}
	expression := strings.Join(required, " AND ")
	if len(omitted) > 0 {
		expression = "(" + expression + ") NOT (" + strings.Join(omitted, " OR ") + ")"
	}
	return expression
}

func (p phrase) match() string {
	if p.stems != nil {
		return `"` + strings.Join(p.alternatives(), `" OR "`) + `"`
	}
	term := `"` + strings.Join(p.words, " ") + `"`
	if p.prefix {
		term += "*"
	}
	return term
}
